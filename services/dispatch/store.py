"""SQL of decisions: one row for each assignment, one for each different reason of waiting."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import insert, select, update

from core.database import Transaction
from core.errors import NotFound
from core.ids import DecisionId, DistrictCode, OrderId, TaskId, VehicleNo, new_id
from services.dispatch.explanation import Explanation
from services.dispatch.tables import decisions
from services.rows import read_row

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
        return await self._add(explanation, district, "assigned", task_id)

    async def nobody(self, explanation: Explanation, district: DistrictCode) -> bool:
        """Keep why an order goes on waiting; return False when that is what the last decision said too."""
        newest = select(decisions.c.decision_id, decisions.c.outcome, decisions.c.fingerprint).where(
            decisions.c.order_id == explanation.order_id
        )
        row = (
            await self._tx.execute(
                newest.order_by(decisions.c.at.desc(), decisions.c.decision_id.desc()).limit(1)
            )
        ).one_or_none()
        if row is not None and row.outcome == "nobody" and row.fingerprint == _fingerprint(explanation):
            same = update(decisions).where(decisions.c.decision_id == row.decision_id)
            await self._tx.execute(same.values(last_at=explanation.at))
            return False
        await self._add(explanation, district, "nobody", None)
        return True

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

    async def _add(
        self, explanation: Explanation, district: DistrictCode, outcome: Outcome, task_id: TaskId | None
    ) -> DecisionId:
        decision_id = DecisionId(new_id())
        await self._tx.execute(
            insert(decisions).values(
                decision_id=decision_id,
                order_id=explanation.order_id,
                district=district,
                at=explanation.at,
                last_at=explanation.at,
                outcome=outcome,
                task_id=task_id,
                vehicle_no=explanation.chosen,
                fingerprint=_fingerprint(explanation),
                explanation=explanation,
            )
        )
        return decision_id


def _fingerprint(explanation: Explanation) -> str:
    """Return what makes two reasons of waiting the same for a person: the sentence, not the numbers behind
    it."""
    said = f"{explanation.reason}|{explanation.text_zh}"
    return hashlib.sha256(said.encode()).hexdigest()
