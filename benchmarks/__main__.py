"""``make bench``: every benchmark, its result kept beside the earlier ones. Run it on a quiet machine."""

import subprocess
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def main() -> None:
    """Run the benchmarks one after the other; each prints its table."""
    subprocess.run([sys.executable, "-m", "benchmarks.fences"], check=True)
    kept = RESULTS / "telemetry-20000.json"
    subprocess.run([sys.executable, "-m", "benchmarks.telemetry", "--keep", str(kept)], check=True)


main()
