"""Work for schedules that is nothing but a line in the outbox: whatever happened twice would stand there
twice."""

import asyncio
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select

from core.auth.principal import Reach
from core.database import Database, Transaction
from core.errors import NotFound
from core.ids import DistrictCode, OperatorId
from core.outbox import emit, outbox
from services.schedules.port import Subject
from services.schedules.schedule import Occurrence

BEAT = Subject(
    subject_id="b-1",
    name_zh="示例巡线",
    name_en="Sample beat",
    district=DistrictCode("KB"),
    operator=OperatorId("op-a"),
    holds=("beat:b-1",),
)


class Logbook:
    """Writes what it is told into the transaction that tells it."""

    def __init__(self) -> None:
        self.hindrance: str | None = None
        self.is_gone = False
        self.meeting: asyncio.Barrier | None = None
        """Who comes due waits a moment for another that does so too, which none may."""
        self.have_met = False
        """Whether two of them stood here at once."""

    async def subject(self, _tx: Transaction, subject_id: str, reach: Reach, /) -> Subject:
        is_reached = reach.operators is None or BEAT.operator in reach.operators
        if subject_id != BEAT.subject_id or not is_reached:
            raise NotFound("not-found", subject_id=subject_id)
        return BEAT

    async def subjects(self, _tx: Transaction, _reach: Reach, /) -> list[Subject]:
        return [BEAT]

    async def came_due(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> str | None:
        if self.is_gone:
            raise NotFound("not-found", subject_id=occurrence.subject_id)
        if self.meeting is not None:
            with suppress(TimeoutError, asyncio.BrokenBarrierError):
                await asyncio.wait_for(self.meeting.wait(), 1.0)
                self.have_met = True
        if self.hindrance is None:
            await _note(tx, "work.due", occurrence, at)
        return self.hindrance

    async def withdrawn(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> None:
        await _note(tx, "work.withdrawn", occurrence, at)


async def _note(tx: Transaction, topic: str, occurrence: Occurrence, at: datetime) -> None:
    payload = {"slot_at": occurrence.slot_at.isoformat()}
    await emit(tx, topic, payload, key=occurrence.occurrence_id, at=at)


async def lines(database: Database, topic: str = "work.due") -> list[str]:
    """Return the slots that were noted, in the order they were."""
    query = select(outbox.c.payload).where(outbox.c.topic == topic).order_by(outbox.c.id)
    async with database.read() as tx:
        return [row.payload["slot_at"] for row in await tx.execute(query)]
