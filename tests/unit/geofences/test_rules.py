"""Many fences, one rule."""

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import OperatorId
from core.kinds import ServiceKind
from geofences.fences import (
    FENCE_STATE_NAMES,
    KIND_NAMES,
    Fence,
    FenceHours,
    FenceKind,
    FenceRules,
    FenceState,
    HourSpan,
    OtherDay,
)
from geofences.index import FenceIndex
from geofences.rules import NOBODY, SERVICE_CODES, EffectiveRule, is_open
from tests.fences import KANGBASHI, a_fence, a_limit, a_square

NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)  # Wednesday, 12:00 in Ordos
SHANGHAI = ZoneInfo("Asia/Shanghai")
HERE = KANGBASHI.lat_lng(0, 0)


def rule_of(
    *fences: Fence,
    at: datetime = NOON,
    service: ServiceKind = ServiceKind.DELIVERY,
    operator: OperatorId | None = None,
) -> EffectiveRule:
    return FenceIndex.build(fences).rules_at(*HERE, at, service, operator)


def test_where_no_fence_is_nothing_is_ruled() -> None:
    rule = FenceIndex.build(()).rules_at(*HERE, NOON, ServiceKind.DELIVERY)
    assert rule.speed_limit_mps is None
    assert not rule.no_entry
    assert rule.is_service_allowed
    assert rule.decided_by == {}


def test_the_tightest_limit_wins_even_when_a_wider_fence_sets_it() -> None:
    rule = rule_of(a_fence("wide", a_square(500), rules=a_limit(2.0)), a_fence("near", rules=a_limit(4.0)))
    assert rule.speed_limit_mps == 2.0
    assert rule.decided_by["speed_limit_mps"].fence_id == "wide"


def test_of_equal_limits_the_most_specific_fence_decided() -> None:
    rule = rule_of(a_fence("wide", a_square(500), rules=a_limit(4.0)), a_fence("near", rules=a_limit(4.0)))
    assert rule.decided_by["speed_limit_mps"].fence_id == "near"


def test_capacity_is_that_of_the_most_specific_fence() -> None:
    rule = rule_of(
        a_fence("wide", a_square(500), rules=FenceRules(capacity=3)),
        a_fence("near", rules=FenceRules(capacity=9)),
    )
    assert rule.capacity == 9


def test_kinds_forbid_by_themselves() -> None:
    assert rule_of(a_fence(kind=FenceKind.NO_GO)).no_entry
    assert rule_of(a_fence(kind=FenceKind.KEEP_CLEAR)).no_stopping
    assert not rule_of(a_fence(kind=FenceKind.SLOW_ZONE)).no_stopping


def test_a_service_that_is_not_allowed_is_refused_by_name() -> None:
    only = a_fence("sweepers", rules=FenceRules(allowed_services=frozenset({ServiceKind.SWEEPING})))
    assert rule_of(only, service=ServiceKind.SWEEPING).is_service_allowed
    refused = rule_of(only, service=ServiceKind.VENDING)
    assert not refused.is_service_allowed
    assert refused.decided_by["is_service_allowed"].fence_id == "sweepers"


def test_a_fence_for_other_services_says_nothing() -> None:
    fence = a_fence(services=frozenset({ServiceKind.PATROL}), rules=a_limit(1.0))
    assert rule_of(fence).speed_limit_mps is None
    assert rule_of(fence, service=ServiceKind.PATROL).speed_limit_mps == 1.0


def test_a_fence_of_another_operator_says_nothing() -> None:
    fence = a_fence(operator=OperatorId("op-a"), rules=a_limit(1.0))
    assert rule_of(fence, operator=OperatorId("op-b")).speed_limit_mps is None
    assert rule_of(fence, operator=OperatorId("op-a")).speed_limit_mps == 1.0


def test_a_version_that_is_not_in_force_yet_says_nothing() -> None:
    fence = a_fence(rules=a_limit(1.0), effective_at=datetime(2026, 7, 2, tzinfo=UTC))
    assert rule_of(fence).fences == ()
    assert rule_of(fence, at=datetime(2026, 7, 2, tzinfo=UTC)).speed_limit_mps == 1.0


SCHOOL = FenceHours(
    spans=(HourSpan(start_minute=7 * 60, end_minute=8 * 60, weekdays=frozenset({1, 2, 3, 4, 5})),)
)
NIGHT = FenceHours(spans=(HourSpan(start_minute=22 * 60, end_minute=6 * 60, weekdays=frozenset({5})),))

SUMMER = FenceHours(valid_from=date(2026, 7, 1), valid_until=date(2026, 8, 31))
LAST_NIGHT = msgspec.structs.replace(NIGHT, valid_until=date(2026, 7, 3))
HOLIDAYS = msgspec.structs.replace(
    SCHOOL,
    other_days=(
        OtherDay(day=date(2026, 7, 1)),
        OtherDay(day=date(2026, 7, 4), spans=(HourSpan(start_minute=9 * 60, end_minute=10 * 60),)),
    ),
)


