"""What nobody begins in time: missed, excused by a person, or by the weather that keeps the vehicles in."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.kinds import ServiceKind
from fleet.weather.recall import Recall, RecallEvent
from fleet.weather.recall_store import RecallStore
from services.schedules.settle_occurrence import excuse_occurrence
from tests.integration.services.schedules.logbook import BEAT, lines
from tests.integration.services.schedules.office import LEAD, Office, S


async def test_an_occurrence_that_no_vehicle_begins_is_missed_and_its_work_taken_back(
    office: Office,
) -> None:
    await office.make(start_within_s=1200)
    await office.keeper().keep_once()
    await office.pass_hours(0.5)
    await office.pass_hours(0.4)
    [row] = [row for row in await office.rows() if row.state is S.MISSED]
    assert (row.reason, len(await lines(office.database, "work.withdrawn"))) == ("not_started", 1)
    excused = await excuse_occurrence(
        office.database,
        LEAD,
        office.plugged,
        row.occurrence_id,
        reason="车辆全部在外",
        version=row.version,
        at=office.clock.now(),
    )
    assert (excused.state, excused.by_name, excused.reason) == (S.EXCUSED, "调度员一", "车辆全部在外")
    async with office.database.read() as tx:
        said = (await tx.execute(select(audit_entries.c.reason, audit_entries.c.action))).all()
    assert ("车辆全部在外", "occurrence.excused") in [tuple(row) for row in said]


@pytest.mark.parametrize(
    ("service", "state", "reason"),
    [
        (ServiceKind.PATROL, S.EXCUSED, "weather_recall"),
        (ServiceKind.SWEEPING, S.MISSED, "not_started"),
    ],
)
async def test_what_nobody_begins_while_the_weather_keeps_its_vehicles_in_is_excused(
    office: Office, service: ServiceKind, state: S, reason: str
) -> None:
    await office.make(start_within_s=1200)
    await office.keeper().keep_once()
    async with office.database.write() as tx:
        recall = Recall(
            recall_id="r-1", district=BEAT.district, service=service, causes=(), started_at=office.clock.now()
        )
        assert await RecallStore(tx).open(recall)
    await office.pass_hours(0.5)
    await office.pass_hours(0.4)
    [row] = [row for row in await office.rows() if row.state in (S.MISSED, S.EXCUSED)]
    assert (row.state, row.reason) == (state, reason)
    assert len(await lines(office.database, "work.withdrawn")) == 1


@pytest.mark.parametrize(
    ("ended_min", "state", "reason"),
    [
        (29, S.MISSED, "not_started"),
        (31, S.EXCUSED, "weather_recall"),
        (49, S.EXCUSED, "weather_recall"),
    ],
    ids=["over before it was due", "over just after it was due", "over just before it had to begin"],
)
async def test_what_the_weather_let_out_too_late_to_begin_is_excused(
    office: Office, ended_min: float, state: S, reason: str
) -> None:
    await office.make(start_within_s=1200)
    await office.keeper().keep_once()
    due_in_min = 30.0
    async with office.database.write() as tx:
        recall = Recall(
            recall_id="r-1",
            district=BEAT.district,
            service=ServiceKind.PATROL,
            causes=(),
            started_at=office.clock.now(),
        )
        assert await RecallStore(tx).open(recall)
    began = office.clock.wall()
    for minutes in sorted({ended_min, due_in_min, 54.0}):
        office.clock.set(began + timedelta(minutes=minutes))
        if minutes == ended_min:
            async with office.database.write() as tx:
                recalls = RecallStore(tx)
                calming = await recalls.move(recall, RecallEvent.KEPT, at=office.clock.now())
                await recalls.move(calming, RecallEvent.OVER, at=office.clock.now())
        await office.keeper().keep_once()
    [row] = [row for row in await office.rows() if row.state in (S.MISSED, S.EXCUSED)]
    assert (row.state, row.reason) == (state, reason)
