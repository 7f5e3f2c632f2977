"""What a rehearsed day ends with: orders over and explained, slots met, nobody stranded, books right."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import msgspec
from sqlalchemy import select

from core.auth.principal import EVERYTHING
from core.database import Database, Transaction
from core.ids import OrderId, TaskId, VehicleNo
from fleet.vehicles.kinds import Connection
from fleet.vehicles.last_heard import LastHeard, LastHeardReader
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.work_orders.tables import work_orders
from services.dispatch.tables import decisions
from services.orders.order import Order
from services.orders.states import TERMINAL, OrderState
from services.orders.store import OrderStore
from services.orders.tables import orders
from services.schedules.kinds import TERMINAL as OCCURRENCE_OVER
from services.schedules.kinds import OccurrenceState
from services.schedules.tables import occurrences
from services.settlement.check_books import check_books
from services.tasks.states import TaskState
from services.tasks.tables import tasks
from steppe.rehearsal.open_work import Begun, counted, read_begun
from steppe.rehearsal.sample import not_closed
from steppe.rehearsal.scenario import Window
from steppe.rehearsal.swept import SweptRun, read_held_back, read_swept

EMPTY_RATIO: Final = 0.05
"""Charge below which a vehicle that is not being charged gets nowhere by itself."""
SILENT_AFTER: Final = timedelta(minutes=15)
ROWS_SHOWN: Final = 20


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that has to hold at the end of the day."""

    name: str
    is_met: bool
    found: str
    rows: tuple[str, ...] = ()
    """What speaks against it, at most the first twenty."""


