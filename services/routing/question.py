"""Questions and answers of the internal route endpoint, the same on both of its sides."""

from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from geofences.fences import Area
from services.routing.route import GeoPoint, Vehicle

PREFIX: Final = "/internal/routes/"
MOST_PLACES: Final = 500

Places = Annotated[tuple[GeoPoint, ...], Meta(max_length=MOST_PLACES)]


class LegsQuestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /internal/routes/legs; the answer is a list of Route."""

    places: Places
    vehicle: Vehicle = Vehicle()
    closed: tuple[Area, ...] = ()


class MatrixQuestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /internal/routes/matrix; the answer is a Matrix."""

    sources: Places
    targets: Places
    vehicle: Vehicle = Vehicle()
    closed: tuple[Area, ...] = ()


class SnapQuestion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """POST /internal/routes/snap; the answer is a Snapped."""

    place: GeoPoint
    vehicle: Vehicle = Vehicle()


class Refusal(Struct, frozen=True, kw_only=True):
    """What comes back instead of an answer; the status is that of the code in core.problems."""

    code: str
    message: str
    fields: dict[str, Any] = {}
