"""``make bench``: every benchmark, its result kept beside the earlier ones. Run it on a quiet machine."""

import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the benchmarks one after the other; each prints its table."""
    subprocess.run([sys.executable, "-m", "benchmarks.fences"], check=True)
    for size in (
        "20000 --fences 500 --links 10 --frame 200 --singles 200",
        "100000 --fences 3000 --dashboards 20",
    ):
        kept = RESULTS / f"telemetry-{size.partition(' ')[0]}.json"
        words = ["-m", "benchmarks.telemetry", "--keep", str(kept), "--vehicles", *size.split()]
        subprocess.run([sys.executable, *words], check=False)


main()
