"""A delegate of an order: how many there may be, until when her code is good, and taking it back."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from core.errors import Conflict
from core.ids import OrderId, ResidentId
from services.delegation.delegate import MOST_DELEGATES, Delegate, next_number, number_of
from services.delivery.pickup_code import TRIES

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
KEY = b"k" * 32


def a_delegate(number: int = 1, **changes: object) -> Delegate:
    made = Delegate(
        order_id=OrderId("o"),
        number=number,
        resident_id=ResidentId("r-2"),
        name="妹妹",
        secret=b"s" * 20,
        named_at=AT,
        expires_at=AT + timedelta(hours=2),
    )
    return msgspec.structs.replace(made, **changes)


def test_an_order_names_nine_people_at_most() -> None:
    known = tuple(a_delegate(number) for number in range(1, MOST_DELEGATES))
    assert (next_number(()), next_number(known)) == (1, MOST_DELEGATES)
    with pytest.raises(Conflict):
        next_number((*known, a_delegate(MOST_DELEGATES)))


def test_a_number_that_was_given_is_not_given_again() -> None:
    assert next_number((a_delegate(1, is_dead=True), a_delegate(3))) == 4


@pytest.mark.parametrize(("seconds", "is_good"), [(0, True), (7_199, True), (7_200, False), (7_201, False)])
def test_her_code_is_good_until_its_end(seconds: int, is_good: bool) -> None:
    assert a_delegate().is_good(AT + timedelta(seconds=seconds)) is is_good


def test_a_code_taken_back_is_good_no_more_and_is_taken_back_once() -> None:
    revoked = a_delegate().revoke(AT)
    assert (revoked.is_dead, revoked.revoked_at, revoked.is_good(AT)) == (True, AT, False)
    assert revoked.revoke(AT + timedelta(seconds=1)) is revoked


def test_a_keypad_tells_her_codes_from_those_of_others() -> None:
    generations = [one.generation for number in (1, 9) for one in a_delegate(number).code.verifiers(KEY)]
    assert generations == [11, 12, 13, 91, 92, 93]
    assert [number_of(one) for one in (1, 3, 11, 13, 93)] == [0, 0, 1, 1, 9]


def test_her_tries_are_her_own_and_a_fresh_code_has_new_ones() -> None:
    locked = a_delegate().with_code(a_delegate().code.merge_tries(1, TRIES))
    assert locked.code.is_locked
    assert not locked.with_code(locked.code.refresh()).code.is_locked


def test_neither_name_nor_secret_reach_a_log() -> None:
    assert "妹妹" not in repr(a_delegate())
    assert "ssss" not in repr(a_delegate())
