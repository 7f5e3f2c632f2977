"""Sealing on real parts: history files, the stream, both databases; whole after a kill at any step."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from core import audit, keys
from core.audit.chain import HeadSigner
from core.audit.sealing import AuditSealer
from core.audit.tables import audit_entries
from core.clock import ms_of_moment
from core.database import Database
from core.errors import SteppeError
from core.ids import FenceId, FenceVersion, VehicleNo
from core.redis import connect
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.incidents.kinds import IncidentType
from fleet.incidents.move_incident import ask_evidence
from fleet.incidents.open_incidents import NewIncident, report_incident
from fleet.incidents.tables import evidence_bundles
from fleet.quality.samples import Sample
from geofences.fences import FenceDraft, FenceState
from geofences.store import FenceStore
from tests.conftest import SettableClock
from tests.fences import a_draft, a_square
from tests.integration.fleet.builders import AT, working_vehicles
from tests.integration.fleet.evidence.office import (
    AGENT,
    ROOT,
    RULES,
    Office,
    later,
    positions,
    status,
)


@pytest.fixture
async def office(
    database: Database, valkey_url: str, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Office]:
    redis = connect(valkey_url)
    await working_vehicles(database, 1)
    yield Office(database, redis, tmp_path / "history", clock)
    await redis.aclose()


async def test_a_window_is_sealed_at_full_rate_from_files_and_stream(office: Office) -> None:
    office.on_disk(positions(-200, 10), status(-5, acceleration_cm_s2=-3500))
    await office.in_stream(positions(5, 60))
    await office.crash()
    await office.answer()
    office.clock.set(later(41))
    assert await office.sealer.seal_once() == 0, "twenty seconds of it are in the stream only"
    office.on_disk(positions(11, 60))
    assert await office.sealer.seal_once() == 1
    assert await office.sealer.seal_once() == 0
    opened = await office.bundle()
    assert opened.seconds == [float(second) for second in range(-90, 31)]
    assert {row["clock_offset_ms"] for row in opened["positions.jsonl"]} == {40}
    [said] = opened["status.jsonl"]
    assert (said["acceleration_cm_s2"], len(said["record"])) == (-3500, 160)
    assert opened["sources.json"]["in_stream_only"] == 0
    incident = await office.incident()
    assert (incident.evidence_edition, incident.is_sealed) == (1, True)


async def test_nothing_is_sealed_before_the_window_and_its_settling_are_over(office: Office) -> None:
    office.on_disk(positions(-200, 60))
    await office.crash()
    await office.answer()
    for second, sealed in ((29, 0), (39, 0), (40, 1)):
        office.clock.set(later(second))
        assert await office.sealer.seal_once() == sealed


async def test_without_an_archiver_the_streams_own_copy_is_sealed_and_said_so(office: Office) -> None:
    await office.in_stream(positions(-90, 30))
    await office.crash()
    await office.answer()
    office.clock.set(later(41))
    assert await office.sealer.seal_once() == 0
    office.clock.advance(300)
    assert await office.sealer.seal_once() == 1
    opened = await office.bundle()
    assert opened.seconds == [float(second) for second in range(-90, 31)]
    assert opened["sources.json"]["in_stream_only"] == 121


async def test_the_sealing_waits_for_the_vehicles_word_on_its_recordings_but_not_for_ever(
    office: Office,
) -> None:
    office.on_disk(positions(-200, 60))
    await office.crash()
    office.clock.set(later(60))
    assert await office.sealer.seal_once() == 0
    office.clock.set(later(301))
    assert await office.sealer.seal_once() == 1
    assert (await office.bundle())["recordings.json"][0]["state"] == "queued"
    await office.answer("front only: the rear camera failed")
    assert await office.sealer.seal_once() == 1
    second = await office.bundle(2)
    assert second["recordings.json"][0]["detail"] == "front only: the rear camera failed"
    assert second.seen.manifest is not None
    assert second.seen.manifest.previous == (await office.bundle(1)).seen.sha256
    assert second.seconds == (await office.bundle(1)).seconds


async def test_an_incident_reported_a_day_late_has_the_same_evidence(office: Office) -> None:
    yesterday = AT - timedelta(days=1)
    office.on_disk(positions(-200, 200, at=yesterday))
    async with office.database.write() as tx:
        await audit.record(
            tx, AGENT, "vehicle.commanded", "vehicle:1", {"kind": "resume"}, "继续", at=yesterday
        )
        await audit.record(tx, AGENT, "vehicle.commanded", "vehicle:2", {}, "别的车", at=yesterday)
    await AuditSealer(office.database, office.clock, HeadSigner("k" * 32)).seal()
    new = NewIncident(
        vehicle_no=VehicleNo(1),
        type=IncidentType.CRASH,
        happened_at=yesterday,
        description="昨天的刮擦",
    )
    await report_incident(office.database, AGENT, new, RULES, at=AT)
    await office.answer()
    assert await office.sealer.seal_once() == 1
    opened = await office.bundle()
    assert len(opened.seconds) == 121
    [entry] = opened["audit.json"]
    assert (entry["reason"], entry["seq"] > 0, len(entry["chain_hash"])) == ("继续", True, 64)
    assert [permit["permit_no"] for permit in opened["papers.json"]["permits"]] == ["P-1"]


async def test_alarms_and_what_was_refused_are_in_it_and_another_vehicle_is_not(office: Office) -> None:
    both = np.concatenate([positions(-90, 30), positions(-90, 30, number=5)])
    office.on_disk(both)
    key = keys.quality_samples("maker-a", "teleport")
    for number, second in ((1, 3), (1, 90), (5, 3)):
        sample = Sample(
            reason="teleport",
            received_at_ms=ms_of_moment(later(second)),
            clock_offset_ms=-250,
            vehicle_no=number,
            record="00ff",
        )
        await office.redis.rpush(key, msgspec.json.encode(sample))
    speeding = AlarmRaised(vehicle_no=VehicleNo(1), kind=AlarmKind.OVERSPEED, at=later(-20))
    await office.sink.put([speeding])
    await office.crash()
    await office.answer()
    office.clock.set(later(45))
    assert await office.sealer.seal_once() == 1
    opened = await office.bundle()
    assert len(opened.seconds) == 121
    [refused] = opened["refused.json"]
    assert (refused["reason"], refused["clockOffsetMs"], refused["record"]) == ("teleport", -250, "00ff")
    assert [alarm["kind"] for alarm in opened["alarms.json"]] == ["overspeed", "collision"]
    assert [one["kind"] for one in opened["violations.json"]] == ["overspeed"]
    assert [command["kind"] for command in opened["commands.json"]] == ["preserve_recording"]


async def test_fences_are_those_in_force_then_near_the_vehicle_whatever_became_of_them(
    office: Office,
) -> None:
    async def published(draft: FenceDraft, second: float) -> None:
        async with office.database.write() as tx:
            store = FenceStore(tx)
            version = await store.add_draft(draft, at=later(second), by="s")
            key = (draft.fence_id, version)
            await store.publish([key], FenceState.DRAFT, effective_at=later(second), at=later(second), by="s")

    near, far = a_square(east_m=1500, north_m=-950), a_square(east_m=20_000)
    await published(a_draft("near", near), -900)
    await published(a_draft("near", near), -600)
    await published(a_draft("near", near), 10)
    await published(a_draft("near", near), 40)
    await published(a_draft("far", far), -900)
    await published(a_draft("gone", near), -900)
    async with office.database.write() as tx:
        await FenceStore(tx).retire([(FenceId("gone"), FenceVersion(1))], at=later(20), by="s")
    office.on_disk(positions(-90, 30))
    await office.crash()
    await office.answer()
    office.clock.set(later(45))
    await office.sealer.seal_once()
    sealed = (await office.bundle())["fences.json"]
    assert [(fence["fence_id"], fence["version"]) for fence in sealed["fences"]] == [
        ("gone", 1),
        ("near", 2),
        ("near", 3),
    ]
    assert sealed["in_force"] == 4
    assert sealed["fences"][0]["area"]


async def test_a_silence_in_the_window_is_said(office: Office) -> None:
    office.on_disk(np.concatenate([positions(-90, -10), positions(20, 30)]))
    await office.crash()
    await office.answer()
    office.clock.set(later(45))
    await office.sealer.seal_once()
    [silence] = (await office.bundle())["sources.json"]["silences"]
    assert silence["to_ms"] - silence["from_ms"] == 30_000


async def test_late_positions_are_in_the_edition_that_somebody_asks_for(office: Office) -> None:
    office.on_disk(positions(-90, -10))
    incident = await office.crash()
    await office.answer()
    office.clock.set(later(45))
    await office.sealer.seal_once()
    office.on_disk(positions(-9, 30))
    await ask_evidence(office.database, AGENT, incident.incident_id, reason="补传", at=later(50))
    assert await office.sealer.seal_once() == 1
    assert (len((await office.bundle(1)).seconds), len((await office.bundle(2)).seconds)) == (81, 121)


async def test_two_sealers_store_one_edition(office: Office, tmp_path: Path) -> None:
    office.on_disk(positions(-200, 60))
    await office.crash()
    await office.answer()
    office.clock.set(later(45))
    other = Office(office.database, office.redis, tmp_path / "history", office.clock)
    stale = await office.incident()
    assert await office.sealer.seal_once() == 1
    about = await office.bundle()
    with pytest.raises(Exception, match="somebody else sealed"):
        await other.sealer._seal(stale)
    assert (await office.bundle()).data == about.data


async def test_a_sealed_bundle_cannot_be_changed_in_the_database(office: Office) -> None:
    office.on_disk(positions(-200, 60))
    await office.crash()
    await office.answer()
    office.clock.set(later(45))
    await office.sealer.seal_once()
    async with office.database.read() as tx:
        before = (await tx.execute(select(evidence_bundles.c.size))).scalar_one()
    for statement in (update(evidence_bundles).values(size=1), delete(evidence_bundles)):
        with pytest.raises((SteppeError, DBAPIError)) as refused:
            await _written(office.database, statement)
        assert "append-only" in f"{refused.value} {refused.value.__cause__}"
    async with office.database.read() as tx:
        assert (await tx.execute(select(evidence_bundles.c.size))).scalar_one() == before


async def _written(database: Database, statement: Any) -> None:
    async with database.write() as tx:
        await tx.execute(statement)


KILLED = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from core import crashpoints
from core.database import Database
from core.redis import connect
from tests.conftest import SettableClock
from tests.integration.fleet.evidence.office import Office, later

async def main():
    database = await Database.open(sys.argv[1])
    clock = SettableClock(later(45))
    office = Office(database, connect(sys.argv[2]), Path(sys.argv[3]), clock)
    crashpoints.arm(sys.argv[4])
    print(await office.sealer.seal_once())

asyncio.run(main())
"""


@pytest.mark.parametrize(("point", "is_sealed"), [("before_commit", False), ("after_commit", True)])
async def test_a_kill_between_any_two_steps_loses_nothing_and_doubles_nothing(
    sqlite_database: Database,
    valkey_url: str,
    clock: SettableClock,
    tmp_path: Path,
    point: str,
    is_sealed: bool,
) -> None:
    redis = connect(valkey_url)
    await working_vehicles(sqlite_database, 1)
    office = Office(sqlite_database, redis, tmp_path / "history", clock)
    office.on_disk(positions(-200, 60))
    await office.crash()
    await office.answer()
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    words = [sys.executable, "-c", KILLED, url, valkey_url, str(tmp_path / "history"), point]
    child = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
    _, said = await child.communicate()
    assert child.returncode == -9, said.decode()
    assert (await office.incident()).is_sealed is is_sealed
    office.clock.set(later(50))
    assert await office.sealer.seal_once() == (0 if is_sealed else 1)
    assert len((await office.bundle()).seconds) == 121
    async with sqlite_database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "evidence.sealed")
        assert len((await tx.execute(query)).all()) == 1
    await redis.aclose()
