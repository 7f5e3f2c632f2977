"""Parameters that several routes take, with their limits for the OpenAPI document."""

from typing import Annotated, Final

from litestar.params import PathParameter, QueryParameter

VehicleNoPath = Annotated[
    int, PathParameter(ge=1, le=4_294_967_295, description="Number of a vehicle: u32, never reused")
]
IdPath = Annotated[str, PathParameter(min_length=1, max_length=64)]
SEVERAL: Final = QueryParameter(max_items=50)
"""A filter that may be given several times. The head of the request bounds its texts: a limit inside a
union or a list is neither checked nor described by the framework."""
DistrictQuery = Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{2}$")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=200, description="Where the page before said that this one begins")
]
