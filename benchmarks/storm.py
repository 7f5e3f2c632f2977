"""Reconnect storms of 200 makers' links and of 10,000 vehicles: ``python -m benchmarks.storm``."""

import json
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from steppe.bench.machine import description, open_files_most
from steppe.bench.storm import Storm
from steppe.bench.world import World

RESULT = Path(__file__).parent / "results" / "storm.json"
WORLDS = {
    "makers": World(vehicles=20_000, singles=0, makers=200, measure_s=40),
    "singles": World(vehicles=10_000, singles=10_000, makers=1, measure_s=130),
}


def main() -> None:
    open_files_most()
    found = {}
    for name in sys.argv[1:] or WORLDS:
        folder = Path(tempfile.mkdtemp(prefix="steppe-bench-"))
        try:
            found[name] = Storm(WORLDS[name], folder / "storm").result()
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        print(json.dumps({name: found[name]}), flush=True)
    result = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": description(), **found}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    sys.exit(1 if any(one["gaps"] or one["twice"] for one in found.values()) else 0)


if __name__ == "__main__":
    main()
