"""Vehicles on their own sockets: memory of an idle link, CPU of a single-position frame, in one gateway.

``python -m benchmarks.links`` writes benchmarks/results/links.json; exit code 1 when a bar is missed.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from steppe.bench.machine import Busy, cpu_s, description, memory_mb, open_files_most
from steppe.bench.servers_started import Started
from steppe.bench.world import World

RESULT = Path(__file__).parent / "results" / "links.json"
SERVER = "gateway"
FRAMES_BAR, FRAMES_STRETCH = 40_000, 100_000
"""Single-position frames a second of one gateway core."""
IDLE_BAR_KB, IDLE_STRETCH_KB = 24.0, 15.0
"""PSS of an idle link."""


def measured(world: World, folder: Path, profiled: str) -> dict[str, Any]:
    """Open the links, look at the memory, send, look at the CPU."""
    with Started(world, folder, (SERVER,), profiled) as started:
        gateway = started.processes[SERVER].pid
        time.sleep(1.0)
        empty_mb = memory_mb(gateway)
        load = started.load()
        marks: dict[str, tuple[float, float]] = {}
        idle_mb, seen = 0.0, {}
        busy = Busy.read()
        for line in load.stdout or ():
            said = json.loads(line)
            started.must_live()
            if said["type"] == "opened":
                time.sleep(world.idle_s / 2)
                idle_mb = memory_mb(gateway)
            elif said["type"] in ("measuring", "measured"):
                marks[said["type"]] = (time.monotonic(), cpu_s(gateway))
                busy, before = Busy.read(), busy
            elif said["type"] == "result":
                seen = said
        load.wait()
        if not seen:
            raise SystemExit(f"the load ended too early: {started.last_words('load')}")
        busy_mb = memory_mb(gateway)
    took_s = marks["measured"][0] - marks["measuring"][0]
    used_s = marks["measured"][1] - marks["measuring"][1]
    idle_kb = (idle_mb - empty_mb) * 1024 / world.singles
    return {
        "links": world.singles,
        "hz": world.hz,
        "idleKbALink": round(idle_kb, 2),
        "framesPerS": round(seen["sent"] / took_s),
        "gatewayCoreShare": round(used_s / took_s, 4),
        "microsPerFrame": round(used_s / seen["sent"] * 1e6, 2),
        "framesPerSACore": round(seen["sent"] / used_s),
        "refused": seen["refused"],
        "lateSendsMs": seen["late_sends_ms"],
        "machineBusyShare": busy.share_since(before),
        "gatewayMb": {"empty": empty_mb, "idle": idle_mb, "sending": busy_mb},
    }


def verdict(found: float, bar: float, stretch: float, *, is_most: bool) -> str:
    """Return stretch, met or missed."""
    if (found <= stretch) if is_most else (found >= stretch):
        return "stretch"
    return "met" if ((found <= bar) if is_most else (found >= bar)) else "missed"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", type=int, default=10_000)
    parser.add_argument("--hz", type=float, default=3.0, help="frames a second of each")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--profile", action="store_true", help="write gateway.prof")
    parser.add_argument("--keep", type=Path, default=RESULT)
    options = parser.parse_args()
    open_files_most()
    world = World(
        vehicles=options.links, singles=options.links, makers=1, screens=0, fences=0, hz=options.hz,
        warm_s=3.0, measure_s=options.seconds, idle_s=4.0,
    )  # fmt: skip
    folder = Path(tempfile.mkdtemp(prefix="steppe-bench-"))
    try:
        found = measured(world, folder, SERVER if options.profile else "")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    bars = {
        "framesPerSACore": {
            "found": found["framesPerSACore"], "least": FRAMES_BAR, "stretch": FRAMES_STRETCH,
            "verdict": verdict(found["framesPerSACore"], FRAMES_BAR, FRAMES_STRETCH, is_most=False),
        },
        "idleKbALink": {
            "found": found["idleKbALink"], "most": IDLE_BAR_KB, "stretch": IDLE_STRETCH_KB,
            "verdict": verdict(found["idleKbALink"], IDLE_BAR_KB, IDLE_STRETCH_KB, is_most=True),
        },
    }  # fmt: skip
    result = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": description()}
    text = json.dumps({**result, **found, "bars": bars}, indent=2)
    print(text)
    options.keep.parent.mkdir(exist_ok=True)
    options.keep.write_text(text + "\n")
    sys.exit(1 if any(bar["verdict"] == "missed" for bar in bars.values()) else 0)


if __name__ == "__main__":
    main()
