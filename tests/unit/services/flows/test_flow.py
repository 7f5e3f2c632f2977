"""What an operator's flow asks for: which step is still to be done, and what shows that one was."""

from datetime import UTC, datetime

import pytest

from core.errors import Conflict
from core.ids import OrderId
from services.flows.flow import (
    Proof,
    ProofKind,
    Step,
    missing_at_door,
    missing_at_loading,
    must_be_done,
)

AT = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
ALL = tuple(Step)


def proved(kind: ProofKind, said: str) -> Proof:
    return Proof(order_id=OrderId("o"), kind=kind, said=said, at=AT, actor="merchant:m")


def confirmed(*names: str) -> list[Proof]:
    return [proved(ProofKind.CONFIRMED, name) for name in names]


@pytest.mark.parametrize(
    ("names", "is_missing"),
    [((), True), (("Li",), True), (("Li", "LI"), True), (("Li", "Wang"), False)],
    ids=["nobody", "one person", "one person twice", "two persons"],
)
def test_a_load_is_confirmed_by_two_persons(names: tuple[str, ...], is_missing: bool) -> None:
    missing = missing_at_loading((Step.TWO_STEP_LOAD,), confirmed(*names))
    assert missing == ((Step.TWO_STEP_LOAD,) if is_missing else ())


def test_a_photo_of_another_moment_is_no_photo_of_the_load() -> None:
    at_door = proved(ProofKind.PHOTO_AT_COLLECTION, "x")
    assert missing_at_loading((Step.PHOTO_AT_LOADING,), [at_door]) == (Step.PHOTO_AT_LOADING,)
    assert missing_at_loading((Step.PHOTO_AT_LOADING,), [proved(ProofKind.PHOTO_AT_LOADING, "x")]) == ()


def test_loading_asks_for_nothing_of_the_door_and_the_door_for_nothing_of_loading() -> None:
    assert missing_at_loading(ALL, []) == (Step.TWO_STEP_LOAD, Step.PHOTO_AT_LOADING)
    assert missing_at_door(ALL, has_code=False, has_photo=False) == (
        Step.CODE_AT_DOOR,
        Step.PHOTO_AT_COLLECTION,
    )


@pytest.mark.parametrize(
    ("has_code", "has_photo", "missing"),
    [
        (True, False, (Step.PHOTO_AT_COLLECTION,)),
        (False, True, (Step.CODE_AT_DOOR,)),
        (True, True, ()),
    ],
)
def test_a_door_asks_for_what_is_not_there(
    has_code: bool, has_photo: bool, missing: tuple[Step, ...]
) -> None:
    assert missing_at_door(ALL, has_code=has_code, has_photo=has_photo) == missing


def test_what_nobody_asks_for_is_never_missing() -> None:
    assert missing_at_loading((), []) == ()
    assert missing_at_door((), has_code=False, has_photo=False) == ()


def test_the_first_missing_step_is_named() -> None:
    must_be_done(())
    with pytest.raises(Conflict) as refused:
        must_be_done((Step.PHOTO_AT_LOADING, Step.TWO_STEP_LOAD))
    assert (refused.value.code, refused.value.fields["step"]) == ("step-missing", "photo_at_loading")
