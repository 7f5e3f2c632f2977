"""A publish on its way to every tracker, 10,000 fences in force: ``python -m benchmarks.publish``.

Two running trackers share the partitions under load. A fence is published in a transaction of its own, the
outbox's relay announces it, and each tracker is asked what set it judges by until it says the new one. Told
beside it: how long the trackers' ticks took meanwhile, and the latest position on a screen.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import threading
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

import steppe.tables
from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.ids import FenceId
from core.outbox import Relay
from core.redis import connect
from geofences import publishing
from geofences.fences import draft_of
from geofences.preview import FencePreview, PastCrossings
from geofences.publishing import announcer, draw_fence, preview_fence, publish_fence, sync_fences
from steppe.bench.machine import Busy, description
from steppe.bench.run import TICK
from steppe.bench.scrape import Samples, buckets, percentile, scraped
from steppe.bench.servers_started import Started
from steppe.bench.world import World

RESULT = Path(__file__).parent / "results" / "publish.json"
SERVERS: Final = ("gateway", "tracker", "tracker-2", "archiver", "api")
TRACKERS: Final = ("tracker", "tracker-2")
BAR_S: Final = 2.0
GIVE_UP_S: Final = 20.0
LOOK_EVERY_S: Final = 0.02
CALM_S, BETWEEN_S = 10.0, 3.0
HELD_LOOKS: Final = 600
SET_VERSION: Final = "steppe_fence_set_version "

assert steppe.tables


class Publishing:
    """The database of a run, its relay, and what the trackers say."""

    def __init__(self, world: World, database: Database) -> None:
        self._world = world
        self._database = database
        self._clock = Clock.real()

    async def fences(self) -> None:
        """Bring the world's fences into force, as a city pack does."""
        drafts = [draft_of(fence) for fence in self._world.drawn_fences()]
        async with self._database.write() as tx:
            await sync_fences(tx, drafts, source="benchmark", at=self._clock.now(), by="benchmark")

    async def publish(self, number: int) -> float:
        """Draw a fence anew, publish it, and return after how long every tracker judged by it."""
        at = self._clock.now()
        fence_id = FenceId(f"f{number}")
        drawn = draft_of(self._world.drawn_fences()[number])
        draft = msgspec.structs.replace(drawn, name_en=f"Fence {number} of {at.isoformat()}")
        async with self._database.write() as tx:
            version = await draw_fence(tx, draft, at=at, by="benchmark")
            await preview_fence(
                tx, fence_id, version, _nothing_seen(at), at=at, by="benchmark", reach=EVERYTHING
            )
        before = [self.held_by(name) for name in TRACKERS]
        async with self._database.write() as tx:
            await publish_fence(tx, fence_id, version, at=self._clock.now(), by="benchmark", reach=EVERYTHING)
        committed_s = self._clock.monotonic_s()
        while (took_s := self._clock.monotonic_s() - committed_s) < GIVE_UP_S:
            held = [await asyncio.to_thread(self.held_by, name) for name in TRACKERS]
            if all(now > then for now, then in zip(held, before, strict=True)):
                return self._clock.monotonic_s() - committed_s
            await asyncio.sleep(LOOK_EVERY_S)
        return took_s

    async def until_held(self) -> None:
        """Wait until both trackers judge by the set that is there. Raises TimeoutError."""
        for _ in range(HELD_LOOKS):
            if all([await asyncio.to_thread(self.held_by, name) for name in TRACKERS]):
                return
            await asyncio.sleep(0.2)
        raise TimeoutError("the trackers do not hold the set after two minutes")

    def held_by(self, name: str) -> int:
        """Return the set version that a tracker says it judges by."""
        port = self._world.metrics[name]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return int(float(next(line for line in lines if line.startswith(SET_VERSION)).split()[1]))

    def metrics(self) -> dict[str, Samples]:
        """Return what both trackers count."""
        return {name: scraped(self._world.metrics[name]) for name in TRACKERS}


