"""SQL of merchants' desks."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import MerchantId
from services.delivery.catalogue import Merchant
from services.delivery.tables import merchants
from services.merchants.desk import Desk
from services.merchants.tables import merchant_desks


class DeskStore:
    """Reads and writes what shops say of themselves; a shop that never said anything has an empty desk."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def of(self, ids: Sequence[MerchantId]) -> dict[MerchantId, Desk]:
        """Return the desk of each merchant: residents see how shops stand, so no reach narrows it."""
        query = select(merchant_desks).where(merchant_desks.c.merchant_id.in_(sorted(set(ids))))
        rows = (await self._tx.execute(query)).mappings() if ids else ()
        found = {MerchantId(row["merchant_id"]): read_row(row, Desk) for row in rows}
        return {each: found.get(each, Desk(merchant_id=each)) for each in ids}

    async def one(self, merchant_id: MerchantId) -> Desk:
        """Return the desk of one merchant."""
        return (await self.of([merchant_id]))[merchant_id]

    async def own(self, reach: Reach) -> tuple[Merchant, Desk]:
        """Return the one merchant within the reach with its desk; raise NotFound without any."""
        query = select(merchants).where(
            within(merchants.c.merchant_id, reach.merchants), merchants.c.is_active
        )
        row = (await self._tx.execute(query.limit(1))).mappings().one_or_none()
        if row is None or reach.merchants is None:
            raise NotFound("not-found", "no such merchant")
        merchant = read_row(row, Merchant)
        return merchant, await self.one(merchant.merchant_id)

    async def start(self, desk: Desk) -> bool:
        """Store a first desk; return False and change nothing when the shop has one."""
        return await insert_new(self._tx, merchant_desks, _values(desk))

    async def save(self, before: Desk, after: Desk) -> None:
        """Write the desk if nobody changed it in between, else raise Conflict."""
        if before.version == 0 and await self.start(after):
            return
        written = await self._tx.execute(
            update(merchant_desks)
            .where(
                merchant_desks.c.merchant_id == before.merchant_id,
                merchant_desks.c.version == before.version,
            )
            .values(_values(after))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the desk was changed in between", merchant_id=before.merchant_id)


def _values(desk: Desk) -> dict[str, Any]:
    return {field: getattr(desk, field) for field in desk.__struct_fields__}
