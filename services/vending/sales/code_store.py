"""SQL of the codes of sales: compare-and-set on the version. Who may see one was decided by the sale."""

from collections.abc import Sequence

from sqlalchemy import insert, select, update

from core.database import Transaction
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from services.settlement.entry import SaleId
from services.vending.sales.sale_code import SaleCode
from services.vending.tables import vending_sale_codes


class SaleCodeStore:
    """Reads and writes the state of the codes of sales."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, code: SaleCode) -> None:
        """Store the code of a new sale."""
        await self._tx.execute(insert(vending_sale_codes).values(_values(code)))

    async def of_sales(self, ids: Sequence[SaleId]) -> dict[SaleId, SaleCode]:
        """Return the codes of several sales; one that has none is absent."""
        if not ids:
            return {}
        query = select(vending_sale_codes).where(vending_sale_codes.c.sale_id.in_(sorted(set(ids))))
        rows = (await self._tx.execute(query)).mappings()
        found = [read_row(row, SaleCode, secret=bytes.fromhex(row["secret"])) for row in rows]
        return {code.sale_id: code for code in found}

    async def get(self, sale_id: SaleId) -> SaleCode:
        """Return the code of a sale; raise NotFound when it has none."""
        found = await self.of_sales([sale_id])
        if sale_id not in found:
            raise NotFound("not-found", "this purchase has no code", sale_id=sale_id)
        return found[sale_id]

    async def save(self, before: SaleCode, after: SaleCode) -> None:
        """Write the new state where the old one still stands; raise Conflict on a lost race."""
        if after.version == before.version:
            return
        written = await self._tx.execute(
            update(vending_sale_codes)
            .where(
                vending_sale_codes.c.sale_id == before.sale_id,
                vending_sale_codes.c.version == before.version,
            )
            .values(_values(after))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the code was changed in between", sale_id=before.sale_id)

    async def end(self, sale_id: SaleId) -> None:
        """Let the code of a sale that is over die with it; one without a code is left alone."""
        code = (await self.of_sales([sale_id])).get(sale_id)
        if code is not None:
            await self.save(code, code.with_code(code.code.die()))


def _values(code: SaleCode) -> dict[str, object]:
    values = {field: getattr(code, field) for field in code.__struct_fields__}
    return values | {"secret": code.secret.hex(), "tries": dict(code.tries)}
