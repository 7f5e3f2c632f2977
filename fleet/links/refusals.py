"""How a refusal is said to a vehicle: one code of core.problems for each reason, with a sentence."""

from typing import Final

import msgspec

from fleet.links.wire.messages import Error
from fleet.telemetry.rejects import Reject

REJECT_CODES: Final[dict[Reject, str]] = {
    Reject.UNKNOWN: "unknown-vehicle",
    Reject.FOREIGN: "not-your-vehicle",
    Reject.MALFORMED: "position-out-of-range",
    Reject.FLOOD: "flood",
}
"""Reasons that the gateway finds; the tracker's are counted and not told, the sender could do nothing."""
_SENTENCES: Final[dict[Reject, str]] = {
    Reject.UNKNOWN: "the city has given nobody this number",
    Reject.FOREIGN: "the vehicle belongs to somebody else",
    Reject.MALFORMED: "latitude, longitude, battery or control mode outside its range",
    Reject.FLOOD: "more positions than the link profile allows; the newest are kept",
}


def rejection(reason: Reject, count: int, vehicle_no: int, frame_seq: int) -> Error:
    """Return the error message of records of one frame that were refused for one reason."""
    return Error(
        code=REJECT_CODES[reason],
        detail=_SENTENCES[reason],
        field="positions",
        frame_seq=frame_seq,
        vehicle_no=vehicle_no,
        count=count,
    )


def not_now(is_up: bool, frame_seq: int) -> Error:
    """Return the error message of a frame that the city cannot take now."""
    code = "overloaded" if is_up else "redis-unavailable"
    return Error(code=code, detail="keep the frame and send it again", frame_seq=frame_seq)


def unreadable(error: msgspec.DecodeError) -> Error:
    """Return the error message of a text that is no message: which field, and what is wrong with it."""
    said, _, path = str(error).partition(" - at `$")
    if not isinstance(error, msgspec.ValidationError):
        return Error(code="malformed-json", detail=said)
    field = path.rstrip("`").lstrip(".")
    if field == "type" or "missing required field `type`" in said or said.startswith("Expected `object`"):
        return Error(code="unknown-message", detail=said, field="type")
    return Error(code="invalid-input", detail=said, field=field)