@pytest.mark.parametrize(
    ("hours", "local", "expected"),
    [
        pytest.param(SCHOOL, "2026-07-01T07:00", True, id="opens to the minute"),
        pytest.param(SCHOOL, "2026-07-01T07:59", True, id="last minute"),
        pytest.param(SCHOOL, "2026-07-01T08:00", False, id="end is outside"),
        pytest.param(SCHOOL, "2026-07-04T07:30", False, id="Saturday"),
        pytest.param(NIGHT, "2026-07-03T23:00", True, id="Friday night"),
        pytest.param(NIGHT, "2026-07-04T05:59", True, id="runs into Saturday"),
        pytest.param(NIGHT, "2026-07-04T06:00", False, id="until six"),
        pytest.param(NIGHT, "2026-07-04T23:00", False, id="Saturday night is another day's"),
        pytest.param(NIGHT, "2026-07-03T05:00", False, id="Friday morning belongs to Thursday"),
        pytest.param(SUMMER, "2026-06-30T23:59", False, id="before the first day"),
        pytest.param(SUMMER, "2026-07-01T00:00", True, id="the first day begins"),
        pytest.param(SUMMER, "2026-08-31T23:59", True, id="the last day ends"),
        pytest.param(SUMMER, "2026-09-01T00:00", False, id="after the last day"),
        pytest.param(LAST_NIGHT, "2026-07-04T05:59", True, id="the last night runs into the next day"),
        pytest.param(LAST_NIGHT, "2026-07-10T23:00", False, id="no night after the last"),
        pytest.param(HOLIDAYS, "2026-07-01T07:30", False, id="a holiday on a weekday"),
        pytest.param(HOLIDAYS, "2026-07-02T07:30", True, id="the day after the holiday"),
        pytest.param(HOLIDAYS, "2026-07-04T09:30", True, id="a Saturday that is worked"),
        pytest.param(HOLIDAYS, "2026-07-04T07:30", False, id="at other hours than on weekdays"),
    ],
)
def test_hours_go_by_the_wall_clock_of_the_fence(hours: FenceHours, local: str, expected: bool) -> None:
    at = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI)
    assert is_open(hours, at.astimezone(UTC)) is expected


def test_a_span_that_ends_where_it_starts_is_the_whole_day() -> None:
    always = FenceHours(spans=(HourSpan(start_minute=0, end_minute=0),))
    assert is_open(always, NOON)
    assert is_open(always, datetime(2026, 7, 1, 16, 0, tzinfo=UTC))


def test_hours_switch_a_rule_on_and_off() -> None:
    fence = a_fence(kind=FenceKind.KEEP_CLEAR, hours=SCHOOL)
    assert not rule_of(fence).no_stopping
    assert rule_of(fence, at=datetime(2026, 7, 1, 7, 30, tzinfo=SHANGHAI)).no_stopping


fence_kinds = st.sampled_from(list(FenceKind))
some_rules = st.builds(
    FenceRules,
    speed_limit_mps=st.none() | st.sampled_from([1.0, 2.0, 3.0]),
    no_entry=st.booleans(),
    no_stopping=st.booleans(),
    allowed_services=st.none() | st.frozensets(st.sampled_from(ServiceKind)),
)
some_fence = st.fixed_dictionaries(
    {
        "kind": fence_kinds,
        "rules": some_rules,
        "services": st.frozensets(st.sampled_from(ServiceKind)),
        "operator": st.none() | st.sampled_from([OperatorId("a"), OperatorId("b")]),
        "hours": st.none() | st.just(SCHOOL),
    }
)


@settings(deadline=None)
@given(
    st.lists(some_fence, max_size=6),
    st.sampled_from(ServiceKind),
    st.sampled_from([None, OperatorId("a"), OperatorId("b"), OperatorId("unknown")]),
    st.sampled_from([NOON, datetime(2026, 7, 1, 7, 30, tzinfo=SHANGHAI)]),
)
def test_whole_batches_are_judged_like_single_points(
    made: list[dict[str, Any]], service: ServiceKind, operator: OperatorId | None, at: datetime
) -> None:
    sizes = [30.0 * (number + 1) for number in range(len(made))]
    index = FenceIndex.build(
        [
            a_fence(f"f{n}", a_square(size), **fields)
            for n, (size, fields) in enumerate(zip(sizes, made, strict=True))
        ]
    )
    places = [KANGBASHI.lat_lng(east, 0) for east in (0, 45, 75, 165, 900)]
    lat, lng = np.array(places).T
    columns = index.rules
    judged = columns.judge(
        *index.match(lat, lng),
        at,
        np.full(5, SERVICE_CODES[service]),
        np.full(5, columns.operator_code(operator)),
    )

    def name(number: np.int32) -> str | None:
        return None if number == NOBODY else index.fences[number].fence_id

    for row, place in enumerate(places):
        rule = index.rules_at(*place, at, service, operator)
        by = {field: fence.fence_id for field, fence in rule.decided_by.items()}
        assert judged.speed_limit_mps[row] == (rule.speed_limit_mps or np.inf)
        assert name(judged.speed_limit_by[row]) == by.get("speed_limit_mps")
        assert name(judged.no_entry_by[row]) == by.get("no_entry")
        assert name(judged.no_stopping_by[row]) == by.get("no_stopping")
        assert name(judged.service_refused_by[row]) == by.get("is_service_allowed")
        areas = [f.fence_id for f in rule.fences if f.kind is FenceKind.OPERATING_AREA]
        assert name(judged.operating_area_by[row]) == (areas[0] if areas else None)


def test_every_kind_and_state_has_a_chinese_and_an_english_name() -> None:
    for names, members in ((KIND_NAMES, FenceKind), (FENCE_STATE_NAMES, FenceState)):
        assert set(names) == set(members)
        assert all(zh and en for zh, en in names.values())
