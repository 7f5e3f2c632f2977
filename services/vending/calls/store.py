"""SQL of calls: compare-and-set on the version, one line of history for every event."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, func, insert, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import only, within
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import CallId, DistrictCode, OperatorId, ResidentId, TaskId
from services.vending.calls.call import Coming, VendingCall, advance
from services.vending.calls.decision import CallDecision
from services.vending.calls.states import OPEN, CallEvent, CallState
from services.vending.tables import vending_call_events, vending_calls


class CallStore:
    """Reads and moves calls. Every read for somebody takes his reach."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, call: VendingCall, *, actor: str) -> None:
        """Store a new call; raise Conflict while the resident has another that is open."""
        if not await insert_new(self._tx, vending_calls, _values(call)):
            raise Conflict("call-open", "one call at a time", resident_id=call.resident_id)
        await self._note(None, call, "called", actor, call.placed_at)

    async def get(self, call_id: CallId, reach: Reach) -> VendingCall:
        """Return a call within the reach; raise NotFound."""
        query = select(vending_calls).where(vending_calls.c.call_id == call_id, *_within(reach))
        found = await self._select(query)
        if not found:
            raise NotFound("not-found", "no such call", call_id=call_id)
        return found[0]

    async def listed(
        self, reach: Reach, *, states: Sequence[CallState] = (), limit: int = 50
    ) -> list[VendingCall]:
        """Return calls within the reach, newest first; no states means all."""
        query = select(vending_calls).where(*_within(reach))
        if states:
            query = query.where(vending_calls.c.state.in_(sorted(states)))
        return await self._select(query.order_by(vending_calls.c.placed_at.desc()).limit(limit))

    async def waiting(self, district: DistrictCode, operator: OperatorId) -> list[VendingCall]:
        """Return the calls of a zone that no vehicle has, the longest waiting first."""
        query = select(vending_calls).where(
            vending_calls.c.state == CallState.CREATED,
            vending_calls.c.district == district,
            vending_calls.c.operator == operator,
        )
        return await self._select(query.order_by(vending_calls.c.placed_at, vending_calls.c.call_id))

    async def open_ones(self, *, limit: int = 1000) -> list[VendingCall]:
        """Return every open call, the oldest first."""
        query = select(vending_calls).where(vending_calls.c.state.in_(sorted(OPEN)))
        return await self._select(query.order_by(vending_calls.c.placed_at).limit(limit))

    async def at_place(self, place_id: str, operator: OperatorId) -> list[VendingCall]:
        """Return the open calls for a stop, the oldest first."""
        query = select(vending_calls).where(
            vending_calls.c.place_id == place_id,
            vending_calls.c.operator == operator,
            vending_calls.c.state.in_(sorted(OPEN)),
        )
        return await self._select(query.order_by(vending_calls.c.placed_at, vending_calls.c.call_id))

    async def of_task(self, task_id: TaskId) -> list[VendingCall]:
        """Return the calls that a task serves or served, in the order in which they came."""
        query = select(vending_calls).where(vending_calls.c.task_id == task_id)
        return await self._select(query.order_by(vending_calls.c.placed_at, vending_calls.c.call_id))

    async def waiting_at(self, district: DistrictCode) -> dict[str, int]:
        """Return how many open calls there are for each stop of a district."""
        query = (
            select(vending_calls.c.place_id, func.count().label("calls"))
            .where(vending_calls.c.district == district, vending_calls.c.state.in_(sorted(OPEN)))
            .group_by(vending_calls.c.place_id)
        )
        return {row.place_id: int(row.calls) for row in await self._tx.execute(query)}

    async def open_of(self, resident_id: ResidentId) -> VendingCall | None:
        """Return the call that a resident waits for, or None."""
        query = select(vending_calls).where(
            vending_calls.c.resident_id == resident_id, vending_calls.c.state.in_(sorted(OPEN))
        )
        found = await self._select(query)
        return found[0] if found else None

    async def called_from(self, district: DistrictCode, *, since: datetime) -> list[VendingCall]:
        """Return the calls of a district since a moment: where demand was."""
        query = select(vending_calls).where(
            vending_calls.c.district == district, vending_calls.c.placed_at >= since
        )
        return await self._select(query.order_by(vending_calls.c.placed_at.desc()).limit(2_000))

    async def move(
        self,
        call: VendingCall,
        event: CallEvent,
        *,
        at: datetime,
        actor: str,
        coming: Coming | None = None,
        leaves_at: datetime | None = None,
        reason: str = "",
    ) -> VendingCall:
        """Advance and write a call; raise IllegalTransition, and Conflict on a lost race."""
        moved = advance(call, event, at=at, coming=coming, leaves_at=leaves_at, reason=reason)
        written = await self._tx.execute(
            update(vending_calls)
            .where(
                vending_calls.c.call_id == call.call_id,
                vending_calls.c.version == call.version,
                vending_calls.c.state == call.state,
            )
            .values(_values(moved))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the call was changed in between", call_id=call.call_id)
        await self._note(call, moved, event.value, actor, at)
        return moved

    async def explain(self, call: VendingCall, decision: CallDecision) -> VendingCall:
        """Return a call that waits on with why; raise Conflict when it changed in between."""
        written = await self._tx.execute(
            update(vending_calls)
            .where(vending_calls.c.call_id == call.call_id, vending_calls.c.version == call.version)
            .values(decision=decision)
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the call was changed in between", call_id=call.call_id)
        return msgspec.structs.replace(call, decision=decision)

    async def history(self, call_id: CallId) -> list[tuple[str, str]]:
        """Return (event, state after it) of a call, first to last. Read the call with a reach before."""
        query = select(vending_call_events).where(vending_call_events.c.call_id == call_id)
        rows = await self._tx.execute(query.order_by(vending_call_events.c.version))
        return [(row.event, row.to_state) for row in rows]

    async def _note(
        self, before: VendingCall | None, after: VendingCall, event: str, actor: str, at: datetime
    ) -> None:
        await self._tx.execute(
            insert(vending_call_events).values(
                call_id=after.call_id,
                version=after.version,
                at=at,
                event=event,
                from_state=None if before is None else before.state,
                to_state=after.state,
                actor=actor,
                vehicle_no=after.vehicle_no or (None if before is None else before.vehicle_no),
            )
        )

    async def _select(self, query: Select[Any]) -> list[VendingCall]:
        return [read_row(row, VendingCall) for row in (await self._tx.execute(query)).mappings()]


def _within(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (
        within(vending_calls.c.district, reach.districts),
        within(vending_calls.c.operator, reach.operators),
        only(vending_calls.c.resident_id, reach.resident),
    )


def _values(call: VendingCall) -> dict[str, Any]:
    return {field: getattr(call, field) for field in call.__struct_fields__}
