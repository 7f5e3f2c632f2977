"""SQL of what vehicles earned, and of the rates by which their days are costed."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import func, select

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.ids import OperatorId, VehicleNo
from services.settlement.accounts import AccountKind
from services.settlement.tables import accounts, cost_rates, journal_entries, postings
from services.settlement.vehicle_money import CostRates, Earned

_FIELDS = {
    AccountKind.DELIVERY_FEES: "delivery_fees_fen",
    AccountKind.PLATFORM_FEES: "platform_fees_fen",
    AccountKind.SALES: "sales_fen",
    AccountKind.LOSS: "loss_fen",
}


class VehicleMoneyStore:
    """Reads what vehicles earned; reads and adds rates."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def earned(
        self, numbers: Collection[VehicleNo], began: datetime, ended: datetime
    ) -> dict[VehicleNo, Earned]:
        """Return what each vehicle's entries brought within a span; one without any is absent."""
        sums: dict[VehicleNo, dict[str, int]] = {}
        wanted = set(numbers)
        for column, sign in ((postings.c.to_account, 1), (postings.c.from_account, -1)):
            query = (
                select(journal_entries.c.vehicle_no, accounts.c.kind, func.sum(postings.c.amount_fen))
                .join(postings, postings.c.entry_no == journal_entries.c.entry_no)
                .join(accounts, accounts.c.account_id == column)
                .where(
                    journal_entries.c.vehicle_no.is_not(None),
                    journal_entries.c.at >= began,
                    journal_entries.c.at < ended,
                    accounts.c.kind.in_(sorted(kind.value for kind in _FIELDS)),
                )
                .group_by(journal_entries.c.vehicle_no, accounts.c.kind)
            )
            for number, kind, amount in await self._tx.execute(query):
                if VehicleNo(number) in wanted:
                    field = _FIELDS[AccountKind(kind)]
                    # a loss account falls by what was lost
                    moved = -sign * int(amount) if field == "loss_fen" else sign * int(amount)
                    of_vehicle = sums.setdefault(VehicleNo(number), {})
                    of_vehicle[field] = of_vehicle.get(field, 0) + moved
        return {number: Earned(**fields) for number, fields in sums.items()}

    async def agree(self, rates: CostRates) -> bool:
        """Add rates from a moment on; say whether they were new."""
        return await insert_new(self._tx, cost_rates, msgspec.structs.asdict(rates))

    async def rates_at(self, operators: Collection[OperatorId], at: datetime) -> dict[OperatorId, CostRates]:
        """Return the rates that each operator reckoned with at a moment."""
        query = select(cost_rates).where(
            cost_rates.c.operator.in_(sorted(set(operators))), cost_rates.c.from_at <= at
        )
        rows = (await self._tx.execute(query.order_by(cost_rates.c.from_at))).mappings()
        return {(one := read_row(row, CostRates)).operator: one for row in rows}

    async def rates_of(self, operator: OperatorId) -> list[CostRates]:
        """Return every version of an operator's rates, the newest first."""
        query = select(cost_rates).where(cost_rates.c.operator == operator)
        rows = (await self._tx.execute(query.order_by(cost_rates.c.from_at.desc()))).mappings()
        return [read_row(row, CostRates) for row in rows]
