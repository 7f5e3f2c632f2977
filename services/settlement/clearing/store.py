"""SQL of clearings: crossings read out of the ledger, clearings and what was said of them only added."""

from collections.abc import Sequence
from datetime import date, datetime
from itertools import batched, groupby
from typing import Any

import msgspec
from sqlalchemy import Column, ColumnElement, Select, func, insert, or_, select, union_all

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound, VersionMismatch
from core.ids import OperatorId
from services.settlement.accounts import AccountKind
from services.settlement.clearing.clearing import Clearing, ClearingId, Step
from services.settlement.clearing.crossing import (
    Crossing,
    CrossingKind,
    PurseMove,
    crossings_of_purse,
)
from services.settlement.entry import EARNED_BY_BRINGING
from services.settlement.tables import (
    accounts,
    clearing_days,
    clearing_marks,
    clearing_rows,
    clearing_steps,
    clearings,
    journal_entries,
    postings,
)

ROWS_AT_ONCE, IDS_AT_ONCE = 200, 1_000


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far the journal had come when a local day was to be cleared: entries up to one, before a moment.

    ``marked_at`` is wall time.
    """

    day: date
    upto_entry_no: int
    ends_at: datetime
    marked_at: datetime

    def has(self, one: Crossing) -> bool:
        """Return whether a crossing belongs on a clearing of this day, unless an earlier one has it."""
        return one.entry_no <= self.upto_entry_no and one.at < self.ends_at


class ClearingStore:
    """Reads crossings; reads and adds clearings."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def newest_entry_no(self) -> int:
        """Return the number of the newest entry of the journal; 0 without any."""
        newest = (await self._tx.execute(select(func.max(journal_entries.c.entry_no)))).scalar()
        return int(newest or 0)

    async def crossings(self) -> list[Crossing]:
        """Return every crossing that the whole journal has, by posting.

        Reads all postings of the balances that more than one company has moved: the rest crosses nothing.
        """
        found = await self._carriage()
        rows = (await self._tx.execute(_shared_purses())).mappings()
        for _, moves in groupby(rows, key=lambda row: row["purse"]):
            found += crossings_of_purse([read_row(row, PurseMove) for row in moves])
        return sorted(found, key=lambda one: one.key)

    async def _carriage(self) -> list[Crossing]:
        """What bringing earned with a vehicle of another company; taken back, it crosses the other way."""
        found = []
        for column, is_earned in ((postings.c.to_account, True), (postings.c.from_account, False)):
            query = (
                select(
                    *(postings.c.entry_no, postings.c.line, postings.c.amount_fen, journal_entries.c.at),
                    *(journal_entries.c.order_id, journal_entries.c.operator, journal_entries.c.carrier),
                )
                .join(journal_entries, journal_entries.c.entry_no == postings.c.entry_no)
                .join(accounts, accounts.c.account_id == column)
                .where(
                    journal_entries.c.carrier.is_not(None),
                    postings.c.kind.in_(sorted(kind.value for kind in EARNED_BY_BRINGING)),
                    accounts.c.kind == AccountKind.DELIVERY_FEES.value,
                )
            )
            for row in (await self._tx.execute(query)).mappings():
                pair = (row["operator"], row["carrier"])
                debtor, creditor = pair if is_earned else pair[::-1]
                fields = {name: row[name] for name in ("entry_no", "line", "amount_fen", "at", "order_id")}
                found.append(
                    Crossing(
                        **fields,
                        part=0,
                        kind=CrossingKind.CARRIAGE,
                        debtor=OperatorId(debtor),
                        creditor=OperatorId(creditor),
                        sale_id=None,
                    )
                )
        return found

    async def cleared(self) -> dict[ClearingId, list[Crossing]]:
        """Return every crossing that stands on a clearing, by clearing and posting."""
        by_posting = (clearing_rows.c.entry_no, clearing_rows.c.line, clearing_rows.c.part)
        found: dict[ClearingId, list[Crossing]] = {}
        for row in (await self._tx.execute(select(clearing_rows).order_by(*by_posting))).mappings():
            found.setdefault(ClearingId(row["clearing_id"]), []).append(read_row(row, Crossing))
        return found

    async def rows(self, clearing_id: ClearingId) -> list[Crossing]:
        """Return the rows of one clearing, by posting."""
        query = (
            select(clearing_rows)
            .where(clearing_rows.c.clearing_id == clearing_id)
            .order_by(clearing_rows.c.entry_no, clearing_rows.c.line, clearing_rows.c.part)
        )
        return [read_row(row, Crossing) for row in (await self._tx.execute(query)).mappings()]

    async def next_number(self, first: OperatorId, second: OperatorId) -> int:
        """Return the number of the next clearing of a pair."""
        of_both = (clearings.c.first == first, clearings.c.second == second)
        last = (await self._tx.execute(select(func.max(clearings.c.number)).where(*of_both))).scalar()
        return int(last or 0) + 1

    async def add(self, one: Clearing, rows: Sequence[Crossing]) -> None:
        """Keep a closed clearing with its rows; the store refuses a row that another has."""
        await self._tx.execute(insert(clearings).values(msgspec.structs.asdict(one)))
        values = [{"clearing_id": one.clearing_id, **msgspec.structs.asdict(row)} for row in rows]
        for start in range(0, len(values), ROWS_AT_ONCE):
            await self._tx.execute(insert(clearing_rows), values[start : start + ROWS_AT_ONCE])

    async def listed(self, operator: OperatorId | None, *, limit: int | None = None) -> list[Clearing]:
        """Return clearings of a company, of everybody without one, the newest day first."""
        query = select(clearings).order_by(clearings.c.day.desc(), clearings.c.first, clearings.c.second)
        if operator is not None:
            query = query.where(_concerns(operator))
        return [read_row(row, Clearing) for row in (await self._tx.execute(query.limit(limit))).mappings()]

    async def one(self, clearing_id: ClearingId, operator: OperatorId) -> Clearing:
        """Return a clearing that concerns a company; raise NotFound."""
        query = select(clearings).where(clearings.c.clearing_id == clearing_id, _concerns(operator))
        row = (await self._tx.execute(query)).mappings().first()
        if row is None:
            raise NotFound("not-found", "there is no such clearing", clearing_id=clearing_id)
        return read_row(row, Clearing)

    async def steps_of(self, ids: Sequence[ClearingId]) -> dict[ClearingId, tuple[Step, ...]]:
        """Return what was said of clearings, first to last; one of which nothing was said has no steps."""
        found: dict[ClearingId, tuple[Step, ...]] = dict.fromkeys(ids, ())
        for some in batched(sorted(found), IDS_AT_ONCE):
            query = select(clearing_steps).where(clearing_steps.c.clearing_id.in_(some))
            query = query.order_by(clearing_steps.c.clearing_id, clearing_steps.c.seq)
            for row in (await self._tx.execute(query)).mappings():
                step = read_row(row, Step)
                found[step.clearing_id] = (*found[step.clearing_id], step)
        return found

    async def add_step(self, step: Step) -> None:
        """Keep what was said; raise VersionMismatch when somebody was faster."""
        if not await insert_new(self._tx, clearing_steps, msgspec.structs.asdict(step)):
            raise VersionMismatch("version-mismatch", clearing_id=step.clearing_id, version=step.seq)

    async def mark_of(self, day: date) -> Mark | None:
        """Return how far the journal had come when a day was to be cleared; None before anybody noted it."""
        row = (await self._tx.execute(select(clearing_marks).where(clearing_marks.c.day == day))).mappings()
        found = row.first()
        return None if found is None else read_row(found, Mark)

    async def mark(self, mark: Mark) -> bool:
        """Note how far the journal has come; say whether it was new."""
        return await insert_new(self._tx, clearing_marks, msgspec.structs.asdict(mark))

    async def last_closed(self) -> Mark | None:
        """Return the mark of the newest day whose clearings are all there."""
        query = select(clearing_marks).join(clearing_days, clearing_days.c.day == clearing_marks.c.day)
        rows = await self._tx.execute(query.order_by(clearing_marks.c.day.desc()).limit(1))
        found = rows.mappings().first()
        return None if found is None else read_row(found, Mark)

    async def has_closed(self, day: date) -> bool:
        """Return whether the clearings of a day are all there."""
        query = select(clearing_days.c.day).where(clearing_days.c.day == day)
        return (await self._tx.execute(query)).first() is not None

    async def close(self, day: date, *, at: datetime) -> bool:
        """Take a day to close it; False when it is closed. Whoever comes second waits for the first's end."""
        return await insert_new(self._tx, clearing_days, {"day": day, "closed_at": at})


def _concerns(operator: OperatorId) -> ColumnElement[bool]:
    return or_(clearings.c.first == operator, clearings.c.second == operator)


def _side(column: Column[Any], sign: int) -> Select[Any]:
    return (
        select(
            *(accounts.c.account_id.label("purse"), postings.c.entry_no, postings.c.line),
            (postings.c.amount_fen * sign).label("amount_fen"),
            *(journal_entries.c.at, journal_entries.c.operator),
            *(journal_entries.c.order_id, journal_entries.c.sale_id),
        )
        .join(accounts, accounts.c.account_id == column)
        .join(journal_entries, journal_entries.c.entry_no == postings.c.entry_no)
        .where(accounts.c.kind == AccountKind.RESIDENT_BALANCE.value)
    )


def _shared_purses() -> Select[Any]:
    """Every move of the balances that entries of more than one company have moved, in order."""
    moves = union_all(_side(postings.c.to_account, 1), _side(postings.c.from_account, -1)).cte("moves")
    shared = select(moves.c.purse).group_by(moves.c.purse).having(func.count(moves.c.operator.distinct()) > 1)
    return (
        select(moves).where(moves.c.purse.in_(shared)).order_by(moves.c.purse, moves.c.entry_no, moves.c.line)
    )
