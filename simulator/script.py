"""What is bound to happen on a day that is rehearsed: written by whoever rehearses, read at the start."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from simulator.vehicles.path import distance_m

type Milliseconds = Annotated[int, Meta(ge=0)]
"""City time since 1970."""


class _Scripted(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Common shape."""


class AirPoint(_Scripted, frozen=True, kw_only=True):
    """The outside air temperature at a moment; straight lines between the points."""

    at_ms: Milliseconds
    air_c: Annotated[float, Meta(ge=-60, le=60)]


class Breakdown(_Scripted, frozen=True, kw_only=True):
    """A vehicle whose drive or whose pack's heater fails until somebody repairs it."""

    at_ms: Milliseconds
    service: str
    part: Literal["drive", "heater"] = "drive"
    """A drive fails in the first vehicle of the service, by number, that drives then or later; a heater in
    the one with the least charge, because that one is the next to be charged."""


class NetworkHole(_Scripted, frozen=True, kw_only=True):
    """Nobody within a circle hears the city for a while."""

    from_ms: Milliseconds
    until_ms: Milliseconds
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lng: Annotated[float, Meta(ge=-180, le=180)]
    radius_m: Annotated[float, Meta(gt=0)]

    def covers(self, place: tuple[float, float], now_ms: int) -> bool:
        """Return whether a (lat, lng) is without network at a moment."""
        is_now = self.from_ms <= now_ms < self.until_ms
        return is_now and distance_m(place, (self.lat, self.lng)) <= self.radius_m


class Leaving(_Scripted, frozen=True, kw_only=True):
    """A remote operator who gets up and goes, without a word to anybody."""

    username: str
    from_ms: Milliseconds
    until_ms: Milliseconds


class Script(_Scripted, frozen=True, kw_only=True):
    """Everything that is bound to happen; an empty one leaves the day to chance."""

    air: tuple[AirPoint, ...] = ()
    """By time; before the first and after the last the usual weather holds."""
    breakdowns: tuple[Breakdown, ...] = ()
    holes: tuple[NetworkHole, ...] = ()
    leavings: tuple[Leaving, ...] = ()
    quiet_after_ms: Milliseconds | None = None
    """Nobody begins anything new after this: no order, no parcel, no trip to a vending vehicle."""

    def air_c(self, now_ms: int) -> float | None:
        """Return the temperature that is bound to be, None where the script says nothing.

        >>> day = Script(air=(AirPoint(at_ms=0, air_c=-10), AirPoint(at_ms=100, air_c=-20)))
        >>> day.air_c(50), day.air_c(101)
        (-15.0, None)
        """
        for before, after in zip(self.air, self.air[1:], strict=False):
            if before.at_ms <= now_ms <= after.at_ms and before.at_ms < after.at_ms:
                share = (now_ms - before.at_ms) / (after.at_ms - before.at_ms)
                return before.air_c + share * (after.air_c - before.air_c)
        return None

    def is_cut_off(self, place: tuple[float, float], now_ms: int) -> bool:
        """Return whether a (lat, lng) lies in a hole of the network."""
        return any(hole.covers(place, now_ms) for hole in self.holes)

    def is_away(self, username: str, now_ms: int) -> bool:
        """Return whether an operator has left the desk."""
        return any(one.username == username and one.from_ms <= now_ms < one.until_ms for one in self.leavings)


class ScriptError(ValueError):
    """The file is not there or not what it should be; the message says which and where."""


def read_script(path: Path | None) -> Script:
    """Return what a file holds, nothing at all without a file. Raises ScriptError naming file and field."""
    if path is None:
        return Script()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Script)
    except OSError as error:
        raise ScriptError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise ScriptError(f"{path}: {error}") from error
