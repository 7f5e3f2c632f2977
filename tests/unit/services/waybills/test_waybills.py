"""Slots, rows and the machine of waybills: pure."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import IllegalTransition, Invalid
from core.ids import DistrictCode, MerchantId, OperatorId, OrderId, PickupPointId, ResidentId, WaybillId
from services.delivery.compartments import Parcel
from services.delivery.opening_hours import is_open, read_hours
from services.waybills.slots import AHEAD, SOON, slots
from services.waybills.waybill import (
    STATE_NAMES,
    TERMINAL,
    TRANSITIONS,
    Declined,
    NoAnswer,
    NotServed,
    OrderPlaced,
    SlotChosen,
    Waybill,
    WaybillEvent,
    WaybillState,
    advance,
)
from services.waybills.waybill_csv import check_rows, must_be_right, read_rows

T0 = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
EVENTS: tuple[WaybillEvent, ...] = (
    SlotChosen(slot_at=T0, pickup_point_id=PickupPointId("p-1")),
    Declined(),
    NoAnswer(),
    OrderPlaced(order_id=OrderId("o-1")),
    NotServed(reason="area-not-served"),
)


@settings(max_examples=60)
@given(st.lists(st.sampled_from(EVENTS), max_size=6))
def test_a_waybill_keeps_its_table_and_what_is_over_stays_over(events: list[WaybillEvent]) -> None:
    assert set(STATE_NAMES) == set(WaybillState)
    waybill = Waybill(
        waybill_id=WaybillId("w-1"),
        merchant_id=MerchantId("m-1"),
        district=DistrictCode("KB"),
        operator=OperatorId("op-a"),
        number="SF1",
        resident_id=ResidentId("r-1"),
        token_hash="x",
        parcel=Parcel(litres=2, mass_kg=1),
        offered_at=T0,
        answer_by=T0,
    )
    for event in events:
        target = TRANSITIONS.get((waybill.state, type(event)))
        if target is None:
            with pytest.raises(IllegalTransition):
                advance(waybill, event, at=T0)
            continue
        assert waybill.state not in TERMINAL
        moved = advance(waybill, event, at=T0)
        assert (moved.state, moved.version) == (target, waybill.version + 1)
        assert (moved.closed_at is None) == (target not in TERMINAL)
        waybill = moved


@settings(max_examples=60)
@given(st.integers(0, 23), st.integers(1, 24), st.integers(0, 2879))
def test_a_slot_is_never_too_soon_nor_while_the_station_is_shut(opens: int, lasts: int, minute: int) -> None:
    hours = read_hours(f"{opens:02d}:00-{min(opens + lasts, 24):02d}:00")
    at = T0 + timedelta(minutes=minute)
    found = slots(hours, at)
    assert list(found) == sorted(found)
    for begins in found:
        assert SOON <= begins - at <= AHEAD
        assert is_open(hours, begins)
        assert is_open(hours, begins + timedelta(minutes=90))


def test_every_wrong_row_is_told_with_its_field_and_no_phone_is_repeated() -> None:
    text = "\ufeffnumber,phone,litres,mass_kg\nSF1,13812345678,2,1\nSF1,13812345679,2,1\n,12,x,99\n"
    found, errors = check_rows(read_rows(text), 2)
    assert [row.number for row in found] == ["SF1", "SF1"]
    assert found[0].phone == "+8613812345678"
    told = [(error.row, error.field) for error in errors]
    assert told == [(3, "number"), (4, "number"), (4, "phone"), (4, "litres"), (4, "mass_kg")]
    with pytest.raises(Invalid) as refused:
        must_be_right(errors)
    assert refused.value.code == "waybills-invalid"
    assert "1381234567" not in str(refused.value)
    with pytest.raises(Invalid, match="column is missing"):
        read_rows("number,phone\n")
