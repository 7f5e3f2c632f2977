"""A tracker that stops for a while: memory stays bounded, senders are told, nothing accepted is lost.

Real gateway, tracker, archiver and Valkey under the load of the benchmark; the tracker gets SIGSTOP.
"""

import asyncio
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from core.clock import Clock
from core.redis import connect
from fleet.telemetry.last_heard import BlobReader
from steppe.bench.machine import description, memory_mb
from steppe.bench.scrape import scraped
from steppe.bench.servers_started import Started
from steppe.bench.world import World
from tests.chaos.outcome import RESULTS

SERVERS = ("gateway", "tracker", "archiver")
BELIEVED = "steppe_tracker_positions_total"
A_MINUTE_S = 60.0
BATCH_S = 2.0
"""What may still come in between the watch that finds the streams full and the frames under way."""


class City:
    """The servers under load, and what their metrics say."""

    def __init__(self, started: Started) -> None:
        self.started = started
        self.world = started.world

    def pid(self, name: str) -> int:
        return self.started.processes[name].pid

    def metric(self, server: str, name: str, label: str = "") -> float:
        return scraped(self.world.metrics[server]).get((name, label), 0.0)

    def accepted(self) -> float:
        return self.metric("gateway", "steppe_positions_accepted_total")

    def shed(self) -> float:
        return self.metric("gateway", "steppe_frames_refused_total", "overloaded")

    def stored(self) -> float:
        return self.metric("archiver", "steppe_history_positions_total", "stored")

    def caught_up_after(self, believed: float, began_s: float) -> float:
        """Return after how long the tracker, told to go on, reads what has just come."""

        def is_up_to_date() -> bool:
            # Counted once a second: one second's worth may be of before.
            moved = self.metric("tracker", BELIEVED) - believed
            is_fresh = moved > 2 * self.world.vehicles
            return is_fresh and self.metric("tracker", "steppe_tracker_lag_seconds") < 1.0

        assert until(is_up_to_date, 60.0), "the tracker does not catch up"
        return time.monotonic() - began_s

    def newest(self) -> dict[int, int]:
        """Vehicle → sequence of its last state, out of the tracker's blobs."""

        async def read() -> Any:
            redis = connect(self.world.valkey)
            reader = BlobReader(redis, Clock.real(), partitions=self.world.partitions)
            states = await reader.states()
            await redis.aclose()
            return states

        states = asyncio.run(read())
        return dict(zip(states["vehicle_no"].tolist(), states["seq"].tolist(), strict=True))

    def archived(self) -> np.ndarray[Any, Any]:
        """(vehicle, seq) of every row on disk."""
        files = sorted(Path(self.world.history).rglob("*.parquet"))
        tables = [pq.read_table(file) for file in files if "position" in str(file)]
        pairs = [np.column_stack((t["vehicle_no"].to_numpy(), t["seq"].to_numpy())) for t in tables]
        return np.concatenate(pairs).astype(np.int64)


def until(claim: Callable[[], bool], within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while not (found := claim()) and time.monotonic() < deadline:
        time.sleep(0.3)
    return found


def read_all(load: subprocess.Popen[bytes], said: list[str]) -> threading.Thread:
    def read() -> None:
        with load:
            said.extend(json.loads(line)["type"] for line in load.stdout or ())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    return reader


@pytest.mark.parametrize(
    ("vehicles", "stalled_s", "stream_mb"),
    [
        pytest.param(3_000, 15.0, 1, marks=pytest.mark.chaos_short, id="a megabyte"),
        pytest.param(100_000, 60.0, 100, marks=pytest.mark.chaos_long, id="a minute"),
    ],
)
def test_a_stalled_tracker_costs_bounded_memory_and_no_accepted_position(
    tmp_path: Path, vehicles: int, stalled_s: float, stream_mb: int
) -> None:
    world = World(
        vehicles=vehicles, singles=0, makers=max(6, vehicles // 500), frame_positions=500, fences=50,
        screens=0, warm_s=2.0, measure_s=stalled_s + 300.0, stream_mb=stream_mb,
    )  # fmt: skip
    with Started(world, tmp_path / "servers", SERVERS) as started:
        city = City(started)
        load = started.load()
        said: list[str] = []
        reader = read_all(load, said)
        try:
            assert until(lambda: "measuring" in said, 240)
            before = {name: memory_mb(city.pid(name)) for name in ("gateway", "valkey")}
            assert city.shed() == 0
            believed = city.metric("tracker", BELIEVED)
            os.kill(city.pid("tracker"), signal.SIGSTOP)
            try:
                time.sleep(stalled_s)
                during = {name: memory_mb(city.pid(name)) for name in ("gateway", "valkey")}
                assert city.shed() > 0, "nobody was told to keep frames"
            finally:
                os.kill(city.pid("tracker"), signal.SIGCONT)
            went_on_s = time.monotonic()
            rate_mb_s = vehicles * 32 / 1e6
            assert during["valkey"] - before["valkey"] < 2 * stream_mb + BATCH_S * rate_mb_s + 10
            assert during["gateway"] - before["gateway"] < 15 + 2 * stream_mb
            accepted = city.accepted()
            assert until(lambda: city.accepted() > accepted + vehicles, 60), "frames are not taken again"
            caught_up_s = city.caught_up_after(believed, went_on_s)
            assert load.poll() is None, "a link ended while the tracker stood still"
        finally:
            load.kill()
            reader.join(20)
        assert until(lambda: city.stored() == city.accepted(), 30), (city.stored(), city.accepted())
        accepted, shed = city.accepted(), city.shed()
        time.sleep(2.0)
        newest = city.newest()
    rows = city.archived()
    assert len(rows) == len(np.unique(rows[:, 0] << 32 | rows[:, 1])) == accepted
    last = np.zeros(vehicles + 1, np.int64)
    np.maximum.at(last, rows[:, 0], rows[:, 1])
    assert newest == {number: seq for number, seq in enumerate(last.tolist()) if seq}
    if stalled_s >= A_MINUTE_S:
        told = {
            "machine": description(),
            "vehicles": vehicles,
            "stalled_s": stalled_s,
            "stream_most_mb": stream_mb,
            "memory_mb_before": before,
            "memory_mb_while_stalled": during,
            "frames_told_to_wait": round(shed),
            "positions_accepted": round(accepted),
            "positions_stored_once": len(rows),
            "tracker_caught_up_after_s": round(caught_up_s, 1),
        }
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "stalled-tracker.json").write_text(json.dumps(told, indent=1) + "\n")
