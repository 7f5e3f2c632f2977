"""SQL of decisions: one row for each assignment, one for each different reason of waiting."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Row, func, insert, select, update

from core.database import Transaction
from core.database.rows import read_row
from core.errors import NotFound
from core.ids import DecisionId, DistrictCode, OrderId, TaskId, VehicleNo, new_id
from services.dispatch.explanation import Explanation
from services.dispatch.tables import decisions

Outcome = Literal["assigned", "nobody"]


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """One decision about one order. ``last_at`` is when the same reason of waiting was found again."""

    decision_id: DecisionId
    order_id: OrderId
    district: DistrictCode
    at: datetime
    last_at: datetime
    outcome: Outcome
    task_id: TaskId | None
    vehicle_no: VehicleNo | None
    explanation: Explanation


class DecisionStore:
    """Writes decisions with the claim and reads them for operators."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def assigned(self, explanation: Explanation, district: DistrictCode, task_id: TaskId) -> DecisionId:
        """Keep why an order was given to its vehicle."""
        row = _row(explanation, district, "assigned", task_id)
        await self._tx.execute(insert(decisions).values(row))
        return DecisionId(row["decision_id"])

    async def nobody(
        self, explanations: Sequence[Explanation], district: DistrictCode, *, at: datetime
    ) -> int:
        """Keep why some orders of a zone go on waiting; return how many of the reasons are new.

        One that the last decision about its order said too is found again: only its ``last_at`` moves.
        """
        newest = await self._newest_reasons([each.order_id for each in explanations])
        same, fresh = [], []
        for each in explanations:
            known = newest.get(each.order_id)
            if known is not None and known.fingerprint == _fingerprint(each):
                same.append(known.decision_id)
            else:
                fresh.append(_row(each, district, "nobody", None))
        if same:
            again = update(decisions).where(decisions.c.decision_id.in_(same))
            await self._tx.execute(again.values(last_at=at))
        if fresh:
            await self._tx.execute(insert(decisions), fresh)
        return len(fresh)

    async def of_order(self, order_id: OrderId, *, limit: int = 20) -> list[Decision]:
        """Return the decisions about an order, newest first. Read the order with a reach before."""
        query = select(decisions).where(decisions.c.order_id == order_id)
        rows = await self._tx.execute(
            query.order_by(decisions.c.at.desc(), decisions.c.decision_id.desc()).limit(limit)
        )
        return [read_row(row, Decision) for row in rows.mappings()]

    async def get(self, decision_id: DecisionId) -> Decision:
        """Return a decision; raise NotFound when there is none. Read its order with a reach after."""
        query = select(decisions).where(decisions.c.decision_id == decision_id)
        row = (await self._tx.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFound("not-found", "no such decision", decision_id=decision_id)
        return read_row(row, Decision)

    async def of_round(self, district: DistrictCode, at: datetime) -> list[Decision]:
        """Return what was decided in a zone at one moment, the orders in the order of their ids."""
        query = select(decisions).where(decisions.c.district == district, decisions.c.at == at)
        rows = await self._tx.execute(query.order_by(decisions.c.order_id))
        return [read_row(row, Decision) for row in rows.mappings()]

    async def newest(self, district: DistrictCode, *, limit: int) -> list[Decision]:
        """Return the newest decisions of a zone. Read their orders with a reach after."""
        query = select(decisions).where(decisions.c.district == district)
        rows = await self._tx.execute(
            query.order_by(decisions.c.at.desc(), decisions.c.decision_id.desc()).limit(limit)
        )
        return [read_row(row, Decision) for row in rows.mappings()]

    async def newest_of(self, ids: Sequence[OrderId]) -> dict[OrderId, Decision]:
        """Return the newest decision about each of several orders. Read the orders with a reach before."""
        if not ids:
            return {}
        query = select(decisions).where(decisions.c.order_id.in_(sorted(set(ids))))
        rows = await self._tx.execute(query.order_by(decisions.c.at, decisions.c.decision_id))
        return {OrderId(row["order_id"]): read_row(row, Decision) for row in rows.mappings()}

    async def _newest_reasons(self, ids: Sequence[OrderId]) -> dict[OrderId, Row[Any]]:
        d = decisions.c
        age = func.row_number().over(partition_by=d.order_id, order_by=(d.at.desc(), d.decision_id.desc()))
        lines = select(d.order_id, d.decision_id, d.fingerprint, age.label("age"))
        newest = lines.where(d.order_id.in_(ids)).subquery()
        rows = await self._tx.execute(select(newest).where(newest.c.age == 1))
        return {OrderId(row.order_id): row for row in rows}


def _row(
    explanation: Explanation, district: DistrictCode, outcome: Outcome, task_id: TaskId | None
) -> dict[str, Any]:
    return {
        "decision_id": DecisionId(new_id()),
        "order_id": explanation.order_id,
        "district": district,
        "at": explanation.at,
        "last_at": explanation.at,
        "outcome": outcome,
        "task_id": task_id,
        "vehicle_no": explanation.chosen,
        "fingerprint": _fingerprint(explanation),
        "explanation": explanation,
    }


def _fingerprint(explanation: Explanation) -> str:
    """Return what makes two reasons of waiting the same for a person: the sentence, not the numbers behind
    it."""
    said = f"{explanation.reason}|{explanation.text_zh}"
    return hashlib.sha256(said.encode()).hexdigest()
