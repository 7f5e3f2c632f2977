"""Parameters that several routes take, with their limits for the OpenAPI document.

A limit inside a union (``Annotated[str, Meta(…)] | None``) is neither checked nor described by the framework:
it belongs to the parameter.
"""

from typing import Annotated, Final

from litestar.params import PathParameter, QueryParameter

from services.orders.states import OrderState

MOST_STATES: Final = len(OrderState)

IdPath = Annotated[str, PathParameter(min_length=1, max_length=64)]
DistrictQuery = Annotated[str | None, QueryParameter(pattern=r"^[A-Z]{2}$")]
States = Annotated[list[OrderState] | None, QueryParameter(name="state", max_items=MOST_STATES)]
"""`state` itself is a name that Litestar keeps for the app's state."""
