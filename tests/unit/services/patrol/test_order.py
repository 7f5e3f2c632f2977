"""The order of a round: windows hold, shuffled orders spread, nobody learns the next one from the last."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from services.patrol.beat import Checkpoint, is_open
from services.patrol.order import LONGEST_WAIT, Plan, order_key, plan_visits

CITY = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 12, 1, 4, 0, tzinfo=UTC)
"""12:00 in the city."""
SEED = "5a" * 32


def a_point(name: str, opens: int | None = None, closes: int | None = None, dwell_s: int = 60) -> Checkpoint:
    return Checkpoint(
        checkpoint_id=name,
        name_zh=name,
        name_en=name,
        lat=39.6,
        lng=109.8,
        dwell_s=dwell_s,
        opens_min=opens,
        closes_min=closes,
    )


def names(plan: Plan) -> str:
    return "".join(visit.point.checkpoint_id for visit in plan.visits)


def even(points: int, seconds: float = 300.0) -> list[list[float | None]]:
    """Five minutes between any two places."""
    return [[0.0 if a == b else seconds for b in range(points + 1)] for a in range(points + 1)]


def planned(points: list[Checkpoint], key: bytes | None = None, at: datetime = NOON) -> Plan:
    return plan_visits(points, even(len(points)), at=at, zone=CITY, key=key)


def test_without_shuffling_the_order_is_the_beats() -> None:
    plan = planned([a_point(name) for name in "abcde"])
    assert names(plan) == "abcde"
    assert [visit.wait_s for visit in plan.visits] == [60.0] * 5
    gaps = [b.arrives_at - a.arrives_at for a, b in pairwise(plan.visits)]
    assert set(gaps) == {timedelta(seconds=360)}


def test_the_same_occasion_gives_the_same_order_and_another_another() -> None:
    points = [a_point(name) for name in "abcdefgh"]
    orders = [names(planned(points, order_key(SEED, f"occurrence-{n}"))) for n in range(40)]
    assert orders[0] == names(planned(points, order_key(SEED, "occurrence-0")))
    assert len(set(orders)) == 40, "of 40,320 orders no two of forty are the same"
    assert names(planned(points, order_key("5b" * 32, "occurrence-0"))) != orders[0]


def test_shuffled_orders_spread_so_that_no_place_of_the_round_can_be_learned() -> None:
    points = [a_point(name) for name in "abcd"]
    orders = Counter(names(planned(points, order_key(SEED, str(n)))) for n in range(2400))
    assert len(orders) == 24
    # 100 each are expected with a standard deviation of 10: five of them are allowed
    assert 50 <= min(orders.values()) <= max(orders.values()) <= 150
    after_a = Counter(order[order.index("a") + 1] for order in orders.elements() if order[-1] != "a")
    assert max(after_a.values()) - min(after_a.values()) < 0.2 * sum(after_a.values()) / 3


def test_a_checkpoint_that_closes_soon_comes_first_whatever_was_drawn() -> None:
    points = [*(a_point(name) for name in "abcde"), a_point("z", opens=690, closes=732)]
    for number in range(30):
        plan = planned(points, order_key(SEED, str(number)))
        assert (len(plan.visits), plan.left_out) == (6, ())
        assert plan.visits.index(next(v for v in plan.visits if v.point.checkpoint_id == "z")) < 2


def test_a_vehicle_does_not_wait_long_for_a_window_while_others_are_open() -> None:
    points = [a_point("z", opens=750, closes=840), *(a_point(name) for name in "abcdef")]
    plan = planned(points)
    assert names(plan)[0] == "a"
    z = next(visit for visit in plan.visits if visit.point.checkpoint_id == "z")
    assert z.wait_s - 60 <= LONGEST_WAIT.total_seconds()


def test_what_closes_before_it_is_reached_and_what_opens_too_late_are_left_out() -> None:
    closed, tonight = a_point("c", opens=600, closes=723), a_point("t", opens=1320, closes=120)
    plan = planned([closed, a_point("a"), tonight])
    assert (names(plan), plan.left_out) == ("a", (closed, tonight))


def test_a_window_may_pass_midnight() -> None:
    night = a_point("n", opens=1320, closes=120)
    assert names(planned([night], at=datetime(2026, 12, 1, 16, 30, tzinfo=UTC))) == "n"
    assert is_open(night, datetime(2026, 12, 1, 16, 30, tzinfo=UTC), CITY)
    assert not is_open(night, datetime(2026, 12, 1, 18, 0, tzinfo=UTC), CITY)


def test_a_place_without_a_way_is_left_out_and_the_others_are_visited() -> None:
    points = [a_point("a"), a_point("island"), a_point("b")]
    travel = even(3)
    for row in travel:
        row[2] = None
    plan = plan_visits(points, travel, at=NOON, zone=CITY, key=None)
    assert (names(plan), plan.left_out) == ("ab", (points[1],))


WINDOWS = st.one_of(st.none(), st.tuples(st.integers(660, 900), st.integers(15, 240)))


@settings(max_examples=60, deadline=None)
@given(windows=st.lists(WINDOWS, min_size=1, max_size=9), occasion=st.text(max_size=5))
def test_every_window_holds_and_nothing_is_lost_or_done_twice(
    windows: list[tuple[int, int] | None], occasion: str
) -> None:
    points = [
        a_point(str(number)) if window is None else a_point(str(number), window[0], sum(window))
        for number, window in enumerate(windows)
    ]
    for key in (None, order_key(SEED, occasion)):
        plan = planned(points, key)
        assert sorted(
            [*(v.point.checkpoint_id for v in plan.visits), *(p.checkpoint_id for p in plan.left_out)]
        ) == (sorted(point.checkpoint_id for point in points))
        for visit in plan.visits:
            leaves_at = visit.arrives_at + timedelta(seconds=visit.wait_s)
            assert is_open(visit.point, leaves_at, CITY), "evidence is taken as the vehicle leaves"
        for before, after in pairwise(plan.visits):
            assert after.arrives_at >= before.arrives_at + timedelta(seconds=before.wait_s + 300)
