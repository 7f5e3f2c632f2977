"""What a merchant lacks of an order and offers in its place, as staff read it and answer for a caller."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import GoodsId
from services.delivery.catalogue import Goods
from services.orders.lines import OrderLine
from services.substitutions.substitution import Substitution


class OfferedLine(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What would come instead; ``fen`` is what it costs."""

    name_zh: str
    name_en: str
    quantity: int
    fen: int


class OrderSubstitution(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """``missing`` pieces of a line that are not there; ``offer`` null leaves them out.

    ``answeredBy`` is who answered for the customer by telephone; empty when she did herself, or nobody.
    """

    goods_id: str
    name_zh: str
    name_en: str
    state: str
    missing: int
    offer: OfferedLine | None
    answer_by: datetime
    answered_at: datetime | None
    answered_by: str


class CallerAnswer(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the customer said on the telephone: whether what is offered may come."""

    is_taken: bool


def order_substitutions(
    offers: Sequence[Substitution], goods: Mapping[GoodsId, Goods]
) -> tuple[OrderSubstitution, ...]:
    """Return offers with the names of what is missing; goods that the shop no longer has go by their id."""
    return tuple(_view(one, goods.get(one.goods_id)) for one in offers)


def _view(one: Substitution, lacking: Goods | None) -> OrderSubstitution:
    return OrderSubstitution(
        goods_id=one.goods_id,
        name_zh=one.goods_id if lacking is None else lacking.name_zh,
        name_en=one.goods_id if lacking is None else lacking.name_en,
        state=one.state.value,
        missing=one.missing,
        offer=None if one.offer is None else _offered(one.offer),
        answer_by=one.answer_by,
        answered_at=one.answered_at,
        answered_by=(one.answered_by or "").removeprefix("staff:"),
    )


def _offered(line: OrderLine) -> OfferedLine:
    return OfferedLine(name_zh=line.name_zh, name_en=line.name_en, quantity=line.quantity, fen=line.fen)
