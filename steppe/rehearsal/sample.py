"""Looks at the running city now and then, as the day goes by."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime

import msgspec
from sqlalchemy import func, select

from core.auth.principal import EVERYTHING
from core.database import Database, Transaction
from core.kinds import ServiceKind
from fleet.days.store import DayStore
from fleet.vehicles.kinds import Connection
from fleet.vehicles.last_heard import LastHeardReader
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.work_orders.kinds import WORK_TERMINAL
from fleet.work_orders.tables import work_orders
from services.orders.states import TERMINAL
from services.orders.tables import orders
from services.schedules.tables import occurrences
from services.tasks.states import ACTIVE
from services.tasks.tables import tasks
from steppe.rehearsal.open_work import read_begun


class Batteries(msgspec.Struct, frozen=True, kw_only=True):
    """The charge of the vehicles of a service that are heard, as shares of full."""

    least: float
    median: float
    most: float


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """The city at one moment; counts of what is not there are left out."""

    at: datetime
    orders: dict[str, int]
    """All orders of the day by state."""
    occurrences: dict[str, int]
    """Of schedules, by state; those that are only planned are left out."""
    working: dict[str, int]
    """Vehicles with a task, by the task's kind."""
    work_orders_open: int
    online: int
    heard: int
    """Vehicles that were ever heard."""
    batteries: dict[str, Batteries]
    """By service."""
    outside_c: float | None
    """Median of what vehicles measure."""
    behind_s: float | None = None
    """Median age, in city time, of the last position of vehicles that are online: on a machine that keeps up
    it is the way through the processes, a second or two of the wall."""


async def take_sample(database: Database, heard: LastHeardReader, at: datetime) -> Sample:
    """Return the city at ``at``. Raises Unavailable when its state cannot be read."""
    async with database.read() as tx:
        vehicles = await VehicleStore(tx).page(EVERYTHING, VehicleFilter())
        by_state = await counted(tx, orders.c.state)
        slots = await counted(tx, occurrences.c.state)
        kinds = select(tasks.c.kind, func.count()).where(tasks.c.state.in_([s.value for s in ACTIVE]))
        working = {row[0]: row[1] for row in await tx.execute(kinds.group_by(tasks.c.kind))}
        is_open = work_orders.c.state.not_in([state.value for state in WORK_TERMINAL])
        jobs = await tx.execute(select(func.count()).select_from(work_orders).where(is_open))
    service = {each.vehicle_no: each.service for each in vehicles}
    last = await heard.last_heard(list(service))
    charge: dict[ServiceKind, list[float]] = {}
    for number, one in last.items():
        if one.battery_ratio is not None:
            charge.setdefault(service[number], []).append(one.battery_ratio)
    connections = Counter(one.connection for one in last.values())
    slots.pop("planned", None)
    return Sample(
        at=at,
        orders=by_state,
        occurrences=slots,
        working=working,
        work_orders_open=int(jobs.scalar_one()),
        online=connections[Connection.ONLINE],
        heard=len(last),
        batteries={kind.value: _batteries(sorted(found)) for kind, found in charge.items()},
        behind_s=_median(
            sorted(
                (at - one.measured_at).total_seconds()
                for one in last.values()
                if one.connection is Connection.ONLINE
            )
        ),
        outside_c=_median(sorted(one.outside_c for one in last.values() if one.outside_c is not None)),
    )


async def left_of(database: Database, day_ended: datetime, days_over: Iterable[date]) -> int:
    """Return how many orders and other pieces of work of a day are not over, and days not closed."""
    over = [state.value for state in TERMINAL]
    async with database.read() as tx:
        query = select(func.count()).select_from(orders).where(orders.c.state.not_in(over))
        alive = int((await tx.execute(query)).scalar_one())
        alive += sum(1 for one in await read_begun(tx, day_ended) if not one.is_over)
        return alive + len(await not_closed(tx, days_over))


async def not_closed(tx: Transaction, days: Iterable[date]) -> tuple[date, ...]:
    """Return those of some days whose vehicle-days are not computed yet."""
    return tuple([day for day in days if not await DayStore(tx).has_closed(day)])


async def counted(tx: Transaction, column: object) -> dict[str, int]:
    """Return how often each value of a column stands in its table."""
    query = select(column, func.count()).group_by(column)  # type: ignore[call-overload]
    return {row[0]: row[1] for row in await tx.execute(query)}


def _batteries(ratios: list[float]) -> Batteries:
    return Batteries(least=ratios[0], median=ratios[len(ratios) // 2], most=ratios[-1])


def _median(values: list[float]) -> float | None:
    return values[len(values) // 2] if values else None
