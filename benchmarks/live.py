"""Many screens at 100,000 vehicles: 200 over the whole city, or 1,000 with a view of their own.

The api serves alone: rooms come from a feed that tells them as a tracker does. Server CPU is user + system
time out of /proc of api and Valkey, feed and screens in rows of their own; memory is PSS. Screens that verify
hold the truth at the end, or the run has failed: ``python -m benchmarks.live [--viewports 1000 --full 0]``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any, Final

import msgspec

from benchmarks.live_load import Plan
from core.clock import Clock
from steppe.bench.machine import Busy, calibration_ms, cpu_s, description, memory_mb
from steppe.bench.servers_started import Started
from steppe.bench.world import World

CORES_MOST: Final = 1.0
"""What api and Valkey may take of one core for 200 full feeds."""
WARM_S: Final = 4.0
SETTLE_S: Final = 7.0
"""After the feed has stopped: longer than the slowest delta and one reconciliation."""


def run(plan: Plan, folder: Path, profiled: str, seconds: float) -> dict[str, Any]:
    """Measure one plan."""
    with Started(plan.world, folder, ("api",), profiled) as started:
        plan = msgspec.structs.replace(plan, world=started.world, truth=str(folder / "truth.npy"))
        feed, screens = child("feed", plan), child("screens", plan)
        try:
            return measured(plan, started, feed, screens, seconds)
        finally:
            for one in (feed, screens):
                one.kill()
                one.wait()


def measured(
    plan: Plan, started: Started, feed: subprocess.Popen[str], screens: subprocess.Popen[str], seconds: float
) -> dict[str, Any]:
    """Read the machine around the measured seconds, then let the picture settle and be verified."""
    assert said(screens)["opened"] == plan.full + plan.viewports
    time.sleep(WARM_S)
    pids = {name: one.pid for name, one in started.processes.items()} | {
        "feed": feed.pid,
        "screens": screens.pid,
    }
    calibration, busy = calibration_ms(), Busy.read()
    heard, began_s = asked(screens)["bytes"], time.monotonic()
    before = {name: cpu_s(pid) for name, pid in pids.items()}
    time.sleep(seconds)
    took_s = time.monotonic() - began_s
    share = {name: round((cpu_s(pid) - before[name]) / took_s, 4) for name, pid in pids.items()}
    answer = asked(screens)
    memory = {name: memory_mb(started.processes[name].pid) for name in started.processes}
    busy_share = Busy.read().share_since(busy)
    started.must_live()
    pipe_of(feed).close()
    feed.wait(20)
    time.sleep(SETTLE_S)
    pipe_of(screens).close()
    seen = said(screens)
    servers = round(share["api"] + share["valkey"], 4)
    is_true = seen["true"] == seen["verified"] and not seen["lost"] and not seen["gaps"]
    return {
        "at": Clock.real().wall().isoformat(timespec="seconds"),
        "machine": description(),
        "calibrationMs": calibration,
        "plan": {"vehicles": plan.world.vehicles, "full": plan.full, "viewports": plan.viewports},
        "measuredS": round(took_s, 1),
        "coreShare": share,
        "serversCoreShare": servers,
        "memoryMb": memory,
        "machineBusyShare": busy_share,
        "megabytesPerS": round((answer["bytes"] - heard) / took_s / 1e6, 1),
        "screens": seen,
        "bar": {"serversCoreShare": CORES_MOST},
        "isMet": is_true and servers <= CORES_MOST,
    }


def child(name: str, plan: Plan) -> subprocess.Popen[str]:
    """Start a part of the load."""
    words = [sys.executable, "-m", "benchmarks.live_load", name, msgspec.json.encode(plan).decode()]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def pipe_of(process: subprocess.Popen[str]) -> IO[str]:
    """Return the stdin of a part of the load."""
    assert process.stdin is not None
    return process.stdin


def asked(screens: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what the screens have heard so far."""
    pipe_of(screens).write("\n")
    pipe_of(screens).flush()
    return said(screens)


def said(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return the next line of a part of the load."""
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
    return found


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=100_000)
    parser.add_argument("--full", type=int, default=200, help="screens over the whole city")
    parser.add_argument("--verified", type=int, default=50, help="screens that verify, of all")
    parser.add_argument("--viewports", type=int, default=0, help="screens with a view of their own")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--profile", default="", choices=("", "api"), help="write NAME.prof of the server")
    parser.add_argument("--keep", type=Path, help="write the result to this file")
    options = parser.parse_args()
    plan = Plan(
        world=World(vehicles=options.vehicles), full=options.full, verified=options.verified,
        viewports=options.viewports,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="steppe-bench-") as folder:
        result = run(plan, Path(folder), options.profile, options.seconds)
    text = json.dumps(result, indent=2)
    print(text)
    if options.keep is not None:
        options.keep.write_text(text + "\n")
    return 0 if result["isMet"] else 1


if __name__ == "__main__":
    sys.exit(main())
