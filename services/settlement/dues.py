"""SQL of what residents still owe a company, one row for each order and purchase."""

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, case, cast, func, or_, select

from core.auth.reach_sql import within
from core.database import Transaction
from core.database.rows import read_row
from core.ids import DistrictCode, OperatorId, OrderId
from services.settlement.accounts import AccountKind, account
from services.settlement.entry import SaleId
from services.settlement.tables import journal_entries, postings

MOST_DUES = 500
"""Rows of one answer, the oldest first."""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """What is still to be paid for one order or one purchase; one of the ids is there."""

    order_id: OrderId | None
    sale_id: SaleId | None
    district: DistrictCode
    since: datetime
    due_fen: int


async def dues_of(
    tx: Transaction, operator: OperatorId, districts: frozenset[DistrictCode] | None, *, since: datetime
) -> list[Due]:
    """Return what has become due at an operator since a moment and is not paid, the oldest first."""
    of_residents = account(AccountKind.RESIDENT_DUE, "")
    paid = postings.c.to_account.startswith(of_residents)
    owed = postings.c.from_account.startswith(of_residents)
    net = func.sum(case((owed, postings.c.amount_fen), else_=-postings.c.amount_fen))
    e = journal_entries.c
    query = (
        select(
            *(e.order_id, e.sale_id),
            func.min(e.district).label("district"),
            func.min(e.at, type_=e.at.type).label("since"),
            cast(net, BigInteger).label("due_fen"),
        )
        .join(postings, postings.c.entry_no == e.entry_no)
        .where(
            e.operator == operator,
            e.at >= since,
            or_(e.order_id.is_not(None), e.sale_id.is_not(None)),
            or_(paid, owed),
            within(e.district, districts),
        )
        .group_by(e.order_id, e.sale_id)
        .having(net > 0)
        .order_by("since", e.order_id, e.sale_id)
        .limit(MOST_DUES)
    )
    return [read_row(row, Due) for row in (await tx.execute(query)).mappings()]
