"""Lines of goods in an order, what they cost, and goods that are weighed when they are packed."""

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from core.errors import Conflict, Invalid
from core.ids import GoodsId
from services.delivery.catalogue import Goods

CAP_RATIO = 1.2
"""A weighed line costs at most so many times what its pieces usually weigh; nobody agreed to more."""


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """What a line of goods sold by weight weighs, in grams: usually, at most, and really once weighed."""

    estimate_g: int
    cap_g: int
    weight_g: int | None = None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of goods; names and price are copied so that a later change of the shelf changes no order.

    ``price_fen`` is for one piece, of a weighed line for one kilogram.
    """

    goods_id: GoodsId
    name_zh: str
    name_en: str
    quantity: int
    price_fen: int
    weighed: Weighed | None = None

    @property
    def fen(self) -> int:
        """Return what the line costs: by its real weight, at its cap until it was weighed."""
        if self.weighed is None:
            return self.quantity * self.price_fen
        grams = self.weighed.cap_g if self.weighed.weight_g is None else self.weighed.weight_g
        return fen_of_weight(self.price_fen, grams)


def fen_of_weight(price_fen: int, grams: int) -> int:
    """Return what so many grams cost at a price for one kilogram, to the nearest fen, half a fen up.

    >>> fen_of_weight(1_280, 500), fen_of_weight(999, 1_500)
    (640, 1499)
    """
    return (price_fen * grams + 500) // 1000


def line_of(thing: Goods, quantity: int) -> OrderLine:
    """Return the line that so many pieces of goods make."""
    estimate_g = round(thing.mass_g * quantity)
    weighed = Weighed(estimate_g=estimate_g, cap_g=math.ceil(estimate_g * CAP_RATIO))
    return OrderLine(
        goods_id=thing.goods_id,
        name_zh=thing.name_zh,
        name_en=thing.name_en,
        quantity=quantity,
        price_fen=thing.price_fen,
        weighed=weighed if thing.is_weighed else None,
    )


def goods_fen_of(lines: Iterable[OrderLine]) -> int:
    """Return what the goods of an order cost together."""
    return sum(line.fen for line in lines)


def lighter(line: OrderLine, missing: int) -> OrderLine:
    """Return a line with so many pieces less; what it weighs is then to be found anew."""
    left = line.quantity - missing
    if line.weighed is None:
        return msgspec.structs.replace(line, quantity=left)
    estimate_g = round(line.weighed.estimate_g * left / line.quantity)
    weighed = Weighed(estimate_g=estimate_g, cap_g=math.ceil(estimate_g * CAP_RATIO))
    return msgspec.structs.replace(line, quantity=left, weighed=weighed)


def weigh(lines: Sequence[OrderLine], weights: Mapping[GoodsId, int]) -> tuple[OrderLine, ...]:
    """Return the lines with the weights in grams that the scale said.

    Raises Invalid for goods that are no weighed line of the order, for a weight that is none, and for one
    above the cap: the customer agreed to no more.
    """
    known = {line.goods_id for line in lines if line.weighed is not None}
    for goods_id in weights:
        if goods_id not in known:
            raise Invalid("invalid-input", "no weighed goods of this order", field="goodsId", limit=goods_id)
    return tuple(_weighed(line, weights.get(line.goods_id)) for line in lines)


def _weighed(line: OrderLine, grams: int | None) -> OrderLine:
    if line.weighed is None or grams is None:
        return line
    if not 1 <= grams <= line.weighed.cap_g:
        raise Invalid(
            "weight-over-cap",
            f"1 to {line.weighed.cap_g} g of {line.name_en}",
            field="weightG",
            limit=line.weighed.cap_g,
            goods_id=line.goods_id,
        )
    return msgspec.structs.replace(line, weighed=msgspec.structs.replace(line.weighed, weight_g=grams))


def must_be_weighed(lines: Iterable[OrderLine]) -> None:
    """Raise Conflict ``weight-missing`` naming the goods of a line that nobody has weighed yet."""
    for line in lines:
        if line.weighed is not None and line.weighed.weight_g is None:
            raise Conflict("weight-missing", goods_id=line.goods_id, limit=line.weighed.cap_g)
