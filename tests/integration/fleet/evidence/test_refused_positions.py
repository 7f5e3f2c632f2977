"""A bundle says of each position that the guard refused why, and says what the tracker's guard said."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.clock import ms_of_moment
from core.database import Database
from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from core.redis import connect
from fleet.telemetry.pipeline import Pipeline
from fleet.telemetry.records import Entry, Records
from fleet.telemetry.roster import Roster, RosterRow
from geofences.fences import FenceKind, FenceState
from geofences.index import FenceIndex
from geofences.store import FenceStore
from tests.conftest import SettableClock
from tests.fences import a_draft, a_square
from tests.integration.fleet.builders import working_vehicles
from tests.integration.fleet.evidence.office import NO_STATUS, Office, later, positions

FAR_E7 = 10_000_000
"""A degree: no vehicle is there a second later."""


@pytest.fixture
async def office(
    database: Database, valkey_url: str, clock: SettableClock, tmp_path: Path
) -> AsyncIterator[Office]:
    redis = connect(valkey_url)
    await working_vehicles(database, 1)
    yield Office(database, redis, tmp_path / "history", clock)
    await redis.aclose()


def moved(records: Records, **fields: Any) -> Records:
    changed = records.copy()
    for name, value in fields.items():
        changed[name] = value
    return changed


def a_messy_ride() -> list[tuple[float, Records]]:
    """Frames of one vehicle, each with the second at which it came."""
    frames = [(second + 0.04, positions(second, second)) for second in range(-200, -60)]
    hole = positions(-60, -41)
    for second in range(-40, 61):
        frame = positions(second, second)
        if second in (-30, -29):
            frame = moved(frame, lng_e7=frame["lng_e7"] + FAR_E7 // 10)
        if -20 <= second < -10:
            frame = moved(frame, lat_e7=frame["lat_e7"] + FAR_E7 // 20)
        if second == 0:
            frame = moved(frame, lat_e7=0, lng_e7=0)
        if second == 10:
            frame = moved(frame, measured_ms=frame["measured_ms"] + 15_000)
        if second == 12:
            frame = np.concatenate([frame, moved(frame, seq=3, measured_ms=frame["measured_ms"] - 40_500)])
        frames.append((second + 0.04, frame))
    frames.append((20.5, hole[:10]))
    frames.append((1200.0, moved(hole[10:], seq=hole[10:]["seq"] + 1000)))
    return sorted(frames, key=lambda one: one[0])


def what_the_tracker_said(frames: list[tuple[float, Records]], index: FenceIndex) -> dict[int, str]:
    """Sequence → reason, of the tracker's own thinking over the frames as they came."""
    roster = Roster()
    roster.put(
        [
            RosterRow(
                vehicle_no=VehicleNo(1),
                maker=MakerId("maker-a"),
                operator=OperatorId("o"),
                district=DistrictCode("KB"),
                service=ServiceKind.DELIVERY,
            )
        ]
    )
    pipeline = Pipeline(roster)
    pipeline.swap(index)
    said = {}
    each = [(second, frame[row : row + 1]) for second, frame in frames for row in range(len(frame))]
    for second, position in each:
        entry = Entry(received_ms=ms_of_moment(later(second)), positions=position, status=NO_STATUS)
        pipeline.process([entry], at=later(second))
        for seen in pipeline.counts.seen():
            record = np.frombuffer(seen.record, position.dtype)[0]
            said[int(record["seq"])] = seen.reason.name.lower()
    return said


async def test_a_refused_position_has_the_reason_that_the_trackers_guard_gave(office: Office) -> None:
    draft = a_draft("KB", a_square(half_m=5_000), kind=FenceKind.DISTRICT)
    async with office.database.write() as tx:
        version = await FenceStore(tx).add_draft(draft, at=later(-900), by="s")
        key = (draft.fence_id, version)
        at = later(-900)
        await FenceStore(tx).publish([key], FenceState.DRAFT, effective_at=at, at=at, by="s")
        fences = (await FenceStore(tx).published_bodies([key])).values()
    frames = a_messy_ride()
    said = what_the_tracker_said(frames, FenceIndex.build(tuple(fences)))
    assert {"late", "teleport", "out_of_area", "future", "duplicate"} == set(said.values())
    for second, frame in frames:
        closed_ms = ms_of_moment(later(second))
        received_ms = np.full(len(frame), closed_ms, np.int64)
        office.files.write(frame, received_ms, NO_STATUS, {1: f"{closed_ms}-0"}, closed_ms)
    await office.crash()
    await office.answer()
    office.clock.set(later(1300))
    assert await office.sealer.seal_once() == 1
    opened = await office.bundle()
    rows = opened["positions.jsonl"]
    assert {row["seq"]: row["refused"] for row in rows if row["refused"]} == {
        seq: reason for seq, reason in said.items() if seq in {row["seq"] for row in rows}
    }
    assert len(rows) == 122
    sources = opened["sources.json"]
    assert sum(sources["refused"].values()) == len([row for row in rows if row["refused"]])
    assert sources["judged_by"]["limits"]["late_s"] == 900
    assert sources["judged_by"]["bounds"] is not None


async def test_a_vehicle_that_was_carried_away_in_a_long_silence_is_judged_by_what_was_known_before(
    office: Office,
) -> None:
    """Its last position lies farther back than what is read at first."""
    before = positions(-4000, -3990)
    after = moved(positions(-50, 30), lng_e7=positions(-50, 30)["lng_e7"] + 3 * FAR_E7)
    office.on_disk(before)
    office.on_disk(after)
    await office.crash()
    await office.answer()
    office.clock.set(later(45))
    await office.sealer.seal_once()
    refused = [row["refused"] for row in (await office.bundle())["positions.jsonl"]]
    assert refused[:3] == ["teleport", "teleport", None]
    assert set(refused[3:]) == {None}