class OrderLife(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the day left it."""

    order: Order
    is_explained: bool
    """Whether dispatch kept a decision about it."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is judged, read in one snapshot but for the vehicles' last words."""

    at: datetime
    orders: tuple[OrderLife, ...]
    slots: tuple[tuple[str, str, str, str], ...]
    """(kind, subject, state, reason) of every occurrence that was due by now."""
    heard: Mapping[VehicleNo, LastHeard]
    helped: frozenset[VehicleNo]
    """Vehicles that somebody is on the way to: a work order about them is open."""
    waiting_for_person: Mapping[VehicleNo, TaskId]
    """Vehicles whose task needs a person."""
    book_findings: tuple[str, ...]
    book_entries: int
    swept: tuple[SweptRun, ...] = ()
    begun: tuple[Begun, ...] = ()
    """Calls, sales, parcels, runs and tasks that were begun in the day."""
    held_back: tuple[tuple[str, int], ...] = ()
    """Why sweeping runs were dry or not done, in words, and how many each."""
    days_over: tuple[date, ...] = ()
    open_days: tuple[date, ...] = ()
    """Those of them whose vehicle-days are not computed."""


async def read_end(database: Database, heard: LastHeardReader, window: Window, at: datetime) -> Ended:
    """Return what the day left; what was begun or due after the window is the next day's.

    Raises Unavailable when the vehicles' state cannot be read.
    """
    async with database.read() as tx:
        numbers = [each.vehicle_no for each in await VehicleStore(tx).page(EVERYTHING, VehicleFilter())]
        books = await check_books(tx)
        lives = await _lives(tx)
        slots = await _slots(tx, window.ends)
        begun = await read_begun(tx, window.ends)
        is_open = select(work_orders.c.vehicle_no).where(work_orders.c.ended_at.is_(None))
        helped = frozenset(VehicleNo(row) for row in (await tx.execute(is_open)).scalars())
        needs = select(tasks.c.vehicle_no, tasks.c.task_id).where(
            tasks.c.state == TaskState.NEEDS_PERSON.value
        )
        swept = await read_swept(tx)
        held_back = await read_held_back(tx)
        open_days = await not_closed(tx, window.days_over())
        waiting = {VehicleNo(row[0]): TaskId(row[1]) for row in await tx.execute(needs)}
    return Ended(
        at=at,
        orders=lives,
        slots=slots,
        heard=await heard.last_heard(numbers),
        helped=helped,
        waiting_for_person=waiting,
        book_findings=tuple(f"{one.rule} {one.about}: {one.detail}" for one in books.findings),
        book_entries=books.entries,
        swept=swept,
        begun=begun,
        held_back=held_back,
        days_over=window.days_over(),
        open_days=open_days,
    )


def judge(end: Ended) -> tuple[Check, ...]:
    """Return every check of the day; the day passes when all of them are met."""
    return (
        _orders_over(end),
        _orders_explained(end),
        _work_over(end),
        _slots_over(end),
        _nobody_stranded(end),
        _books(end),
        _days_closed(end),
    )


def _orders_over(end: Ended) -> Check:
    alive = [life.order for life in end.orders if life.order.state not in TERMINAL]
    rows = [f"{one.order_id} {one.state.value} since {one.placed_at:%H:%M} UTC" for one in alive]
    return _check("every order is over", rows, f"{len(end.orders)} orders, {len(alive)} not over")


def _orders_explained(end: Ended) -> Check:
    """An order that was not delivered says why; one that was given a vehicle has the decision about it."""
    silent = [
        life.order
        for life in end.orders
        if (life.order.state in TERMINAL and life.order.state is not OrderState.DELIVERED)
        and not life.order.reason
    ]
    unexplained = [
        life.order for life in end.orders if life.order.vehicle_no is not None and not life.is_explained
    ]
    rows = [f"{one.order_id} {one.state.value} without a reason" for one in silent]
    rows += [f"{one.order_id} has a vehicle without a decision" for one in unexplained]
    return _check("every order is explained", rows, f"{len(rows)} of {len(end.orders)} unexplained")


def _work_over(end: Ended) -> Check:
    """A task that waits for a person is judged with its vehicle."""
    waiting = set(end.waiting_for_person.values())
    rows = [
        f"{one.kind} {one.thing_id}: {one.state} since {one.since:%H:%M} UTC"
        for one in end.begun
        if not one.is_over and one.thing_id not in waiting
    ]
    return _check("everything else that was begun is over", rows, counted(end.begun) or "nothing was begun")


def _slots_over(end: Ended) -> Check:
    over = {state.value for state in (OccurrenceState.MET, *OCCURRENCE_OVER)}
    rows = [f"{kind} {subject}: {state} {reason}".strip() for kind, subject, state, reason in end.slots
            if state not in over]  # fmt: skip
    states = Counter(slot[2] for slot in end.slots)
    found = (
        ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "nothing was scheduled"
    )
    return _check("every schedule is met or excused", rows, found)


def _nobody_stranded(end: Ended) -> Check:
    """A vehicle is stranded when it cannot go on by itself and nobody is on the way to it."""
    rows = []
    for number, last in sorted(end.heard.items()):
        why = _stranded(last, end)
        if why and number not in end.helped:
            rows.append(f"vehicle {number}: {why}")
    return _check("no vehicle is stranded", rows, f"{len(end.heard)} vehicles heard, {len(rows)} stranded")


def _stranded(last: LastHeard, end: Ended) -> str:
    if last.vehicle_no in end.waiting_for_person:
        return f"task {end.waiting_for_person[last.vehicle_no]} needs a person"
    if last.battery_ratio is not None and last.battery_ratio < EMPTY_RATIO and not last.is_charging:
        return f"battery at {last.battery_ratio:.0%}"
    if last.connection is Connection.OFFLINE and end.at - last.measured_at > SILENT_AFTER:
        return f"not heard since {last.measured_at:%H:%M} UTC"
    return ""


def _books(end: Ended) -> Check:
    return _check("the books balance", list(end.book_findings), f"{end.book_entries} entries")


def _days_closed(end: Ended) -> Check:
    rows = [f"{day} has no vehicle-days" for day in end.open_days]
    found = f"{len(end.days_over)} ended, {len(rows)} not closed"
    return _check("every day that ended is closed", rows, found)


def _check(name: str, rows: Sequence[str], found: str) -> Check:
    return Check(name=name, is_met=not rows, found=found, rows=tuple(rows[:ROWS_SHOWN]))


async def _lives(tx: Transaction) -> tuple[OrderLife, ...]:
    ids = [OrderId(row) for row in (await tx.execute(select(orders.c.order_id))).scalars()]
    decided = set((await tx.execute(select(decisions.c.order_id).distinct())).scalars())
    found: list[Order] = []
    for part in _parts(ids, 500):
        found += (await OrderStore(tx).of_ids(part, EVERYTHING)).values()
    return tuple(OrderLife(order=one, is_explained=one.order_id in decided) for one in found)


async def _slots(tx: Transaction, ends: datetime) -> tuple[tuple[str, str, str, str], ...]:
    o = occurrences.c
    query = select(o.kind, o.subject_id, o.state, o.reason).where(o.due_at < ends).order_by(o.due_at)
    return tuple((row[0], row[1], row[2], row[3]) for row in await tx.execute(query))


def _parts(ids: Sequence[OrderId], size: int) -> Iterable[Sequence[OrderId]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
