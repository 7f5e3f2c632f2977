"""Parameters that several routes take, with their limits for the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Final

from litestar.params import PathParameter, QueryParameter

from core.clock import Clock
from core.errors import Invalid

VehicleNoPath = Annotated[
    int, PathParameter(ge=1, le=4_294_967_295, description="Number of a vehicle: u32, never reused")
]
IdPath = Annotated[str, PathParameter(min_length=1, max_length=64)]
SEVERAL: Final = QueryParameter(max_items=50)
"""A filter that may be given several times. The head of the request bounds its texts: a limit inside a
union or a list is neither checked nor described by the framework."""
DistrictPath = Annotated[str, PathParameter(pattern=r"^[A-Z]{2}$", description="Letters of a 旗区")]
DistrictQuery = Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{2}$")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=200, description="Where the page before said that this one begins")
]


def moment_of(at: datetime | None, clock: Clock, *, field: str = "at") -> datetime:
    """Return a moment that a request names, the city's present one without; refuse one without time zone."""
    if at is None:
        return clock.now()
    if at.tzinfo is None or not 1970 <= at.year <= 9998:
        raise Invalid(
            "invalid-input", "A moment has a time zone", field=field, limit="RFC 3339, 1970 to 9998"
        )
    return at


def bound_of(at: datetime | None, clock: Clock, *, field: str) -> datetime | None:
    """Return a bound of a span that a request names, None without one; refuse one without time zone."""
    return None if at is None else moment_of(at, clock, field=field)
