"""The machine of an area stop: states, events, the one table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class AreaStopState(StrEnum):
    """Where an area stop stands."""

    STANDING = "standing"
    RELEASE_ASKED = "release_asked"
    """Somebody wants it released and waits for a second person."""
    RELEASED = "released"


class AreaStopEvent(StrEnum):
    """What moves it."""

    RELEASE_ASKED = "release_asked"
    RELEASE_REFUSED = "release_refused"
    RELEASED = "released"
    """By a second person: another than who placed it, or than who asks."""
    GLASS_BROKEN = "glass_broken"
    """Released by the one who asked, because no second person answered."""


class AreaOutcome(StrEnum):
    """What became of a vehicle when its area stop was released."""

    RELEASED = "released"
    OVERTAKEN = "overtaken"
    """A later stop holds it, or it was let go before."""
    SCENE_HOLD = "scene_hold"
    """It stands at the scene of an incident until the agency lets it go."""


S, E = AreaStopState, AreaStopEvent
TRANSITIONS: Mapping[tuple[AreaStopState, AreaStopEvent], AreaStopState] = MappingProxyType(
    {
        (S.STANDING, E.RELEASE_ASKED): S.RELEASE_ASKED,
        (S.STANDING, E.RELEASED): S.RELEASED,
        (S.RELEASE_ASKED, E.RELEASE_REFUSED): S.STANDING,
        (S.RELEASE_ASKED, E.RELEASED): S.RELEASED,
        (S.RELEASE_ASKED, E.GLASS_BROKEN): S.RELEASED,
    }
)
TERMINAL: frozenset[AreaStopState] = frozenset({S.RELEASED})
