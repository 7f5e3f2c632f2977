"""Lines and shelves around an offer: what an answer leaves of the order, and what goes back on the shelf."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from core.errors import IllegalTransition
from core.ids import GoodsId, OrderId
from services.orders.lines import OrderLine
from services.substitutions.substitution import (
    TERMINAL,
    TRANSITIONS,
    OfferDeclined,
    OfferTaken,
    OrderOver,
    Substitution,
    SubstitutionEvent,
    SubstitutionState,
    TimeRanOut,
    advance,
    lines_after,
    still_reserved,
)

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
MILK, BREAD, CREAM = GoodsId("milk"), GoodsId("bread"), GoodsId("cream")
EVENTS: tuple[SubstitutionEvent, ...] = (OfferTaken(), OfferDeclined(), TimeRanOut(), OrderOver())


def line(goods_id: GoodsId, quantity: int) -> OrderLine:
    return OrderLine(goods_id=goods_id, name_zh="示例", name_en="Sample", quantity=quantity, price_fen=100)


def an_offer(missing: int = 2, offer: OrderLine | None = None, ordered: int = 3) -> Substitution:
    return Substitution(
        order_id=OrderId("o"),
        goods_id=MILK,
        ordered=ordered,
        missing=missing,
        offer=offer,
        offered_at=AT,
        answer_by=AT + timedelta(minutes=8),
    )


def quantities(lines: tuple[OrderLine, ...]) -> list[tuple[GoodsId, int]]:
    return [(one.goods_id, one.quantity) for one in lines]


@pytest.mark.parametrize(
    ("missing", "is_taken", "left"),
    [
        (2, False, [(MILK, 1), (BREAD, 1)]),
        (2, True, [(MILK, 1), (CREAM, 2), (BREAD, 1)]),
        (3, False, [(BREAD, 1)]),
        (3, True, [(CREAM, 2), (BREAD, 1)]),
    ],
)
def test_an_answer_leaves_what_is_there_and_takes_in_what_was_agreed(
    missing: int, is_taken: bool, left: list[tuple[GoodsId, int]]
) -> None:
    one = an_offer(missing, line(CREAM, 2))
    assert quantities(lines_after((line(MILK, 3), line(BREAD, 1)), one, is_taken=is_taken)) == left


def test_a_yes_to_nothing_takes_nothing_in() -> None:
    assert quantities(lines_after((line(MILK, 3),), an_offer(2), is_taken=True)) == [(MILK, 1)]


@pytest.mark.parametrize(
    ("state", "lines", "kept"),
    [
        (SubstitutionState.OFFERED, (line(MILK, 3),), {MILK: 1, CREAM: 2}),
        (SubstitutionState.TAKEN, (line(MILK, 1), line(CREAM, 2)), {MILK: 1, CREAM: 2}),
        (SubstitutionState.DECLINED, (line(MILK, 1),), {MILK: 1}),
        (SubstitutionState.LAPSED, (line(MILK, 1),), {MILK: 1}),
        (SubstitutionState.DECLINED, (line(MILK, 3),), {MILK: 1}),
    ],
    ids=["open", "taken", "declined", "lapsed", "declined and nothing else was left"],
)
def test_what_the_shop_lacks_was_never_on_its_shelf(
    state: SubstitutionState, lines: tuple[OrderLine, ...], kept: dict[GoodsId, int]
) -> None:
    one = msgspec.structs.replace(an_offer(2, line(CREAM, 2)), state=state)
    assert still_reserved(lines, [one]) == kept


def test_goods_of_which_all_is_missing_are_not_kept_at_all() -> None:
    assert still_reserved((line(MILK, 3), line(BREAD, 1)), [an_offer(3)]) == {BREAD: 1}


@pytest.mark.parametrize("state", sorted(TERMINAL))
@pytest.mark.parametrize("event", EVENTS, ids=lambda one: type(one).__name__)
def test_an_offer_that_was_answered_is_answered_no_more(
    state: SubstitutionState, event: SubstitutionEvent
) -> None:
    one = msgspec.structs.replace(an_offer(), state=state)
    with pytest.raises(IllegalTransition):
        advance(one, event, at=AT)


@pytest.mark.parametrize("event", EVENTS, ids=lambda one: type(one).__name__)
def test_an_offer_keeps_when_it_was_answered(event: SubstitutionEvent) -> None:
    moved = advance(an_offer(), event, at=AT)
    assert moved.state is TRANSITIONS[(SubstitutionState.OFFERED, type(event))]
    assert (moved.version, moved.answered_at, moved.answered_by) == (2, AT, None)


@pytest.mark.parametrize("event", [OfferTaken(by="staff:x"), OfferDeclined(by="staff:x")])
def test_who_answered_by_telephone_stands_with_the_offer(event: SubstitutionEvent) -> None:
    assert advance(an_offer(), event, at=AT).answered_by == "staff:x"
