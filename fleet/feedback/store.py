"""SQL of what people on the street said: compare-and-set on the version, reads within a reach."""

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, func, literal, select, tuple_, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.changes import tell_changed
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound, VersionMismatch
from core.ids import FeedbackId, VehicleNo
from fleet.feedback.feedback import Feedback
from fleet.feedback.kinds import UNANSWERED, FeedbackKind, FeedbackState
from fleet.feedback.tables import feedback

_NEWEST_FIRST = (feedback.c.received_at.desc(), feedback.c.feedback_id.desc())


class FeedbackPlace(NamedTuple):
    """Where one stands in the list."""

    received_at: datetime
    feedback_id: str


class FeedbackStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, said: Feedback) -> bool:
        """Store and announce it; return False when it was said before under the same token."""
        if not await insert_new(self._tx, feedback, msgspec.structs.asdict(said)):
            return False
        tell_changed(self._tx, "feedback", said.feedback_id, at=said.received_at)
        return True

    async def of_token(self, token_hash: str) -> Feedback | None:
        """Return what whoever holds the token said, None for an unknown one."""
        found = await self._all(select(feedback).where(feedback.c.token_hash == token_hash))
        return found[0] if found else None

    async def get(self, feedback_id: FeedbackId, reach: Reach) -> Feedback:
        """Return one within the reach; raise NotFound when there is none."""
        found = await self._all(_reachable(reach).where(feedback.c.feedback_id == feedback_id))
        if not found:
            raise NotFound("not-found", "nobody said such a thing", feedback_id=feedback_id)
        return found[0]

    async def unanswered(self, vehicle_no: VehicleNo, kind: FeedbackKind) -> list[Feedback]:
        """Return what of one kind was said of a vehicle and is not answered, the oldest first."""
        query = select(feedback).where(
            feedback.c.vehicle_no == vehicle_no,
            feedback.c.kind == kind.value,
            feedback.c.state.in_(sorted(UNANSWERED)),
        )
        return await self._all(query.order_by(feedback.c.received_at, feedback.c.feedback_id))

    async def count_unanswered(self, vehicle_no: VehicleNo) -> int:
        """Return how much was said of a vehicle that is not answered."""
        query = select(func.count()).where(
            feedback.c.vehicle_no == vehicle_no, feedback.c.state.in_(sorted(UNANSWERED))
        )
        return int((await self._tx.execute(query)).scalar_one())

    async def page(
        self,
        reach: Reach,
        *,
        states: Collection[FeedbackState] = (),
        after: FeedbackPlace | None = None,
        limit: int = 100,
    ) -> list[Feedback]:
        """Return what was said of vehicles within the reach, the newest first; empty `states` gives all."""
        query = _reachable(reach)
        if states:
            query = query.where(feedback.c.state.in_(sorted(state.value for state in states)))
        if after is not None:
            bound = tuple_(
                literal(after.received_at, feedback.c.received_at.type), literal(after.feedback_id)
            )
            query = query.where(tuple_(feedback.c.received_at, feedback.c.feedback_id) < bound)
        return await self._all(query.order_by(*_NEWEST_FIRST).limit(limit))

    async def save(self, before: Feedback, after: Feedback, *, at: datetime) -> Feedback:
        """Write `after` over exactly `before`; raise VersionMismatch when somebody was faster."""
        written = await self._tx.execute(
            update(feedback)
            .where(feedback.c.feedback_id == before.feedback_id, feedback.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise VersionMismatch(
                "version-mismatch",
                "somebody else was faster; read it again",
                feedback_id=before.feedback_id,
                version=before.version,
            )
        tell_changed(self._tx, "feedback", after.feedback_id, at=at)
        return after

    async def _all(self, query: Select[Any]) -> list[Feedback]:
        return [read_row(row, Feedback) for row in (await self._tx.execute(query)).mappings()]


def _reachable(reach: Reach) -> Select[Any]:
    return select(feedback).where(
        within(feedback.c.district, reach.districts),
        within(feedback.c.operator, reach.operators),
        within(feedback.c.vehicle_no, reach.vehicles),
    )
