"""Bodies of the reports that a vehicle sends: facts, stored once and acknowledged after the commit.

Fields that this version does not know are ignored, because vehicles are newer and older than the city.
"""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from fleet.links.wire.commands import Lat, Lng


class ReportKind(StrEnum):
    """What a vehicle can state as a fact."""

    COMMAND_ACK = "command_ack"
    COMMAND_RESULT = "command_result"
    STOP_REACHED = "stop_reached"
    STOP_LEFT = "stop_left"
    DOOR_OPENED = "door_opened"
    DOOR_CLOSED = "door_closed"
    GOODS_LOADED = "goods_loaded"
    GOODS_TAKEN = "goods_taken"
    CODE_FAILED = "code_failed"
    TASK_DONE = "task_done"
    FAULT = "fault"
    LINK_LOSS_POLICY = "link_loss_policy"
    TAKEOVER_REQUESTED = "takeover_requested"
    EVIDENCE_CAPTURED = "evidence_captured"


class _Body(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape of every body."""


class CommandAck(_Body, frozen=True):
    """The vehicle has read a command and says whether it will obey.

    ``duplicate`` means that the command had been taken before: nothing is done twice. ``superseded`` answers
    an old task or stop epoch.
    """

    command_id: str
    result: Literal["accepted", "rejected", "expired", "duplicate", "superseded"]
    detail: str = ""


class CommandResult(_Body, frozen=True):
    """How a command that was accepted ended."""

    command_id: str
    result: Literal["succeeded", "failed"]
    detail: str = ""


class StopReached(_Body, frozen=True):
    """The vehicle stands at a stop of its task."""

    stop_id: str
    lat: Lat
    lng: Lng


class StopLeft(_Body, frozen=True):
    """The vehicle drives on; ``reason`` is what ended the wait."""

    stop_id: str
    reason: Literal["done", "waited_out", "command"] = "done"


class DoorOpened(_Body, frozen=True):
    """A compartment is open. With ``by`` keypad, ``generation`` says which code opened it.

    ``sale_id`` names the vending sale that it was opened for.
    """

    compartment: int
    stop_id: str | None = None
    order_id: str | None = None
    by: Literal["keypad", "command", "crew", "merchant", "unknown"] = "unknown"
    generation: int | None = None
    sale_id: str | None = None


class DoorClosed(_Body, frozen=True):
    """A compartment is shut again; ``is_empty`` is what its sensor says, null without a sensor."""

    compartment: int
    stop_id: str | None = None
    order_id: str | None = None
    is_empty: bool | None = None


class GoodsLoaded(_Body, frozen=True):
    """An order's goods lie in a compartment."""

    order_id: str
    compartment: int
    stop_id: str | None = None


class GoodsTaken(_Body, frozen=True):
    """So many pieces were taken out of a slot that was opened for a sale; 0 when nobody took any."""

    sale_id: str
    compartment: int
    quantity: Annotated[int, Meta(ge=0, le=200)]
    stop_id: str | None = None


class CodeFailed(_Body, frozen=True):
    """A wrong code was typed; ``tries`` counts this generation's wrong codes on this vehicle.

    It was typed for an order, or for a vending sale.
    """

    generation: int
    tries: int
    order_id: str | None = None
    sale_id: str | None = None


class TaskDone(_Body, frozen=True):
    """The vehicle has no stop left, or gave up; ``detail`` says why."""

    result: Literal["succeeded", "failed"] = "succeeded"
    detail: str = ""


class Fault(_Body, frozen=True):
    """Something is broken; ``code`` is one of the status section's fault codes."""

    code: int
    fatal: bool = False
    """The vehicle cannot go on with its task."""
    detail: str = ""
    is_cleared: bool = False


class LinkLossPolicy(_Body, frozen=True):
    """The vehicle holds this policy: slow after ``slow_after_s`` of silence, stop after ``stop_after_s``."""

    version: int
    slow_after_s: float
    stop_after_s: float


class TakeoverRequested(_Body, frozen=True):
    """The vehicle cannot go on alone and asks for a person."""

    reason: str
    detail: str = ""


class Media(_Body, frozen=True, kw_only=True):
    """A picture or recording that stays on the vehicle, by its own name for it."""

    kind: Literal["photo", "video"] = "photo"
    reference: Annotated[str, Meta(min_length=1, max_length=200)]
    sha256: Annotated[str, Meta(max_length=64, pattern="^([0-9a-f]{64})?$")] = ""


class EvidenceCaptured(_Body, frozen=True):
    """What the vehicle saw at an ``inspect`` stop, from where it stood; without ``finding`` nothing.

    Words of findings are in docs/patrol.md; one that the platform does not know is kept as ``other``.
    """

    stop_id: str
    lat: Lat
    lng: Lng
    accuracy_m: float | None = None
    media: Annotated[tuple[Media, ...], Meta(max_length=20)] = ()
    finding: Annotated[str, Meta(max_length=40)] = ""
    detail: Annotated[str, Meta(max_length=200)] = ""


ReportBody = (
    CommandAck
    | CommandResult
    | StopReached
    | StopLeft
    | DoorOpened
    | DoorClosed
    | GoodsLoaded
    | GoodsTaken
    | CodeFailed
    | TaskDone
    | Fault
    | LinkLossPolicy
    | TakeoverRequested
    | EvidenceCaptured
)
REPORT_BODIES: Final[dict[ReportKind, type[ReportBody]]] = {
    ReportKind.COMMAND_ACK: CommandAck,
    ReportKind.COMMAND_RESULT: CommandResult,
    ReportKind.STOP_REACHED: StopReached,
    ReportKind.STOP_LEFT: StopLeft,
    ReportKind.DOOR_OPENED: DoorOpened,
    ReportKind.DOOR_CLOSED: DoorClosed,
    ReportKind.GOODS_LOADED: GoodsLoaded,
    ReportKind.GOODS_TAKEN: GoodsTaken,
    ReportKind.CODE_FAILED: CodeFailed,
    ReportKind.TASK_DONE: TaskDone,
    ReportKind.FAULT: Fault,
    ReportKind.LINK_LOSS_POLICY: LinkLossPolicy,
    ReportKind.TAKEOVER_REQUESTED: TakeoverRequested,
    ReportKind.EVIDENCE_CAPTURED: EvidenceCaptured,
}


def read_report_body(kind: ReportKind | str, body: bytes | msgspec.Raw) -> ReportBody:
    """Return the typed body of a report.

    Raises ValueError for a kind that is not in the table and msgspec.ValidationError (a ValueError too)
    naming the path that is wrong.
    """
    return msgspec.json.decode(body, type=REPORT_BODIES[ReportKind(kind)])