def _nothing_seen(at: datetime) -> FencePreview:
    past = PastCrossings(events={}, vehicles=0, positions=0, from_at=at, to_at=at, is_whole=True)
    return FencePreview(vehicles_inside=0, inside=(), past=past, orders_touched=0, orders=())


def ticks_of(before: dict[str, Samples], after: dict[str, Samples]) -> dict[str, Any]:
    """Return how many ticks there were and the bounds of their durations, the worse tracker's."""
    counts = [buckets(before[name], after[name], TICK) for name in TRACKERS]
    return {
        "ticks": round(sum(one[-1][1] for one in counts)),
        "p99AtMostMs": round(max(percentile(one, 0.99) for one in counts) * 1000, 1),
        "longestAtMostMs": round(max(percentile(one, 1.0) for one in counts) * 1000, 1),
    }


async def measured(world: World, load: subprocess.Popen[bytes], times: int) -> dict[str, Any]:
    """Publish some times under load and tell what each took and what the ticks took meanwhile."""
    said: list[dict[str, Any]] = []

    def read() -> None:
        said.extend(json.loads(line) for line in load.stdout or ())

    database = await Database.open(world.database)
    redis = connect(world.valkey)
    relay = Relay(database, {publishing.TOPIC: announcer(redis)}, Clock.real(), holder="benchmark")
    stop = asyncio.Event()
    relaying = asyncio.create_task(relay.run(stop))
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    work = Publishing(world, database)
    try:
        await work.until_held()
        while not any(one["type"] == "measuring" for one in said):
            await asyncio.sleep(0.2)
            if not reader.is_alive():
                raise SystemExit("the load ended too early")
        start, busy = work.metrics(), Busy.read()
        await asyncio.sleep(CALM_S)
        calm = work.metrics()
        took = []
        for number in range(times):
            took.append(round(await work.publish(10 + number), 3))
            await asyncio.sleep(BETWEEN_S)
        end, busy_share = work.metrics(), Busy.read().share_since(busy)
        await asyncio.to_thread(reader.join, world.measure_s + 60)
    finally:
        stop.set()
        await relaying
        await redis.aclose()
        await database.close()
    seen = next(one for one in said if one["type"] == "result")
    return {
        "secondsUntilEveryTrackerHoldsIt": took,
        "longestS": max(took),
        "calm": ticks_of(start, calm),
        "whilePublishing": ticks_of(calm, end),
        "screenMs": {name: seen[f"{name}_ms"] for name in ("p50", "p99", "max")},
        "machineBusyShare": busy_share,
        "isMet": max(took) <= BAR_S,
    }


def main() -> int:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vehicles", type=int, default=20_000)
    parser.add_argument("--fences", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--keep", type=Path, default=RESULT)
    wanted = parser.parse_args()
    world = World(
        vehicles=wanted.vehicles, fences=wanted.fences, singles=0, makers=max(1, wanted.vehicles // 500),
        frame_positions=500, screens=1, is_watching=True,
        measure_s=CALM_S + wanted.times * (BETWEEN_S + BAR_S) + 5.0,
    )  # fmt: skip
    with (
        tempfile.TemporaryDirectory(prefix="steppe-bench-") as folder,
        Started(world, Path(folder), SERVERS) as started,
    ):
        asyncio.run(_with_fences(started.world))
        with started.load() as load:
            try:
                found = asyncio.run(measured(started.world, load, wanted.times))
                started.must_live()
            finally:
                load.kill()
    result = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": description(),
        "vehicles": wanted.vehicles,
        "fences": wanted.fences,
        "trackers": len(TRACKERS),
        "bar": {"seconds": BAR_S},
        **found,
    }
    text = json.dumps(result, indent=2)
    print(text)
    wanted.keep.write_text(text + "\n")
    return 0 if result["isMet"] else 1


async def _with_fences(world: World) -> None:
    database = await Database.open(world.database)
    await Publishing(world, database).fences()
    await database.close()


if __name__ == "__main__":
    sys.exit(main())
