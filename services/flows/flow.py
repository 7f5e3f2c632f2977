"""Which steps an operator asks for before goods are loaded and before a door opens: data, by version."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec

from core.errors import Conflict
from core.ids import OperatorId, OrderId, StaffId
from core.kinds import ServiceKind

CONFIRMATIONS = 2
"""Persons who confirm a load where it takes two."""


class Step(StrEnum):
    """A step that an operator may ask for; without it the code of the service is what it always was."""

    TWO_STEP_LOAD = "two_step_load"
    """Two persons confirm, each by name, before the compartment opens for the goods."""
    PHOTO_AT_LOADING = "photo_at_loading"
    CODE_AT_DOOR = "code_at_door"
    """The page opens the door only for a typed pickup code."""
    PHOTO_AT_COLLECTION = "photo_at_collection"


STEP_NAMES: Mapping[Step, tuple[str, str]] = MappingProxyType(
    {
        Step.TWO_STEP_LOAD: ("装货双人确认", "two people confirm the load"),
        Step.PHOTO_AT_LOADING: ("装货拍照", "photo at loading"),
        Step.CODE_AT_DOOR: ("开门输取件码", "pickup code at the door"),
        Step.PHOTO_AT_COLLECTION: ("取货拍照", "photo at collection"),
    }
)
"""(zh, en) of every step."""


class FlowVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator asks for since ``at``; version 0 asks for nothing and nobody set it."""

    operator: OperatorId
    service: ServiceKind = ServiceKind.DELIVERY
    version: int = 0
    steps: tuple[Step, ...] = ()
    at: datetime | None = None
    staff_id: StaffId | None = None
    by_name: str = ""
    reason: str = ""


class ProofKind(StrEnum):
    """What shows that a step was done."""

    CONFIRMED = "confirmed"
    """Somebody confirmed the load; what he said is his name."""
    PHOTO_AT_LOADING = "photo_at_loading"
    PHOTO_AT_COLLECTION = "photo_at_collection"
    """A reference of a photo; the photo itself lies elsewhere."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that shows that a step of an order was done; ``said`` is a name or a reference."""

    order_id: OrderId
    kind: ProofKind
    said: str
    at: datetime
    actor: str


def missing_at_loading(steps: Sequence[Step], proofs: Sequence[Proof]) -> tuple[Step, ...]:
    """Return the steps that are still to be done before the compartment opens for the goods."""
    persons = {one.said.casefold() for one in proofs if one.kind is ProofKind.CONFIRMED}
    has_photo = any(one.kind is ProofKind.PHOTO_AT_LOADING for one in proofs)
    missing = {
        Step.TWO_STEP_LOAD: len(persons) < CONFIRMATIONS,
        Step.PHOTO_AT_LOADING: not has_photo,
    }
    return tuple(step for step in steps if missing.get(step, False))


def missing_at_door(steps: Sequence[Step], *, has_code: bool, has_photo: bool) -> tuple[Step, ...]:
    """Return the steps that are still to be done before the page opens the door for the recipient."""
    missing = {Step.CODE_AT_DOOR: not has_code, Step.PHOTO_AT_COLLECTION: not has_photo}
    return tuple(step for step in steps if missing.get(step, False))


def must_be_done(missing: Sequence[Step]) -> None:
    """Raise Conflict ``step-missing`` naming the first step that the operator's flow asks for."""
    if missing:
        raise Conflict(
            "step-missing",
            STEP_NAMES[missing[0]][1],
            step=missing[0].value,
            step_zh=STEP_NAMES[missing[0]][0],
            step_en=STEP_NAMES[missing[0]][1],
        )
