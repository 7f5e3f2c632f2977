"""Terms over time: which hold, which are replaced before they come, and from which day others may."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.errors import Invalid
from core.ids import MerchantId, OperatorId
from services.settlement.terms import EVERY_MERCHANT, Standing, Terms, begin_of, with_standing

CITY = ZoneInfo("Asia/Shanghai")
T0 = datetime(2026, 7, 1, tzinfo=UTC)
OWN = MerchantId("m-1")
S = Standing


def some(day: int, fee_bp: int, *, agreed: int = 0, merchant: MerchantId = EVERY_MERCHANT) -> Terms:
    return Terms(
        operator=OperatorId("op-a"),
        merchant_id=merchant,
        from_at=T0 + timedelta(days=day),
        platform_fee_bp=fee_bp,
        agreed_at=T0 + timedelta(days=agreed),
    )


def stands(*terms: Terms, day: float) -> list[tuple[int, Standing]]:
    found = with_standing(terms, T0 + timedelta(days=day))
    return [(one.platform_fee_bp, standing) for one, standing in found]


def test_the_last_that_has_begun_is_in_force_and_what_is_replaced_before_it_came_never_was() -> None:
    agreed = (some(0, 500), some(10, 9), some(10, 600, agreed=1), some(20, 700))
    assert stands(*agreed, day=5) == [
        (700, S.TO_COME),
        (600, S.TO_COME),
        (9, S.REPLACED),
        (500, S.IN_FORCE),
    ]
    assert stands(*agreed, day=10) == [(700, S.TO_COME), (600, S.IN_FORCE), (9, S.REPLACED), (500, S.PAST)]
    assert stands(*agreed, day=25) == [(700, S.IN_FORCE), (600, S.PAST), (9, S.REPLACED), (500, S.PAST)]


def test_a_merchant_with_terms_of_its_own_is_told_no_common_ones_that_never_reach_it() -> None:
    agreed = (some(0, 500), some(10, 300, merchant=OWN), some(15, 800))
    assert stands(*agreed, day=5) == [(300, S.TO_COME), (500, S.IN_FORCE)]
    assert stands(*agreed, day=20) == [(300, S.IN_FORCE), (500, S.PAST)]


def test_nothing_agreed_has_no_standing() -> None:
    assert stands(day=1) == []


def test_terms_begin_at_the_midnight_of_a_local_day_from_tomorrow_on() -> None:
    at = datetime(2026, 6, 30, 17, 0, tzinfo=UTC)  # one in the morning of the first of July in the city
    assert begin_of(date(2026, 7, 2), CITY, at=at) == datetime(2026, 7, 1, 16, 0, tzinfo=UTC)
    for day in (date(2026, 7, 1), date(1, 1, 1), date(2028, 7, 2), date.max):
        with pytest.raises(Invalid) as refused:
            begin_of(day, CITY, at=at)
        assert refused.value.fields["field"] == "fromDay"
        assert refused.value.fields["limit"] == "2026-07-02 to 2028-07-01"
