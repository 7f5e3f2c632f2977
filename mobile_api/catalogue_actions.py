"""A merchant's catalogue by CSV and by API: written whole or not at all, and read back."""

from collections.abc import Callable, Sequence

import msgspec

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.repeatable import Repeated, answer_once
from mobile_api.parts import MobileParts
from mobile_api.schemas.catalogue import CatalogueGoods, CatalogueWritten
from services.delivery.store import CatalogueStore
from services.merchants.catalogue_csv import CatalogueRow, read_catalogue, write_catalogue
from services.merchants.put_catalogue import must_be_right, put_catalogue
from services.merchants.store import DeskStore


async def exported_goods(parts: MobileParts, principal: Principal) -> str:
    """Return the merchant's catalogue as CSV; raise NotFound without a shop."""
    async with parts.database.read() as tx:
        merchant, _ = await DeskStore(tx).own(reach_of(principal))
        return write_catalogue(await CatalogueStore(tx).everything_of(merchant.merchant_id))


async def import_goods(
    parts: MobileParts, principal: Principal, text: str, repeated: Repeated
) -> CatalogueWritten:
    """Return what a file changed; raise Invalid ``catalogue-invalid`` with the rows that are wrong."""

    def rows_of() -> Sequence[CatalogueRow]:
        rows, errors = read_catalogue(text)
        must_be_right(errors)
        return rows

    return await _written(parts, principal, rows_of, repeated)


async def write_goods(
    parts: MobileParts, principal: Principal, goods: Sequence[CatalogueGoods], repeated: Repeated
) -> CatalogueWritten:
    """Return what was changed; raise Invalid ``catalogue-invalid`` for goods that may not be sold."""
    rows = [msgspec.convert(thing, CatalogueRow, from_attributes=True) for thing in goods]
    named = [msgspec.structs.replace(row, name_en=row.name_en or row.name_zh) for row in rows]
    return await _written(parts, principal, lambda: named, repeated)


async def _written(
    parts: MobileParts,
    principal: Principal,
    rows_of: Callable[[], Sequence[CatalogueRow]],
    repeated: Repeated,
) -> CatalogueWritten:
    async def write(tx: Transaction) -> CatalogueWritten:
        done = await put_catalogue(tx, principal, rows_of(), at=parts.clock.now())
        return CatalogueWritten(created=done.created, updated=done.updated, unchanged=done.unchanged)

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, CatalogueWritten, write, status=200, wall=wall)
