"""What a screen asks for: topics, a map view, cells or vehicles, and whom among those it may see."""

from enum import StrEnum
from typing import Final

import msgspec

from fleet.live.mirror import Box

VEHICLES: Final = "vehicles"
"""The topic of positions; every other one is of facts."""


class Mode(StrEnum):
    """How a screen wants its vehicles."""

    VEHICLES = "vehicles"
    CELLS = "cells"
    AUTO = "auto"
    """The server chooses by zoom and by how many are in view, and the kind of its messages says which."""


class Form(StrEnum):
    """What a screen is given now."""

    VEHICLES = "vehicles"
    CELLS = "cells"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """Vehicles that a screen chose, by names as it said them; every axis narrows, None does not."""

    services: frozenset[str] | None = None
    districts: frozenset[str] | None = None
    operators: frozenset[str] | None = None


ALL: Final = Chosen()


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; a second one replaces the first and is answered with snapshots."""

    topics: frozenset[str]
    box: Box | None
    zoom: float = 0.0
    mode: Mode = Mode.VEHICLES
    chosen: Chosen = ALL

    @property
    def wants_vehicles(self) -> bool:
        """Whether vehicles, in whatever form, are among the topics."""
        return VEHICLES in self.topics


CLOSE_ZOOM: Final = 13.0
"""A street scale (7 m a pixel at Ordos): from here on people look for single vehicles."""
CLOSE_MOST: Final = 20_000
"""Vehicles that are sent one by one to a close view: 320 kB a second at 1 Hz."""
FAR_MOST: Final = 2_000
"""Vehicles that are sent one by one to a far view; more of them lie on one another."""
BACK_SHARE: Final = 0.8
"""From cells back to vehicles below this share of the bound, so that a view at the bound does not flicker."""


def form_of(mode: Mode, zoom: float, in_view: int, before: Form | None) -> Form:
    """Return what a screen is to be given, by what it asks, its zoom and about how many are in view."""
    if mode is not Mode.AUTO:
        return Form(mode.value)
    most = CLOSE_MOST if zoom >= CLOSE_ZOOM else FAR_MOST
    if before is Form.CELLS:
        most = int(most * BACK_SHARE)
    return Form.VEHICLES if in_view <= most else Form.CELLS
