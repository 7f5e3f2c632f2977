"""What SQL knows of vehicles on a day: who was there, duties, papers, alarms, and what services counted."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
from sqlalchemy import func, select

from core.auth.principal import EVERYTHING
from core.clock import moment_of_ms, ms_of_moment
from core.database import Transaction
from core.ids import VehicleNo
from fleet.alarms.tables import alarms
from fleet.days.circumstances import Spell, VehicleFacts
from fleet.days.compute import Beside, DayFacts
from fleet.days.regions import DistrictGrid
from fleet.days.vehicle_day import DaySpan
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.paper_store import PaperStore
from fleet.vehicles.spells import PastSpell, spells_since
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.tables import vehicle_models, vehicles
from fleet.vehicles.vehicle import Vehicle
from geofences.fences import FenceKind, draft_of
from geofences.store import FenceStore


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What one service counted for a vehicle's day; None: it does not count this."""

    orders: int | None = None
    m2: float | None = None


class DayCounter(Protocol):
    """What a service adds to vehicle-days; composition plugs it in."""

    async def __call__(
        self, tx: Transaction, numbers: Sequence[VehicleNo] | None, from_at: datetime, to_at: datetime
    ) -> Mapping[VehicleNo, Counted]:
        """Return what was counted between two moments, the second not included, for every vehicle asked
        for whose service this is. None asks for all of which something was counted."""
        ...


async def vehicle_facts(
    tx: Transaction,
    span: DaySpan,
    *,
    after: VehicleNo | None = None,
    numbers: Collection[VehicleNo] | None = None,
    limit: int = 1_000,
) -> list[VehicleFacts]:
    """Return the facts of the next vehicles by number; the last page is shorter than the limit.

    A vehicle that was retired before the day began is told without spells.
    """
    wanted = VehicleFilter(numbers=None if numbers is None else frozenset(numbers))
    found = await VehicleStore(tx).page(EVERYTHING, wanted, after=after, limit=limit)
    ids = [vehicle.vehicle_no for vehicle in found]
    begins = moment_of_ms(span.from_ms)
    past = await spells_since(tx, ids, begins)
    papers = await PaperStore(tx).permits_of(ids)
    return [
        VehicleFacts(
            vehicle_no=vehicle.vehicle_no,
            registered_ms=ms_of_moment(vehicle.registered_at),
            spells=_spells_on(begins, vehicle, past.get(vehicle.vehicle_no, ())),
            permits=tuple(sorted(papers.get(vehicle.vehicle_no, ()), key=lambda paper: paper.permit_no)),
        )
        for vehicle in found
    ]


def _spells_on(begins: datetime, vehicle: Vehicle, past: Sequence[PastSpell]) -> tuple[Spell, ...]:
    if vehicle.lifecycle is Lifecycle.DECOMMISSIONED and vehicle.changed_at < begins:
        return ()
    return spells_of(vehicle, past)


def spells_of(vehicle: Vehicle, past: Sequence[PastSpell]) -> tuple[Spell, ...]:
    """Return a vehicle's spells, oldest first: those that ended, and what it is now.

    A report that came late may end a spell before it began: such a spell lasted no time.
    """
    spells: list[Spell] = []
    since = ms_of_moment(vehicle.registered_at)
    states: tuple[PastSpell | Vehicle, ...] = (*past, vehicle)
    for one in states:
        spells.append(
            Spell(
                from_ms=since,
                duty=one.duty,
                service=one.service,
                district=one.district,
                operator=one.operator,
            )
        )
        if isinstance(one, PastSpell):
            since = max(since, ms_of_moment(one.until_at))
    return tuple(spells)


async def counted_beside(
    tx: Transaction, span: DaySpan, numbers: Sequence[VehicleNo], counters: Sequence[DayCounter]
) -> dict[VehicleNo, Beside]:
    """Return the alarms that were raised, the battery and what services counted, for each vehicle."""
    from_at, to_at = moment_of_ms(span.from_ms), moment_of_ms(span.to_ms)
    raised = await _alarms(tx, numbers, from_at, to_at)
    batteries = await _batteries(tx, numbers)
    orders: dict[VehicleNo, int] = {}
    swept: dict[VehicleNo, float] = {}
    for counter in counters:
        for number, counted in (await counter(tx, numbers, from_at, to_at)).items():
            if counted.orders is not None:
                orders[number] = orders.get(number, 0) + counted.orders
            if counted.m2 is not None:
                swept[number] = swept.get(number, 0.0) + counted.m2
    return {
        number: Beside(
            alarms=raised.get(number, {}),
            orders=orders.get(number),
            m2=swept.get(number),
            battery_kwh=batteries.get(number),
        )
        for number in numbers
    }


async def counted_facts(
    tx: Transaction, span: DaySpan, counters: Sequence[DayCounter]
) -> dict[VehicleNo, DayFacts]:
    """Return how much was counted of a day of every vehicle that has any. A statement a table, whatever the
    number of vehicles."""
    from_at, to_at = moment_of_ms(span.from_ms), moment_of_ms(span.to_ms)
    query = (
        select(alarms.c.vehicle_no, func.count().label("n"))
        .where(alarms.c.raised_at >= from_at, alarms.c.raised_at < to_at)
        .group_by(alarms.c.vehicle_no)
    )
    found = {VehicleNo(row.vehicle_no): DayFacts(int(row.n)) for row in await tx.execute(query)}
    for counter in counters:
        for number, counted in (await counter(tx, None, from_at, to_at)).items():
            before = found.get(number, DayFacts())
            found[number] = DayFacts(
                before.alarms, before.orders + (counted.orders or 0), before.m2 + (counted.m2 or 0.0)
            )
    return {number: facts for number, facts in found.items() if any(facts)}


async def _batteries(tx: Transaction, numbers: Sequence[VehicleNo]) -> dict[VehicleNo, float]:
    """Return the kWh of each vehicle's battery, as its model's data sheet says; absent without one."""
    query = (
        select(vehicles.c.vehicle_no, vehicle_models.c.battery_wh)
        .join(vehicle_models, vehicle_models.c.model == vehicles.c.hardware_model)
        .where(vehicles.c.vehicle_no.in_(numbers))
    )
    return {VehicleNo(row.vehicle_no): row.battery_wh / 1000 for row in await tx.execute(query)}


async def _alarms(
    tx: Transaction, numbers: Sequence[VehicleNo], from_at: datetime, to_at: datetime
) -> dict[VehicleNo, dict[str, int]]:
    query = (
        select(alarms.c.vehicle_no, alarms.c.kind, func.count().label("n"))
        .where(alarms.c.vehicle_no.in_(numbers), alarms.c.raised_at >= from_at, alarms.c.raised_at < to_at)
        .group_by(alarms.c.vehicle_no, alarms.c.kind)
        .order_by(alarms.c.vehicle_no, alarms.c.kind)
    )
    found: dict[VehicleNo, dict[str, int]] = {}
    for row in await tx.execute(query):
        found.setdefault(VehicleNo(row.vehicle_no), {})[row.kind] = int(row.n)
    return found


async def district_grid(tx: Transaction, at: datetime) -> DistrictGrid:
    """Return the 旗区 in force at a moment."""
    fences = await FenceStore(tx).listed(at=at, reach=EVERYTHING, kinds=[FenceKind.DISTRICT])
    return DistrictGrid(
        [draft_of(fence) for fence in fences], [(fence.fence_id, fence.version) for fence in fences]
    )
