"""What the services began on a rehearsed day and how far it came, beside the orders."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Table, func, select

from core.database import Transaction
from services.patrol.kinds import RUN_OVER as PATROL_OVER
from services.patrol.tables import patrol_runs
from services.sweeping.run_states import TERMINAL as SWEEPING_OVER
from services.sweeping.tables import sweeping_runs
from services.tasks.states import TERMINAL as TASK_OVER
from services.tasks.tables import tasks
from services.vending.calls.states import TERMINAL as CALL_OVER
from services.vending.sales.states import OVER as SALE_OVER
from services.vending.tables import vending_calls, vending_sales
from services.waybills.tables import waybills
from services.waybills.waybill import TERMINAL as WAYBILL_OVER


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of work of a service as it stands."""

    kind: str
    thing_id: str
    state: str
    is_over: bool
    since: datetime


class _Kind(msgspec.Struct, frozen=True):
    name: str
    table: Table
    thing_id: ColumnElement[Any]
    since: ColumnElement[Any]
    """Moment from which somebody waits for its end: of a parcel the answer's or the slot's."""
    over: Iterable[str]


_KINDS: Final = (
    _Kind("call", vending_calls, vending_calls.c.call_id, vending_calls.c.placed_at, CALL_OVER),
    _Kind("sale", vending_sales, vending_sales.c.sale_id, vending_sales.c.reserved_at, SALE_OVER),
    _Kind(
        "waybill",
        waybills,
        waybills.c.waybill_id,
        # a slot that was chosen for tomorrow is nothing that hangs
        func.coalesce(waybills.c.slot_at, waybills.c.answer_by),
        WAYBILL_OVER,
    ),
    _Kind("sweeping run", sweeping_runs, sweeping_runs.c.run_id, sweeping_runs.c.created_at, SWEEPING_OVER),
    _Kind("patrol run", patrol_runs, patrol_runs.c.run_id, patrol_runs.c.created_at, PATROL_OVER),
    _Kind("task", tasks, tasks.c.task_id, tasks.c.created_at, TASK_OVER),
)


async def read_begun(tx: Transaction, by: datetime) -> tuple[Begun, ...]:
    """Return all work of the services that was begun by a moment, over or not; orders are not among it."""
    found: list[Begun] = []
    for kind in _KINDS:
        over = set(kind.over)
        query = select(kind.thing_id, kind.table.c.state, kind.since).where(kind.since <= by)
        rows = await tx.execute(query.order_by(kind.since, kind.thing_id))
        found.extend(
            Begun(kind=kind.name, thing_id=row[0], state=row[1], is_over=row[1] in over, since=row[2])
            for row in rows
        )
    return tuple(found)


def counted(begun: Iterable[Begun]) -> str:
    """Return how much of each kind ended how, in a sentence.

    >>> at = datetime(2026, 12, 1)
    >>> counted([Begun(kind="call", thing_id="c", state="served", is_over=True, since=at)])
    'call: 1 served'
    """
    by_kind: dict[str, Counter[str]] = {}
    for one in begun:
        by_kind.setdefault(one.kind, Counter())[one.state] += 1
    return "; ".join(
        f"{kind}: {', '.join(f'{count} {state}' for state, count in sorted(states.items()))}"
        for kind, states in by_kind.items()
    )
