"""What an order moves: by hand for each way it can end, and for any history by Hypothesis."""

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
from core.ids import (
    AccountId,
    DistrictCode,
    MerchantId,
    OperatorId,
    OrderId,
    PickupPointId,
    ResidentId,
)
from services.delivery.compartments import Parcel
from services.orders.order import Order, advance
from services.orders.states import TERMINAL, TRANSITIONS, OrderState
from services.settlement.accounts import ACCOUNT_NAMES, AccountKind, account, kind_of, owner_of
from services.settlement.entry import (
    POSTING_NAMES,
    SOURCE_NAMES,
    Entry,
    EntrySource,
    Posting,
    PostingKind,
    changes,
    checked,
)
from services.settlement.order_money import (
    Ended,
    ended_with,
    moves_money,
    netted,
    postings_between,
    stand_of,
)
from services.settlement.terms import PAID_BY_NAMES, OrderTerms, PaidBy, platform_fee_fen
from tests.integration.services.orders.test_order_model import EVENTS

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
S = OrderState
PURSE = account(AccountKind.RESIDENT_BALANCE, "r")
DUE = account(AccountKind.RESIDENT_DUE, "r")
HELD = account(AccountKind.HELD, "op")
SHOP = account(AccountKind.MERCHANT, "m")
FEES = account(AccountKind.DELIVERY_FEES, "op")
PLATFORM = account(AccountKind.PLATFORM_FEES, "op")
SUBSIDY = account(AccountKind.SUBSIDY, "op")
LOSS = account(AccountKind.LOSS, "op")


def an_order(state: S = S.CREATED, **changed: object) -> Order:
    """Milk for 25.60 yuan, brought for 3 yuan."""
    order = Order(
        order_id=OrderId("o-1"),
        state=state,
        district=DistrictCode("KB"),
        operator=OperatorId("op"),
        resident_id=ResidentId("r"),
        merchant_id=MerchantId("m"),
        pickup_point_id=PickupPointId("p"),
        lines=(),
        fee_fen=300,
        total_fen=2860,
        parcel=Parcel(litres=1, mass_kg=1),
        placed_at=T0,
        promised_p50_at=T0,
        promised_p90_at=T0,
    )
    return msgspec.structs.replace(order, **changed)


def terms(paid_by: PaidBy = PaidBy.BALANCE, **changed: object) -> OrderTerms:
    usual = OrderTerms(order_id=OrderId("o-1"), paid_by=paid_by, platform_fee_bp=500, subsidy_fen=150)
    return msgspec.structs.replace(usual, **changed)


def after(order: Order, kept: OrderTerms) -> dict[AccountId, int]:
    """What each account has risen by when the order stands there."""
    moved = changes(postings_between({}, stand_of(order, kept)))
    return {account_id: amount for account_id, amount in moved.items() if amount}


def test_paid_beforehand_is_held_until_the_order_is_over() -> None:
    assert after(an_order(S.IN_TRANSIT), terms()) == {PURSE: -2860, HELD: 2860}


def test_delivered_gives_everybody_his_part() -> None:
    assert after(an_order(S.DELIVERED), terms()) == {
        PURSE: -2860,
        SHOP: 2560 - 128,
        PLATFORM: 128,
        FEES: 300 + 150,
        SUBSIDY: -150,
    }


def test_paid_at_pickup_is_due_once_collected_and_moves_nothing_before() -> None:
    at_pickup = terms(PaidBy.AT_PICKUP)
    assert after(an_order(S.ARRIVED), at_pickup) == {}
    assert after(an_order(S.DELIVERED), at_pickup)[DUE] == -2860


@pytest.mark.parametrize("state", [S.CANCELLED, S.FAILED, S.RETURNED])
def test_what_never_reached_anybody_is_paid_back_whole(state: S) -> None:
    assert after(an_order(state), terms()) == {}
    back = postings_between(stand_of(an_order(S.ACCEPTED), terms()), stand_of(an_order(state), terms()))
    assert back == (Posting(from_account=HELD, to_account=PURSE, kind=PostingKind.REFUND, amount_fen=2860),)


def test_a_missed_order_keeps_the_fee_only_when_the_terms_say_so_and_the_vehicle_was_there() -> None:
    keeps = terms(keeps_fee_when_missed=True)
    assert after(an_order(S.RETURNED), keeps) == {PURSE: -300, FEES: 300}
    assert after(an_order(S.RETURNED, reason="not_collected"), keeps) == {PURSE: -300, FEES: 300}
    assert after(an_order(S.RETURNED, reason="vehicle_fault"), keeps) == {}


