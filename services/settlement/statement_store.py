"""SQL of statements: what no statement has yet, and statements that are only ever added."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, case, func, insert, literal, or_, select

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound
from core.ids import MerchantId, OperatorId
from services.settlement.accounts import AccountKind, account
from services.settlement.statement import Statement, StatementId, StatementLine
from services.settlement.store import touches
from services.settlement.tables import (
    accounts,
    journal_entries,
    postings,
    statement_days,
    statement_lines,
    statements,
)


class StatementStore:
    """Reads and adds statements."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def waiting(self, before: datetime) -> list[tuple[OperatorId, MerchantId]]:
        """Return every operator and merchant between whom something moved that stands on no statement."""
        is_merchants = accounts.c.account_id.in_([postings.c.from_account, postings.c.to_account])
        query = (
            select(journal_entries.c.operator, accounts.c.owner)
            .join(postings, postings.c.entry_no == journal_entries.c.entry_no)
            .join(accounts, is_merchants)
            .outerjoin(statement_lines, _same_posting())
            .where(
                accounts.c.kind == AccountKind.MERCHANT.value,
                statement_lines.c.entry_no.is_(None),
                journal_entries.c.at < before,
            )
            .distinct()
            .order_by(journal_entries.c.operator, accounts.c.owner)
        )
        return [(OperatorId(row[0]), MerchantId(row[1])) for row in await self._tx.execute(query)]

    async def pending(
        self, operator: OperatorId | None, merchant_id: MerchantId, before: datetime
    ) -> list[StatementLine]:
        """Return what stands on no statement yet, in the order it was posted."""
        query = (
            self._lines(merchant_id)
            .outerjoin(statement_lines, _same_posting())
            .where(statement_lines.c.entry_no.is_(None), journal_entries.c.at < before)
        )
        if operator is not None:
            query = query.where(journal_entries.c.operator == operator)
        return await self._read(query)

    async def last(self, operator: OperatorId, merchant_id: MerchantId) -> Statement | None:
        """Return the newest statement."""
        of_both = (statements.c.operator == operator, statements.c.merchant_id == merchant_id)
        query = select(statements).where(*of_both).order_by(statements.c.number.desc()).limit(1)
        row = (await self._tx.execute(query)).mappings().first()
        return None if row is None else read_row(row, Statement)

    async def add(self, statement: Statement, lines: Sequence[StatementLine]) -> None:
        """Keep a closed statement with its lines; a posting stands on one statement only."""
        await self._tx.execute(insert(statements).values(msgspec.structs.asdict(statement)))
        rows = [
            {
                "entry_no": line.entry_no,
                "line": line.line,
                "statement_id": statement.statement_id,
                "amount_fen": line.amount_fen,
                "is_late": line.is_late,
            }
            for line in lines
        ]
        await self._tx.execute(insert(statement_lines), rows)

    async def listed(
        self,
        *,
        operator: OperatorId | None = None,
        merchants: frozenset[MerchantId] | None = None,
        day: date | None = None,
        limit: int,
    ) -> list[Statement]:
        """Return statements, the newest day first."""
        query = select(statements).order_by(statements.c.day.desc(), statements.c.statement_id)
        if operator is not None:
            query = query.where(statements.c.operator == operator)
        if merchants is not None:
            query = query.where(statements.c.merchant_id.in_(sorted(merchants)))
        if day is not None:
            query = query.where(statements.c.day == day)
        return [read_row(row, Statement) for row in (await self._tx.execute(query.limit(limit))).mappings()]

    async def one(
        self,
        statement_id: StatementId,
        *,
        operator: OperatorId | None = None,
        merchants: frozenset[MerchantId] | None = None,
    ) -> Statement:
        """Return a statement of the operator or merchant; raise NotFound."""
        query = select(statements).where(statements.c.statement_id == statement_id)
        if operator is not None:
            query = query.where(statements.c.operator == operator)
        if merchants is not None:
            query = query.where(statements.c.merchant_id.in_(sorted(merchants)))
        row = (await self._tx.execute(query)).mappings().first()
        if row is None:
            raise NotFound("not-found", "there is no such statement", statement_id=statement_id)
        return read_row(row, Statement)

    async def lines(self, statement: Statement) -> list[StatementLine]:
        """Return the lines of a statement in the order they were posted."""
        query = (
            self._lines(statement.merchant_id)
            .add_columns(statement_lines.c.is_late)
            .join(statement_lines, _same_posting())
            .where(statement_lines.c.statement_id == statement.statement_id)
        )
        return await self._read(query)

    async def has_closed(self, day: date) -> bool:
        """Return whether the statements of a day are all there."""
        query = select(statement_days.c.day).where(statement_days.c.day == day)
        return (await self._tx.execute(query)).first() is not None

    async def mark_closed(self, day: date, *, at: datetime) -> bool:
        """Remember that the statements of a day are all there; say whether it was new."""
        return await insert_new(self._tx, statement_days, {"day": day, "closed_at": at})

    async def wrong_lines(self) -> list[str]:
        """Return statements whose lines are not the postings, or do not add up to what they say."""
        theirs = literal(f"{AccountKind.MERCHANT.value}:") + statements.c.merchant_id
        sign = case((postings.c.to_account == theirs, 1), (postings.c.from_account == theirs, -1), else_=0)
        query = (
            select(statements.c.statement_id)
            .outerjoin(statement_lines, statement_lines.c.statement_id == statements.c.statement_id)
            .outerjoin(postings, _same_posting())
            .group_by(statements.c.statement_id)
            .having(
                or_(
                    func.sum(sign * postings.c.amount_fen) != func.sum(statement_lines.c.amount_fen),
                    statements.c.closing_fen - statements.c.opening_fen
                    != func.sum(statement_lines.c.amount_fen),
                    statements.c.lines != func.count(statement_lines.c.entry_no),
                )
            )
        )
        return [str(one) for one in (await self._tx.execute(query)).scalars()]

    async def broken_chains(self) -> list[str]:
        """Return statements that do not open with what the one before closed with."""
        before = statements.alias("before")
        query = (
            select(statements.c.statement_id)
            .outerjoin(
                before,
                and_(
                    before.c.operator == statements.c.operator,
                    before.c.merchant_id == statements.c.merchant_id,
                    before.c.number == statements.c.number - 1,
                ),
            )
            .where(statements.c.opening_fen != func.coalesce(before.c.closing_fen, 0))
        )
        return [str(one) for one in (await self._tx.execute(query)).scalars()]

    def _lines(self, merchant_id: MerchantId) -> Select[Any]:
        theirs = account(AccountKind.MERCHANT, merchant_id)
        sign = case((postings.c.to_account == theirs, 1), else_=-1)
        return (
            select(
                postings.c.entry_no,
                postings.c.line,
                postings.c.kind,
                (sign * postings.c.amount_fen).label("amount_fen"),
                journal_entries.c.at,
                journal_entries.c.source,
                journal_entries.c.order_id,
                journal_entries.c.note,
            )
            .join(journal_entries, journal_entries.c.entry_no == postings.c.entry_no)
            .where(touches(theirs))
            .order_by(postings.c.entry_no, postings.c.line)
        )

    async def _read(self, query: Select[Any]) -> list[StatementLine]:
        return [read_row(row, StatementLine) for row in (await self._tx.execute(query)).mappings()]


def _same_posting() -> ColumnElement[bool]:
    return and_(statement_lines.c.entry_no == postings.c.entry_no, statement_lines.c.line == postings.c.line)
