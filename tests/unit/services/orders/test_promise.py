"""Promises: two whole-minute times that grow with the way and the queue."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orders.promise import PromiseInput, promise, queue_s


def given_input(**changes: float) -> PromiseInput:
    usual = PromiseInput(
        prepare_s=180.0,
        pickup_drive_s=240.0,
        delivery_drive_s=420.0,
        free_vehicles=5,
        vehicles=20,
        waiting=0,
        job_s=1500.0,
    )
    return msgspec.structs.replace(usual, **changes)


def test_with_a_free_vehicle_the_promise_is_the_way_the_loading_and_the_spread() -> None:
    made = promise(given_input())
    # 6 s dispatch + 240 s there, 120 s loading, 420 s + 20 s to the recipient = 806 s
    assert (made.p50_s, made.queue_s, made.pickup_s) == (840.0, 0.0, 246.0)
    assert made.p90_s == 1080.0


def test_a_merchant_that_answers_himself_and_a_fast_city_make_the_promise_longer() -> None:
    usual = promise(given_input())
    slow = promise(given_input(answer_s=90.0, dispatch_s=60.0))
    assert slow.pickup_s == usual.pickup_s + 90.0 + 54.0
    assert slow.p90_s - slow.p50_s >= usual.p90_s - usual.p50_s


def test_slow_goods_count_when_they_are_slower_than_the_vehicle() -> None:
    assert promise(given_input(prepare_s=900.0)).pickup_s == 900.0


@pytest.mark.parametrize(
    ("free", "waiting", "vehicles", "expected"),
    [(5, 0, 20, 0.0), (1, 0, 20, 0.0), (0, 0, 20, 75.0), (0, 9, 20, 750.0), (0, 1, 0, 3000.0)],
)
def test_the_queue_empties_as_fast_as_vehicles_come_free(
    free: int, waiting: int, vehicles: int, expected: float
) -> None:
    given = given_input(free_vehicles=free, waiting=waiting, vehicles=vehicles)
    assert queue_s(given) == pytest.approx(expected)


@given(st.floats(0, 3600), st.floats(0, 3600), st.floats(0, 3600), st.integers(0, 50), st.integers(0, 50))
def test_p90_is_always_past_p50_and_both_are_whole_minutes(
    prepare: float, pickup: float, drive: float, free: int, waiting: int
) -> None:
    made = promise(
        given_input(
            prepare_s=prepare,
            pickup_drive_s=pickup,
            delivery_drive_s=drive,
            free_vehicles=free,
            waiting=waiting,
        )
    )
    assert made.p90_s >= made.p50_s + 120
    assert made.p50_s % 60 == made.p90_s % 60 == 0
