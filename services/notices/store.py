"""SQL of notices and wishes: one row per subject, occasion, turn and channel, compare-and-set."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import only, within
from core.database import CompareAndSet, Transaction, insert_new
from core.database.rows import read_row
from core.database.statements import insert_new_rows
from core.errors import Conflict, NotFound
from core.ids import NoticeId, ResidentId
from services.notices.kinds import Channel, NoticeEvent, NoticeState, Occasion
from services.notices.notice import Notice, advance
from services.notices.tables import notices, recipient_wishes
from services.notices.wishes import Wishes


class ChannelCost(msgspec.Struct, frozen=True, kw_only=True):
    """What one channel did and cost within a span."""

    channel: Channel
    sent: int
    delivered: int
    undelivered: int
    given_up: int
    not_needed: int
    cost_fen: int


_UNCHANGED = CompareAndSet(notices, "notice_id", "version")


class NoticeStore:
    """Reads and moves notices. Every list for somebody takes his reach."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, found: Sequence[Notice]) -> int:
        """Store those notices that are not there yet; return how many were new."""
        return await insert_new_rows(self._tx, notices, [_values(notice) for notice in found])

    async def get(self, notice_id: NoticeId) -> Notice:
        """Return one notice; raise NotFound."""
        found = await self._select(select(notices).where(notices.c.notice_id == notice_id))
        if not found:
            raise NotFound("not-found", "no such notice", notice_id=notice_id)
        return found[0]

    async def move(self, notice: Notice, event: NoticeEvent, *, at: datetime) -> Notice:
        """Advance and write the notice. Raises IllegalTransition, and Conflict on a lost race."""
        moved = advance(notice, event, at=at)
        await self._write(notice, moved)
        return moved

    async def note(self, notice: Notice, **changes: object) -> Notice:
        """Write what is no event: a claim, a failed try, another hour; raise Conflict on a lost race."""
        noted: Notice = msgspec.structs.replace(notice, version=notice.version + 1, **changes)
        await self._write(notice, noted)
        return noted

    async def due(self, *, at: datetime, wall: datetime, limit: int) -> list[Notice]:
        """Return what is to be sent by now and nobody holds, the longest due first."""
        query = select(notices).where(*_due(at, wall)).order_by(notices.c.due_at, notices.c.notice_id)
        return await self._select(query.limit(limit))

    async def count_due(self, *, at: datetime, wall: datetime) -> int:
        """Return how many notices are to be sent by now and nobody holds."""
        query = select(func.count()).select_from(notices).where(*_due(at, wall))
        return int((await self._tx.execute(query)).scalar_one())

    async def of_subject(self, subject: str, *, states: Sequence[NoticeState] = ()) -> list[Notice]:
        """Return the notices about one thing, in the order in which they were wanted."""
        query = select(notices).where(notices.c.subject == subject)
        if states:
            query = query.where(notices.c.state.in_(sorted(states)))
        return await self._select(query.order_by(notices.c.wanted_at, notices.c.due_at, notices.c.notice_id))

    async def page(
        self,
        reach: Reach,
        *,
        states: Sequence[NoticeState] = (),
        channel: Channel | None = None,
        occasion: Occasion | None = None,
        subject: str | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int = 100,
    ) -> list[Notice]:
        """Return notices within the reach, newest first; ``before`` is the (wanted_at, id) of the last."""
        query = select(notices).where(*_within(reach))
        if states:
            query = query.where(notices.c.state.in_(sorted(states)))
        for column, value in (
            (notices.c.channel, channel),
            (notices.c.occasion, occasion),
            (notices.c.subject, subject),
        ):
            query = query if value is None else query.where(column == value)
        if before is not None:
            at, notice_id = before
            same = and_(notices.c.wanted_at == at, notices.c.notice_id < notice_id)
            query = query.where((notices.c.wanted_at < at) | same)
        newest = query.order_by(notices.c.wanted_at.desc(), notices.c.notice_id.desc())
        return await self._select(newest.limit(limit))

    async def costs(self, reach: Reach, *, since: datetime) -> list[ChannelCost]:
        """Return what each channel did and cost since a moment, by channel."""
        query = (
            select(notices.c.channel, notices.c.state, func.count(), func.sum(notices.c.cost_fen))
            .where(*_within(reach), notices.c.wanted_at >= since)
            .group_by(notices.c.channel, notices.c.state)
        )
        rows = (await self._tx.execute(query)).all()
        return [_cost(channel, [row for row in rows if row[0] == channel]) for channel in Channel]

    async def _select(self, query: Select[Any]) -> list[Notice]:
        return [read_row(row, Notice) for row in (await self._tx.execute(query)).mappings()]

    async def _write(self, before: Notice, after: Notice) -> None:
        if not await _UNCHANGED.write(self._tx, before, _values(after)):
            raise Conflict("conflict", "the notice was changed in between", notice_id=before.notice_id)


class WishStore:
    """Reads and writes how people want to be reached."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def of(self, resident_id: ResidentId) -> Wishes:
        """Return somebody's wishes, the usual ones when she said nothing."""
        return (await self.of_all([resident_id]))[resident_id]

    async def of_all(self, ids: Sequence[ResidentId]) -> dict[ResidentId, Wishes]:
        """Return the wishes of several people."""
        wanted = sorted(set(ids))
        table = recipient_wishes
        rows = (await self._tx.execute(select(table).where(table.c.resident_id.in_(wanted)))).mappings()
        found = {ResidentId(row["resident_id"]): read_row(row, Wishes) for row in rows}
        return {one: found.get(one, Wishes(resident_id=one)) for one in wanted}

    async def put(self, wishes: Wishes) -> None:
        """Keep somebody's wishes in place of earlier ones."""
        values = msgspec.structs.asdict(wishes)
        if not await insert_new(self._tx, recipient_wishes, values):
            row = recipient_wishes.c.resident_id == wishes.resident_id
            await self._tx.execute(update(recipient_wishes).where(row).values(values))


def _within(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (
        within(notices.c.district, reach.districts),
        within(notices.c.operator, reach.operators),
        only(notices.c.resident_id, reach.resident),
    )


def _due(at: datetime, wall: datetime) -> tuple[ColumnElement[bool], ...]:
    is_free = or_(notices.c.held_until.is_(None), notices.c.held_until <= wall)
    return notices.c.state == NoticeState.WAITING.value, notices.c.due_at <= at, is_free


def _cost(channel: Channel, rows: Sequence[Any]) -> ChannelCost:
    counts = {NoticeState(state): int(count) for _, state, count, _ in rows}
    done = (NoticeState.SENT, NoticeState.DELIVERED, NoticeState.UNDELIVERED)
    return ChannelCost(
        channel=channel,
        sent=sum(counts.get(state, 0) for state in done),
        delivered=counts.get(NoticeState.DELIVERED, 0),
        undelivered=counts.get(NoticeState.UNDELIVERED, 0),
        given_up=counts.get(NoticeState.GIVEN_UP, 0),
        not_needed=counts.get(NoticeState.NOT_NEEDED, 0),
        cost_fen=sum(int(cost or 0) for _, _, _, cost in rows),
    )


def _values(notice: Notice) -> dict[str, Any]:
    return {field: getattr(notice, field) for field in notice.__struct_fields__}
