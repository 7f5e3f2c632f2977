"""What comes out of a radio hole into a sealed window is sealed by itself, once, and the file says why."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from core.database import Database
from core.redis import connect
from fleet.evidence.bundle import follows
from fleet.evidence.late_evidence import LateEvidence
from fleet.evidence.read_window import HistoryWindow
from fleet.incidents.move_incident import ask_evidence
from tests.conftest import SettableClock
from tests.integration.fleet.builders import working_vehicles
from tests.integration.fleet.evidence.office import (
    AGENT,
    PARTITIONS,
    RULES,
    Office,
    later,
    positions,
    status,
)


class Archive(Office):
    """An office whose archiver tells what came late."""

    def __init__(self, database: Database, redis: object, folder: Path, clock: SettableClock) -> None:
        super().__init__(database, redis, folder, clock)  # type: ignore[arg-type]
        self.folder = folder
        self.watch = self.started()

    def started(self) -> LateEvidence:
        """A watch as a process has it that was started just now."""
        reader = HistoryWindow(self.redis, self.folder, partitions=PARTITIONS)
        return LateEvidence(self.database, self.clock, reader, self.folder, RULES)

    async def sealed_with_a_hole(self) -> None:
        self.on_disk(positions(-200, -10))
        await self.crash()
        await self.answer()
        self.clock.set(later(45))
        assert await self.sealer.seal_once() == 1
        assert await self.watch.look_once() == 0

    def came(self, from_s: int, to_s: int, *, at_s: float, number: int = 1) -> None:
        records = positions(from_s, to_s, number=number)
        closed_ms = int(later(at_s).timestamp() * 1000)
        received_ms = np.full(len(records), closed_ms, np.int64)
        none = status(0)[:0]
        self.files.write(records, received_ms, none, {1: f"{closed_ms}-0"}, closed_ms)


@pytest.fixture
async def archive(
    database: Database, valkey_url: str, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Archive]:
    redis = connect(valkey_url)
    await working_vehicles(database, 1, 2)
    yield Archive(database, redis, tmp_path / "history", clock)
    await redis.aclose()


async def test_a_buffer_out_of_a_radio_hole_is_one_more_edition_when_all_of_it_has_come(
    archive: Archive,
) -> None:
    await archive.sealed_with_a_hole()
    archive.came(-9, 5, at_s=600)
    assert await archive.watch.look_once() == 0, "more of it may be on its way"
    archive.clock.advance(6)
    archive.came(6, 30, at_s=606)
    assert await archive.watch.look_once() == 0
    archive.clock.advance(11)
    assert await archive.watch.look_once() == 1
    assert await archive.sealer.seal_once() == 1
    first, second = await archive.bundle(1), await archive.bundle(2)
    assert (len(first.seconds), len(second.seconds)) == (81, 121)
    assert second.seen.manifest is not None
    assert second.seen.manifest.previous == first.seen.sha256
    assert second.seen.manifest.why == "evidence_late: 40 records came after edition 1 was sealed"
    assert follows(second.seen, first.seen) == ()
    assert {row["clock_offset_ms"] > 500_000 for row in second["positions.jsonl"][81:]} == {True}
    archive.clock.advance(60)
    assert [await archive.watch.look_once() for _ in range(2)] == [0, 0]


async def test_what_a_process_left_undone_is_found_by_the_next_one(archive: Archive) -> None:
    await archive.sealed_with_a_hole()
    archive.came(-9, 30, at_s=600)
    next_one = archive.started()
    await next_one.look_once()
    archive.clock.advance(11)
    assert await next_one.look_once() == 1
    third = archive.started()
    await third.look_once()
    archive.clock.advance(11)
    assert await third.look_once() == 0, "it is owed already"
    assert (await archive.incident()).evidence_wanted == 2


async def test_a_start_asks_for_nothing_when_all_that_came_is_sealed(archive: Archive) -> None:
    await archive.sealed_with_a_hole()
    started = archive.started()
    await started.look_once()
    archive.clock.advance(11)
    assert await started.look_once() == 0
    assert (await archive.incident()).is_sealed


async def test_what_comes_late_of_another_vehicle_or_another_time_is_no_edition(archive: Archive) -> None:
    await archive.sealed_with_a_hole()
    archive.came(-9, 30, at_s=600, number=2)
    archive.came(31, 590, at_s=600)
    await archive.watch.look_once()
    archive.clock.advance(11)
    assert await archive.watch.look_once() == 0
    assert (await archive.incident()).is_sealed


async def test_an_edition_that_somebody_else_asked_for_takes_what_came_late_with_it(
    archive: Archive,
) -> None:
    await archive.sealed_with_a_hole()
    archive.came(-9, 30, at_s=600)
    await archive.watch.look_once()
    incident = await archive.incident()
    await ask_evidence(archive.database, AGENT, incident.incident_id, reason="补传", at=later(610))
    archive.clock.advance(11)
    assert await archive.watch.look_once() == 0
    assert await archive.sealer.seal_once() == 1
    assert len((await archive.bundle(2)).seconds) == 121
