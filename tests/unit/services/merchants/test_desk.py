"""How a shop stands: licence before pause before hours, and hours that run past midnight."""

from datetime import UTC, date, datetime, timedelta

import pytest

from core.errors import Conflict
from core.ids import DistrictCode, MerchantId
from services.delivery.catalogue import Merchant
from services.merchants.desk import (
    PAUSE_NAMES,
    STANDING_NAMES,
    DayHours,
    Desk,
    PauseReason,
    Standing,
    must_take_orders,
    standing_of,
)

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
"""12:00 on 1 July in Shanghai."""
TODAY = date(2026, 7, 1)


def a_shop(**changes: object) -> Merchant:
    fields = {
        "merchant_id": MerchantId("m-1"),
        "district": DistrictCode("KB"),
        "kind": "restaurant",
        "name_zh": "示例面馆",
        "name_en": "Sample noodles",
        "lat": 39.6,
        "lng": 109.8,
        "open_hours": "08:00-20:00",
        "needs_food_licence": True,
    }
    return Merchant(**{**fields, **changes})  # type: ignore[arg-type]


def a_desk(**changes: object) -> Desk:
    fields = {"merchant_id": MerchantId("m-1"), "licence_number": "JY1", "licence_expires_on": TODAY}
    return Desk(**{**fields, **changes})  # type: ignore[arg-type]


def test_a_licensed_shop_in_its_hours_takes_orders() -> None:
    assert standing_of(a_shop(), a_desk(), NOON).standing is Standing.OPEN


def test_a_licence_is_good_to_the_end_of_its_last_day_in_the_citys_own_time() -> None:
    open_late = a_shop(open_hours="00:00-24:00")
    last_second = datetime(2026, 7, 1, 15, 59, 59, tzinfo=UTC)
    assert standing_of(open_late, a_desk(), last_second).standing is Standing.OPEN
    after = standing_of(open_late, a_desk(), last_second + timedelta(seconds=1))
    assert after.standing is Standing.LICENCE_EXPIRED


@pytest.mark.parametrize(
    ("shop", "desk", "code", "fields"),
    [
        (a_shop(), a_desk(licence_number=""), "licence-expired", {"standing": "licence_missing"}),
        (
            a_shop(),
            a_desk(licence_expires_on=date(2026, 6, 30), paused_at=NOON),
            "licence-expired",
            {"standing": "licence_expired", "expired_on": "2026-06-30"},
        ),
        (
            a_shop(open_hours="18:00-20:00"),
            a_desk(paused_at=NOON, pause_reason=PauseReason.BREAK),
            "merchant-paused",
            {"reason": "break", "until": None},
        ),
        (
            a_shop(),
            a_desk(days=(DayHours(day=TODAY, open_hours=""),)),
            "merchant-closed",
            {"open_hours": ""},
        ),
        (a_shop(open_hours="18:00-20:00"), a_desk(), "merchant-closed", {"open_hours": "18:00-20:00"}),
    ],
    ids=["no licence", "an old licence beside a pause", "a pause out of hours", "shut today", "too early"],
)
def test_why_a_shop_takes_no_orders(shop: Merchant, desk: Desk, code: str, fields: dict[str, object]) -> None:
    with pytest.raises(Conflict) as refused:
        must_take_orders(shop, desk, NOON)
    assert refused.value.code == code
    assert fields.items() <= refused.value.fields.items()


def test_a_shop_that_needs_no_licence_is_not_asked_for_one() -> None:
    station = a_shop(needs_food_licence=False)
    assert must_take_orders(station, Desk(merchant_id=MerchantId("m-1")), NOON).takes_orders


def test_a_pause_ends_by_itself_and_so_does_busy_mode() -> None:
    until = NOON + timedelta(minutes=30)
    desk = a_desk(paused_at=NOON, paused_until=until, busy_until=until, busy_extra_s=600.0)
    assert standing_of(a_shop(), desk, until - timedelta(seconds=1)).until == until
    after = standing_of(a_shop(), desk, until)
    assert (after.standing, after.extra_s) == (Standing.OPEN, 0.0)
    assert desk.extra_s(until - timedelta(seconds=1)) == 600.0


@pytest.mark.parametrize(
    ("day", "shanghai_hour", "expected"),
    [
        (DayHours(day=TODAY, open_hours=""), 1, Standing.OPEN),
        (DayHours(day=TODAY, open_hours=""), 21, Standing.CLOSED),
        (DayHours(day=TODAY - timedelta(days=1), open_hours=""), 1, Standing.CLOSED),
        (DayHours(day=TODAY, open_hours="09:00-11:00"), 10, Standing.OPEN),
    ],
    ids=["yesterday ran on", "shut tonight", "yesterday was shut", "other hours"],
)
def test_hours_of_a_day_are_those_of_the_day_on_which_the_shop_opened(
    day: DayHours, shanghai_hour: int, expected: Standing
) -> None:
    night_shop = a_shop(open_hours="20:00-02:00")
    at = datetime(2026, 6, 30, 16, tzinfo=UTC) + timedelta(hours=shanghai_hour)
    assert standing_of(night_shop, a_desk(days=(day,)), at).standing is expected


def test_every_standing_and_reason_has_a_name_in_both_languages() -> None:
    assert set(STANDING_NAMES) == set(Standing)
    assert set(PAUSE_NAMES) == set(PauseReason)
    assert all(zh and en for zh, en in (*STANDING_NAMES.values(), *PAUSE_NAMES.values()))
