"""``steppe bench telemetry`` out of a checkout, its result as JSON: ``python -m benchmarks.telemetry``."""

import sys

from steppe.bench.cli import bench

if __name__ == "__main__":
    bench(["telemetry", "--json", *sys.argv[1:]], prog_name="benchmarks")
