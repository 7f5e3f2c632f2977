"""``make bench``: every benchmark, its result kept beside the code it measured. Run it on a quiet machine.

Words after it choose some: ``python -m benchmarks fences links``. A missed bar does not stop the rest.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks import report

RESULTS = Path(__file__).parent / "results"
ON_POSTGRESQL = RESULTS / "orders-postgresql.json"
CITY = "--vehicles 100000 --dashboards 20 --links 200 --frame 500"


def telemetry(name: str, words: str) -> tuple[str, list[str]]:
    return name, ["benchmarks.telemetry", *words.split(), "--keep", str(RESULTS / f"{name}.json")]


def live(name: str, words: str) -> tuple[str, list[str]]:
    return name, ["benchmarks.live", *words.split(), "--keep", str(RESULTS / f"{name}.json")]


BENCHMARKS = dict(
    [
        ("coverage", ["benchmarks.coverage"]),
        ("fences", ["benchmarks.fences"]),
        ("links", ["benchmarks.links"]),
        ("streams", ["benchmarks.streams"]),
        ("storm", ["benchmarks.storm"]),
        ("publish", ["benchmarks.publish"]),
        ("near", ["benchmarks.near"]),
        ("dispatch", ["benchmarks.dispatch"]),
        ("orders", ["benchmarks.orders"]),
        ("orders-postgresql", ["benchmarks.orders", "--database=postgresql", "--keep", str(ON_POSTGRESQL)]),
        ("pages", ["benchmarks.pages"]),
        ("history", ["benchmarks.history", "--vehicles", "20000", "100000", "--minutes", "6"]),
        ("history-day", ["benchmarks.history", "--day"]),
        live("live-full", "--full 200 --seconds 60"),
        live("live-viewports", "--full 0 --viewports 1000 --seconds 60"),
        telemetry(
            "telemetry-20000",
            "--vehicles 20000 --fences 500 --dashboards 5 --links 10 --frame 200 --singles 200",
        ),
        telemetry("telemetry-100000-3000", f"{CITY} --fences 3000 --seconds 60"),
        telemetry("telemetry-100000-10000", f"{CITY} --fences 10000 --seconds 60"),
        telemetry(
            "telemetry-singles", "--vehicles 10000 --singles 10000 --fences 3000 --dashboards 20 --seconds 30"
        ),
        telemetry("growth", f"{CITY} --fences 3000 --seconds 15 --growth"),
        telemetry(
            "rate",
            "--vehicles 100000 --dashboards 1 --links 200 --frame 500 --fences 3000 --seconds 15 --find-rate",
        ),
        telemetry("soak", f"{CITY} --fences 3000 --seconds 600"),
    ]
)


def main() -> None:
    """Run the benchmarks one after the other and write docs/benchmarks.md from what they found."""
    wanted = sys.argv[1:] or list(BENCHMARKS)
    if unknown := set(wanted) - set(BENCHMARKS):
        sys.exit(f"no benchmark is called {' or '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    RESULTS.mkdir(exist_ok=True)
    missed = []
    for name in wanted:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", *BENCHMARKS[name]], check=False).returncode:
            missed.append(name)
    report.PAGE.write_text(report.page())
    print(f"docs/benchmarks.md is written; a bar was missed by: {', '.join(missed) or 'nobody'}")


if __name__ == "__main__":
    main()
