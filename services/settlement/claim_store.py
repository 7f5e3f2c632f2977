"""SQL of subsidy claims: an order is claimed once and for all, versions are only added."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import and_, func, insert, select

from core.database import Transaction
from core.database.rows import read_row
from core.errors import NotFound
from core.ids import OperatorId, OrderId
from services.settlement.claim import Claim, ClaimId, ClaimRow
from services.settlement.entry import PostingKind
from services.settlement.tables import (
    journal_entries,
    postings,
    subsidy_claim_rows,
    subsidy_claims,
    subsidy_left_out,
)

ROWS_AT_ONCE = 200


class ClaimStore:
    """Reads and adds claims."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def unclaimed(
        self, operator: OperatorId, began: datetime, ended: datetime
    ) -> list[tuple[OrderId, int, int]]:
        """Return (order, entry, fen) of every subsidy posted in a span that no claim has."""
        query = (
            select(journal_entries.c.order_id, journal_entries.c.entry_no, postings.c.amount_fen)
            .join(postings, postings.c.entry_no == journal_entries.c.entry_no)
            .outerjoin(subsidy_claim_rows, subsidy_claim_rows.c.order_id == journal_entries.c.order_id)
            .where(
                journal_entries.c.operator == operator,
                journal_entries.c.at >= began,
                journal_entries.c.at < ended,
                postings.c.kind == PostingKind.SUBSIDY.value,
                subsidy_claim_rows.c.order_id.is_(None),
            )
            .order_by(journal_entries.c.entry_no)
        )
        return [(OrderId(row[0]), int(row[1]), int(row[2])) for row in await self._tx.execute(query)]

    async def next_number(self, operator: OperatorId) -> int:
        """Return the number of the operator's next claim; take a turn at an account of his before."""
        of_his = subsidy_claims.c.operator == operator
        query = select(func.count(subsidy_claims.c.claim_id.distinct())).where(of_his)
        return int((await self._tx.execute(query)).scalar_one()) + 1

    async def add(self, claim: Claim) -> None:
        """Keep a version of a claim."""
        await self._tx.execute(insert(subsidy_claims).values(msgspec.structs.asdict(claim)))

    async def add_rows(self, claim_id: ClaimId, rows: Sequence[ClaimRow]) -> None:
        """Keep the rows of a new claim; the store refuses an order that any claim has."""
        values = [{"claim_id": claim_id, **msgspec.structs.asdict(row)} for row in rows]
        for start in range(0, len(values), ROWS_AT_ONCE):
            await self._tx.execute(insert(subsidy_claim_rows), values[start : start + ROWS_AT_ONCE])

    async def leave_out(self, claim: Claim, orders: Sequence[OrderId]) -> None:
        """Leave rows out from a version on."""
        rows = [
            {"order_id": one, "claim_id": claim.claim_id, "from_version": claim.version} for one in orders
        ]
        await self._tx.execute(insert(subsidy_left_out), rows)

    async def listed(self, operator: OperatorId | None, *, limit: int) -> list[Claim]:
        """Return every version of claims, the newest first."""
        query = select(subsidy_claims).order_by(
            subsidy_claims.c.made_at.desc(), subsidy_claims.c.version.desc()
        )
        if operator is not None:
            query = query.where(subsidy_claims.c.operator == operator)
        return [read_row(row, Claim) for row in (await self._tx.execute(query.limit(limit))).mappings()]

    async def one(
        self, claim_id: ClaimId, operator: OperatorId | None, *, version: int | None = None
    ) -> Claim:
        """Return a version of a claim, the newest without one; raise NotFound."""
        query = select(subsidy_claims).where(subsidy_claims.c.claim_id == claim_id)
        if operator is not None:
            query = query.where(subsidy_claims.c.operator == operator)
        if version is not None:
            query = query.where(subsidy_claims.c.version == version)
        query = query.order_by(subsidy_claims.c.version.desc()).limit(1)
        row = (await self._tx.execute(query)).mappings().first()
        if row is None:
            raise NotFound("not-found", "there is no such claim", claim_id=claim_id)
        return read_row(row, Claim)

    async def rows(self, claim: Claim) -> list[ClaimRow]:
        """Return the rows of a version."""
        left_out = and_(
            subsidy_left_out.c.order_id == subsidy_claim_rows.c.order_id,
            subsidy_left_out.c.from_version <= claim.version,
        )
        query = (
            select(subsidy_claim_rows)
            .outerjoin(subsidy_left_out, left_out)
            .where(subsidy_claim_rows.c.claim_id == claim.claim_id, subsidy_left_out.c.order_id.is_(None))
            .order_by(subsidy_claim_rows.c.day, subsidy_claim_rows.c.order_id)
        )
        rows: list[Any] = list((await self._tx.execute(query)).mappings())
        return [read_row(row, ClaimRow) for row in rows]
