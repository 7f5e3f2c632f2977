"""Pick-up codes: the published vectors, tries, generations, verifiers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict
from core.ids import OrderId, VehicleNo
from services.delivery.keypad import keypad_key
from services.delivery.pickup_code import GENERATIONS, TRIES, PickupCode, hotp, verifier_digest

RFC_SECRET = b"12345678901234567890"
RFC_4226_APPENDIX_D = [
    "755224",
    "287082",
    "359152",
    "969429",
    "338314",
    "254676",
    "287922",
    "162583",
    "399871",
    "520489",
]
KEY = keypad_key("known-to-everybody-test-keypad-key", VehicleNo(7))


def a_code(**changes: object) -> PickupCode:
    fields: dict[str, object] = {"order_id": OrderId("o-1"), "secret": RFC_SECRET, **changes}
    return PickupCode(**fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(("counter", "expected"), list(enumerate(RFC_4226_APPENDIX_D)))
def test_the_ten_values_of_rfc_4226_appendix_d(counter: int, expected: str) -> None:
    assert hotp(RFC_SECRET, counter) == expected


def test_a_code_is_the_hotp_of_its_generation_and_is_shown_again_and_again() -> None:
    code = a_code()
    assert [code.code(), code.code()] == ["287082", "287082"]
    assert code.refresh().code() == "359152"


def test_a_wrong_code_costs_a_try_and_the_right_one_none() -> None:
    code, is_right = a_code().check("000000")
    assert (is_right, code.tries_left) == (False, TRIES - 1)
    code, is_right = code.check("287082")
    assert (is_right, code.tries_left) == (True, TRIES - 1)


def test_five_wrong_tries_lock_until_a_fresh_code() -> None:
    code = a_code()
    for _ in range(TRIES):
        code, _ = code.check("000000")
    assert code.is_locked
    with pytest.raises(Conflict) as refusal:
        code.check("287082")
    assert (refusal.value.code, refusal.value.fields["can_refresh"]) == ("pickup-code-locked", True)
    fresh = code.refresh()
    assert (fresh.is_locked, fresh.tries_left) == (False, TRIES)
    assert fresh.check("287082")[1] is False
    assert fresh.check("359152")[1] is True


def test_after_the_third_generation_there_is_no_fresh_code() -> None:
    code = a_code(generation=GENERATIONS)
    with pytest.raises(Conflict) as refusal:
        code.refresh()
    assert refusal.value.code == "pickup-code-locked"


def test_it_dies_with_the_order() -> None:
    dead = a_code().die()
    for use in (dead.code, dead.refresh, lambda: dead.check("287082")):
        with pytest.raises(Conflict) as refusal:
            use()
        assert refusal.value.code == "gone"
    assert dead.die() is dead


def test_the_vehicles_count_is_merged_by_the_larger_and_a_repeat_changes_nothing() -> None:
    code = a_code().merge_tries(1, 3)
    assert code.tries == {1: 3}
    assert code.merge_tries(1, 3) is code
    assert code.merge_tries(1, 2) is code
    assert code.merge_tries(1, 99).tries == {1: TRIES}
    assert code.merge_tries(9, 1) is code


@given(st.lists(st.tuples(st.integers(-1, 5), st.integers(-1, 8)), max_size=20))
def test_merging_in_any_order_gives_the_same_count(reports: list[tuple[int, int]]) -> None:
    forwards, backwards = a_code(), a_code()
    for generation, tries in reports:
        forwards = forwards.merge_tries(generation, tries)
    for generation, tries in reversed(reports):
        backwards = backwards.merge_tries(generation, tries)
    assert forwards.tries == backwards.tries


def test_a_vehicle_checks_the_codes_of_three_generations_without_a_network() -> None:
    verifiers = {v.generation: v.digest for v in a_code().verifiers(KEY)}
    assert sorted(verifiers) == [1, 2, 3]
    for generation in verifiers:
        typed = RFC_4226_APPENDIX_D[generation]
        assert verifier_digest(KEY, OrderId("o-1"), generation, typed) == verifiers[generation]
    assert verifier_digest(KEY, OrderId("o-2"), 1, "287082") != verifiers[1]
    other_vehicle = keypad_key("known-to-everybody-test-keypad-key", VehicleNo(8))
    assert verifier_digest(other_vehicle, OrderId("o-1"), 1, "287082") != verifiers[1]


def test_neither_secret_nor_code_is_in_its_repr() -> None:
    shown = repr(a_code())
    assert "1234567890" not in shown
    assert "287082" not in shown
