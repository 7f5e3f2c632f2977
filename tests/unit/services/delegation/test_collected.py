"""Who collected, as it stands with the order, and what is seen of a name."""

from datetime import UTC, datetime, timedelta

import pytest

from core.ids import DistrictCode, MerchantId, OperatorId, OrderId, PickupPointId, ResidentId
from core.privacy.masks import mask_name
from services.delegation.collected import Collected, Collector, OpenedHow, collected_of
from services.delegation.delegate import Delegate
from services.delivery.compartments import Parcel
from services.orders.order import Order
from services.orders.states import OrderState

T0 = datetime(2026, 7, 1, tzinfo=UTC)
SISTER = Delegate(
    order_id=OrderId("o-1"),
    number=2,
    resident_id=ResidentId("r-2"),
    name="妹妹",
    secret=b"",
    named_at=T0,
    expires_at=T0 + timedelta(hours=2),
)


def an_order(opened_by: str, how: str | None, state: OrderState = OrderState.DELIVERED) -> Order:
    return Order(
        order_id=OrderId("o-1"),
        state=state,
        district=DistrictCode("KB"),
        operator=OperatorId("op"),
        resident_id=ResidentId("r"),
        merchant_id=MerchantId("m"),
        pickup_point_id=PickupPointId("p"),
        lines=(),
        total_fen=0,
        parcel=Parcel(litres=1, mass_kg=1),
        placed_at=T0,
        promised_p50_at=T0,
        promised_p90_at=T0,
        opened_by=opened_by,
        opened_how=how,
        closed_at=T0,
    )


@pytest.mark.parametrize(
    ("opened_by", "how", "wanted"),
    [
        ("customer", "page", Collected(by=Collector.CUSTOMER, how=OpenedHow.PAGE, at=T0)),
        (
            "delegate:2",
            "keypad",
            Collected(by=Collector.DELEGATE, how=OpenedHow.KEYPAD, at=T0, delegate=SISTER),
        ),
        ("delegate:3", "keypad", Collected(by=Collector.SOMEBODY, how=OpenedHow.KEYPAD, at=T0)),
        ("crew", "hand", Collected(by=Collector.CREW, how=OpenedHow.HAND, at=T0)),
        ("customer", None, Collected(by=Collector.CUSTOMER, how=None, at=T0)),
        ("", None, Collected(by=Collector.SOMEBODY, how=None, at=T0)),
    ],
    ids=["recipient", "delegate", "a delegate nobody named", "crew", "from before", "nobody knows"],
)
def test_who_collected_is_read_out_of_the_order(opened_by: str, how: str | None, wanted: Collected) -> None:
    assert collected_of(an_order(opened_by, how), (SISTER,)) == wanted


@pytest.mark.parametrize("state", sorted(set(OrderState) - {OrderState.DELIVERED}))
def test_an_order_that_is_not_delivered_was_collected_by_nobody(state: OrderState) -> None:
    assert collected_of(an_order("customer", "page", state), ()) is None


def test_of_a_name_the_first_character_is_seen_and_not_its_length() -> None:
    assert [mask_name(name) for name in ("妹妹", "欧阳娜娜", "  Anna", "")] == ["妹**", "欧**", "A**", "**"]
