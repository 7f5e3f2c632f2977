"""Restocks on schedules: vehicles with room come in, the crew is asked, the occurrence is met when all are
done."""

from datetime import datetime

from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import NotFound
from core.ids import OccurrenceId
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.store import WorkOrderStore
from services.schedules.kinds import OccurrenceState
from services.schedules.port import Subject
from services.schedules.schedule import Occurrence
from services.schedules.settle_occurrence import occurrence_met, occurrence_missed, occurrence_started
from services.schedules.store import ScheduleStore
from services.vending.restock.read_need import needs_of
from services.vending.restock.visit import OPEN, RestockVisit, VisitState, became
from services.vending.restock.visit_store import VisitStore
from services.vending.rounds.scheduled import NO_VEHICLES, sellers_of, selling_companies

NOTHING_MISSING = "nothing_missing"
NOT_RESTOCKED = "not_restocked"


class ScheduledRestocks:
    """What occurrences of kind ``restock`` do (services.schedules.port).

    A subject is the restocking of one company's vending vehicles in one district: ``KB:op-a``.
    """

    async def subject(self, tx: Transaction, subject_id: str, reach: Reach, /) -> Subject:
        """Return the restocking of a company in a district within the reach; raise NotFound."""
        found = [one for one in await self.subjects(tx, reach) if one.subject_id == subject_id]
        if not found:
            raise NotFound("not-found", "no vending vehicles are restocked there", subject_id=subject_id)
        return found[0]

    async def subjects(self, tx: Transaction, reach: Reach, /) -> list[Subject]:
        """Return the districts and companies within the reach that have vending vehicles in service."""
        return [
            Subject(
                subject_id=f"{district}:{operator}",
                name_zh=f"{district} 售卖车补货",
                name_en=f"Restocking in {district}",
                district=district,
                operator=operator,
            )
            for district, operator in await selling_companies(tx, reach)
        ]

    async def came_due(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> str | None:
        """Let every vehicle with room, or the wanted one, wait for its crew; else a word why none does."""
        fleet = await sellers_of(tx, occurrence.district, occurrence.operator)
        wanted = occurrence.vehicle_no
        numbers = [one.vehicle_no for one in fleet if wanted in (None, one.vehicle_no)]
        if not numbers:
            return NO_VEHICLES
        needs = await needs_of(tx, numbers, at=at)
        with_room = [number for number in numbers if number in needs and needs[number].missing]
        for number in with_room:
            visit = RestockVisit(occurrence_id=occurrence.occurrence_id, vehicle_no=number, made_at=at)
            await VisitStore(tx).add(visit)
        return None if with_room else NOTHING_MISSING

    async def withdrawn(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> None:  # noqa: ARG002
        """Set free the vehicles that still wait; a crew that was asked may finish."""
        for visit in await VisitStore(tx).of_occurrence(occurrence.occurrence_id):
            if visit.state is VisitState.WAITING:
                await VisitStore(tx).move(visit, VisitState.GIVEN_UP)


async def crew_was_asked(tx: Transaction, visit: RestockVisit, *, at: datetime) -> None:
    """Note that the crew has the work order of a vehicle that a schedule wants restocked."""
    orders = await WorkOrderStore(tx).not_over_of([visit.vehicle_no])
    asked = next((one.work_order_id for one in orders if one.kind is WorkKind.RESTOCK), None)
    if asked is not None and await VisitStore(tx).move(visit, VisitState.ASKED, asked):
        await _begin(tx, visit.occurrence_id, at)


async def follow_visit(tx: Transaction, visit: RestockVisit, *, at: datetime) -> bool:
    """Move a visit with its work order and close its occurrence after the last; return whether it moved."""
    order_id = visit.work_order_id
    work = None if order_id is None else (await WorkOrderStore(tx).get(order_id, EVERYTHING)).state
    need = (await needs_of(tx, [visit.vehicle_no], at=at)).get(visit.vehicle_no)
    after = became(visit, work, has_room=need is not None and bool(need.missing), at=at)
    if after is visit.state or not await VisitStore(tx).move(visit, after):
        return False
    all_of_them = await VisitStore(tx).of_occurrence(visit.occurrence_id)
    if any(one.state in OPEN for one in all_of_them):
        return True
    await _begin(tx, visit.occurrence_id, at)
    if all(one.state is VisitState.DONE for one in all_of_them):
        await occurrence_met(tx, visit.occurrence_id, at=at)
    else:
        await occurrence_missed(tx, visit.occurrence_id, NOT_RESTOCKED, at=at)
    return True


async def _begin(tx: Transaction, occurrence_id: OccurrenceId, at: datetime) -> None:
    occurrence = await ScheduleStore(tx).occurrence(occurrence_id, EVERYTHING)
    if occurrence.state is OccurrenceState.DUE:
        await occurrence_started(tx, occurrence_id, at=at)