def test_what_an_order_came_to_for_its_recipient_is_known_once_it_is_over() -> None:
    keeps = terms(keeps_fee_when_missed=True)
    at_pickup = terms(PaidBy.AT_PICKUP, keeps_fee_when_missed=True)
    assert ended_with(an_order(S.RETURNING), terms()) is None
    assert ended_with(an_order(S.RETURNED), terms()) == Ended(charged_fen=0, back_fen=2860)
    assert ended_with(an_order(S.RETURNED), keeps) == Ended(charged_fen=300, back_fen=2560)
    assert ended_with(an_order(S.RETURNED), at_pickup) == Ended(charged_fen=300, back_fen=0)
    assert ended_with(an_order(S.DELIVERED), terms()) == Ended(charged_fen=2860, back_fen=0)


def test_goods_lost_on_board_are_the_operators_loss_and_the_recipient_pays_nothing() -> None:
    lost = an_order(S.FAILED, loaded_at=T0)
    assert after(lost, terms()) == {LOSS: -2560, SHOP: 2560}


@pytest.mark.parametrize(
    ("goods_fen", "basis_points", "fee"), [(0, 500, 0), (10, 500, 1), (9, 500, 0), (2560, 0, 0), (1, 5000, 1)]
)
def test_the_platform_fee_is_rounded_to_the_nearest_fen(goods_fen: int, basis_points: int, fee: int) -> None:
    assert platform_fee_fen(goods_fen, basis_points) == fee


ANY_MACHINE = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HISTORIES = st.lists(st.sampled_from(sorted(EVENTS)), max_size=25)
TERMS = st.builds(
    OrderTerms,
    order_id=st.just(OrderId("o-1")),
    paid_by=st.sampled_from(PaidBy),
    platform_fee_bp=st.integers(0, 5000),
    subsidy_fen=st.integers(0, 1000),
    keeps_fee_when_missed=st.booleans(),
)


def walk(order: Order, words: Sequence[str]) -> list[Order]:
    """Return the stands of an order along those of the words that its machine takes."""
    steps = [order]
    for word in words:
        if (steps[-1].state, type(EVENTS[word])) in TRANSITIONS:
            steps.append(advance(steps[-1], EVENTS[word], at=T0))
    return steps


@ANY_MACHINE
@given(HISTORIES, TERMS, st.integers(0, 50_000), st.integers(0, 2_000))
def test_any_history_balances_and_ends_where_its_last_state_says(
    words: list[str], kept: OrderTerms, goods: int, fee: int
) -> None:
    steps = walk(an_order(fee_fen=fee, total_fen=goods + fee), words)
    entries = [postings_between({}, stand_of(steps[0], kept))]
    for before, now in itertools.pairwise(steps):
        posted = postings_between(stand_of(before, kept), stand_of(now, kept))
        assert moves_money(before, now) or not posted, "an event that is skipped moves nothing"
        entries.append(posted)
    moved = [posting for entry in entries for posting in entry]
    assert all(posting.amount_fen > 0 for posting in moved)
    assert sum(changes(moved).values()) == 0
    assert netted(moved) == stand_of(steps[-1], kept)
    if steps[-1].state in TERMINAL:
        assert changes(moved)[account(AccountKind.HELD, "op")] == 0, "nothing stays held"


@ANY_MACHINE
@given(HISTORIES, TERMS)
def test_nobody_gets_or_pays_more_than_the_order_costs(words: list[str], kept: OrderTerms) -> None:
    last = walk(an_order(), words)[-1]
    risen = after(last, kept)
    assert -2860 <= risen.get(PURSE, 0) + risen.get(DUE, 0) <= 0
    assert 0 <= risen.get(SHOP, 0) <= 2560


def test_an_entry_refuses_what_is_no_posting() -> None:
    def entry(**changed: object) -> Entry:
        posting = Posting(from_account=PURSE, to_account=HELD, kind=PostingKind.PAYMENT, amount_fen=1)
        return Entry(
            cause="c",
            source=EntrySource.ORDER,
            at=T0,
            operator=OperatorId("op"),
            district=DistrictCode("KB"),
            actor="test",
            postings=(msgspec.structs.replace(posting, **changed),),
        )

    assert checked(entry()) == entry()
    for changed, field in (
        ({"amount_fen": 0}, "amountFen"),
        ({"amount_fen": 10**10}, "amountFen"),
        ({"to_account": PURSE}, "toAccount"),
    ):
        with pytest.raises(Invalid) as refused:
            checked(entry(**changed))
        assert refused.value.fields["field"] == field


def test_everything_has_its_names_in_both_languages() -> None:
    for kinds, names in (
        (AccountKind, ACCOUNT_NAMES),
        (PostingKind, POSTING_NAMES),
        (EntrySource, SOURCE_NAMES),
        (PaidBy, PAID_BY_NAMES),
    ):
        assert set(names) == set(kinds)
    assert (kind_of(SHOP), owner_of(SHOP)) == (AccountKind.MERCHANT, "m")
