"""A vehicle back from a radio hole sends its buffer: gateway, stream, tracker and archiver, all of them real.

What it drove through is a fact at its own time; what it sends after the present moves no live picture and
crosses nothing anew; everything is in the history once.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from core.clock import moment_of_ms
from core.ids import FenceId, FenceVersion
from fleet.alarms.alarm import AlarmSignal
from fleet.history.archiver import Archiver
from fleet.telemetry.facts import fence_events
from fleet.telemetry.last_heard import BlobReader
from fleet.telemetry.rejects import Reject
from fleet.telemetry.roster import FixedRoster
from fleet.telemetry.tracker import Tracker, TrackerSettingsOf
from geofences.fences import Fence, FenceKind
from geofences.index import FenceIndex
from tests.integration.fleet.links.conftest import Running, a_row
from tests.integration.fleet.links.second_client import Vehicle, position, positions_frame

type Eventually = Callable[..., Awaitable[Any]]

HOLE_S = 120
INSIDE = range(40, 81)
"""Seconds of the hole that the vehicle spent in the fence."""
LAT, WEST, IN_IT = 39.605, 109.7995, 109.8005
RING = ((109.80, 39.60), (109.81, 39.60), (109.81, 39.61), (109.80, 39.61), (109.80, 39.60))
SCHOOL = Fence(
    fence_id=FenceId("school"),
    version=FenceVersion(2),
    kind=FenceKind.SLOW_ZONE,
    name_zh="学校",
    name_en="School",
    area=((RING,),),
    source="test",
    effective_at=datetime(2020, 1, 1, tzinfo=UTC),
)


class Fences:
    """A fixed index."""

    def __init__(self) -> None:
        self.index = FenceIndex.build([SCHOOL], set_version=1)

    async def load(self) -> FenceIndex:
        return self.index

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()


class Alarms:
    """Takes alarms; these tests look at crossings."""

    async def put(self, signals: Sequence[AlarmSignal]) -> int:
        return len(signals)


class Road:
    """A vehicle's road and the processes behind its link."""

    def __init__(self, running: Running, tracker: Tracker, folder: Path) -> None:
        self.running, self.tracker, self.folder = running, tracker, folder
        self.reader = BlobReader(running.redis, running.gateway.clock, partitions=4)
        self.began_ms = running.now_ms() - (HOLE_S + 5) * 1000
        self.frame_seq = 0

    def record(self, second: int) -> bytes:
        """Where it was at a second; the sequence is the second, from 1."""
        lng = IN_IT if second in INSIDE else WEST
        return position(7, second + 1, LAT, lng, after_ms=second * 1000, speed_mps=3.0)

    def frame(self, *seconds: int) -> bytes:
        self.frame_seq += 1
        return positions_frame(self.frame_seq, self.began_ms, *(self.record(second) for second in seconds))

    async def crossings(self) -> list[tuple[str, int, datetime]]:
        async with self.running.database.read() as tx:
            found = await tx.execute(
                select(fence_events.c.kind, fence_events.c.seq, fence_events.c.since_at)
                .where(fence_events.c.kind.in_(("enter", "exit", "inside")))
                .order_by(fence_events.c.measured_at)
            )
        return [(row.kind, row.seq, row.since_at) for row in found]

    async def shown_seq_is(self, seq: int) -> bool:
        states = await self.reader.states([7])
        return len(states) == 1 and int(states["seq"][0]) == seq

    async def crossed(self, times: int) -> bool:
        return len(await self.crossings()) == times

    def refused(self) -> dict[str, int]:
        """What the tracker refused, by reason."""
        counts = self.tracker.pipeline.counts
        return {reason.name.lower(): counts.total(reason) for reason in Reject if counts.total(reason)}

    def stored(self) -> list[int]:
        """Sequences in the history, a repeated one twice."""
        files = [file for file in sorted(self.folder.rglob("*.parquet")) if "position" in str(file)]
        return sorted(int(seq) for file in files for seq in pq.read_table(file)["seq"].to_pylist())


@pytest.fixture
async def road(running: Running, tmp_path: Path) -> AsyncIterator[Road]:
    clock, database, redis = running.gateway.clock, running.database, running.redis
    tracker = Tracker(
        database, redis, redis, clock, roster=FixedRoster([a_row(7)]), fences=Fences(), alarms=Alarms(),
        settings=TrackerSettingsOf(partitions=4, tick_ms=20, lease_s=2.0),
    )  # fmt: skip
    archiver = Archiver(database, redis, clock, tmp_path / "history", partitions=4, flush_s=0.2)
    stop = asyncio.Event()
    tasks = [asyncio.create_task(component.run(stop)) for component in (tracker, archiver)]
    yield Road(running, tracker, tmp_path / "history")
    stop.set()
    await asyncio.gather(*tasks)


async def test_a_buffer_sent_in_its_order_says_where_the_vehicle_was_when(
    road: Road, eventually: Eventually
) -> None:
    async with Vehicle(road.running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(road.frame(0))
        await eventually(lambda: road.shown_seq_is(1))
        await vehicle.send(road.frame(*range(1, HOLE_S)))
        await vehicle.send(road.frame(HOLE_S))
        await eventually(lambda: road.shown_seq_is(HOLE_S + 1))
        await eventually(lambda: road.crossed(2))
    [(entered, _, since), (left, _, until)] = await road.crossings()
    assert (entered, left) == ("enter", "exit")
    assert since == moment_of_ms(road.began_ms) + timedelta(seconds=INSIDE.start)
    assert until == moment_of_ms(road.began_ms) + timedelta(seconds=INSIDE.stop)
    await eventually(lambda: road.stored() == list(range(1, HOLE_S + 2)))


async def test_a_buffer_sent_after_the_present_is_taken_once_and_crosses_nothing(
    road: Road, eventually: Eventually
) -> None:
    async with Vehicle(road.running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(road.frame(0))
        await vehicle.send(road.frame(HOLE_S))
        await eventually(lambda: road.shown_seq_is(HOLE_S + 1))
        await vehicle.send(road.frame(*range(1, HOLE_S)))
        await eventually(lambda: road.stored() == list(range(1, HOLE_S + 2)))
        await vehicle.send(road.frame(HOLE_S + 1))
        await eventually(lambda: road.shown_seq_is(HOLE_S + 2))
        assert road.refused() == {}, "what never came is judged at its own time"
        await vehicle.send(road.frame(*range(1, HOLE_S)))
        await eventually(lambda: road.refused() == {"duplicate": HOLE_S - 1})
    assert await road.crossings() == []


async def test_a_buffer_sent_twice_crosses_once_and_is_stored_once(
    road: Road, eventually: Eventually
) -> None:
    async with Vehicle(road.running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(road.frame(*range(HOLE_S)))
        await eventually(lambda: road.crossed(2))
    async with Vehicle(road.running.link, "seven") as vehicle:
        await vehicle.hello()
        await vehicle.send(road.frame(*range(HOLE_S)))
        await vehicle.send(road.frame(HOLE_S))
        await eventually(lambda: road.shown_seq_is(HOLE_S + 1))
        await eventually(lambda: road.stored() == list(range(1, HOLE_S + 2)))
    assert [kind for kind, _, _ in await road.crossings()] == ["enter", "exit"]
