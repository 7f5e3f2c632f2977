"""A merchant writes many goods at once: all of them, or none and every error with its row."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Invalid
from core.ids import GoodsId, MerchantId
from services.delivery.catalogue import Goods
from services.delivery.store import CatalogueStore
from services.merchants.catalogue_csv import CatalogueRow, RowError, code_of
from services.merchants.forbidden import forbidden_by
from services.merchants.forbidden_store import ForbiddenStore
from services.merchants.store import DeskStore

MOST_TOLD = 100
"""Errors that are told at once."""
FIRST_ROW = 2
"""Of a file's goods, after its header."""


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """How many goods were new, changed, and already as they should be."""

    created: int
    updated: int
    unchanged: int


async def put_catalogue(
    tx: Transaction, principal: Principal, rows: Sequence[CatalogueRow], *, at: datetime
) -> Written:
    """Make the merchant's goods what the rows say; goods that no row names stay as they are.

    Half a catalogue is worse than the old one: a single forbidden row refuses the whole. What is written is
    the merchant's from then on, and a load of the city leaves it alone. Raises Invalid
    ``catalogue-invalid`` with the rows.
    """
    rules = await ForbiddenStore(tx).all()
    errors: list[RowError] = []
    seen: set[str] = set()
    for number, row in enumerate(rows, FIRST_ROW):
        if row.code in seen:
            errors.append(RowError(row=number, field="goods", problem=f"{row.code!r} stands there twice"))
        seen.add(row.code)
        rule = forbidden_by(rules, category=row.category, name_zh=row.name_zh, name_en=row.name_en)
        if rule is not None:
            said = f"{rule.name_zh} / {rule.name_en}: {rule.reason_zh} / {rule.reason_en}"
            errors.append(RowError(row=number, field="category", problem=said))
    must_be_right(errors)
    merchant, _ = await DeskStore(tx).own(reach_of(principal))
    store = CatalogueStore(tx)
    known = {code_of(thing): thing for thing in await store.everything_of(merchant.merchant_id)}
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    for row in rows:
        before = known.get(row.code)
        after = _goods(merchant.merchant_id, row, before)
        if before is not None and msgspec.structs.replace(before, is_edited=True) == after:
            counts["unchanged"] += 1
            continue
        await store.write_goods(after)
        counts["created" if before is None else "updated"] += 1
    await audit.record(
        tx, principal, "goods.written", f"merchant:{merchant.merchant_id}", dict(counts), at=at
    )
    return Written(**counts)


def must_be_right(errors: Sequence[RowError]) -> None:
    """Raise Invalid ``catalogue-invalid`` when there are any errors, with the first hundred."""
    if not errors:
        return
    first = errors[0]
    told = [msgspec.structs.asdict(error) for error in errors[:MOST_TOLD]]
    raise Invalid(
        "catalogue-invalid",
        f"row {first.row}: {first.field}: {first.problem}",
        errors=told,
        count=len(errors),
    )


def _goods(merchant_id: MerchantId, row: CatalogueRow, before: Goods | None) -> Goods:
    stock = row.stock if row.stock is not None else before.stock if before else 0
    return Goods(
        goods_id=before.goods_id if before else GoodsId(f"{merchant_id}-{row.code}"),
        merchant_id=merchant_id,
        name_zh=row.name_zh,
        name_en=row.name_en,
        price_fen=row.price_fen,
        mass_g=row.mass_g,
        litres=row.litres,
        temperature=row.temperature,
        ready_s=row.ready_s,
        stock=stock,
        is_on_sale=row.is_on_sale,
        category=row.category,
        is_sold_out=before.is_sold_out if before else False,
        is_edited=True,
        is_weighed=row.is_weighed,
    )
