"""Which vehicles a screen may see and chose, as a column by vehicle_no: one look-up for a whole tick."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Reach
from core.errors import Invalid
from core.kinds import ServiceKind
from fleet.live.subscription import ALL, Chosen
from fleet.telemetry.roster import Names, Roster

type Mask = NDArray[np.bool_]

SUBSCRIBED: Final = "filter.{}s"
"""How a subscription names the axis of a choice; a query names it plainly, ``{}``."""


class ReachMask:
    """The mask of one reach, and of what is chosen within it, over a roster; follows its revisions."""

    def __init__(self, roster: Roster, reach: Reach, chosen: Chosen = ALL) -> None:
        self._roster = roster
        self._reach = reach
        self._chosen = chosen
        self._revision = -1
        self._mask: Mask = np.zeros(0, np.bool_)
        self._generation = 0

    @property
    def generation(self) -> int:
        """Return a number that rises when a vehicle came in or went out; most revisions change nobody."""
        self._follow()
        return self._generation

    def over(self, numbers: NDArray[np.intp]) -> Mask:
        """Say which of these vehicle numbers are within; unknown numbers are not."""
        self._follow()
        inside = numbers < len(self._mask)
        allowed: Mask = self._mask[np.where(inside, numbers, 0)] & inside
        return allowed

    def _follow(self) -> None:
        if self._revision == self._roster.revision:
            return
        mask = mask_of(self._roster, self._reach, self._chosen)
        if not np.array_equal(mask, self._mask):
            self._mask = mask
            self._generation += 1
        self._revision = self._roster.revision


def mask_of(roster: Roster, reach: Reach, chosen: Chosen = ALL, *, with_past: bool = False) -> Mask:
    """Return bool[roster.size]: what lies within every axis of the reach and was chosen.

    ``with_past`` takes in vehicles out of the fleet: they belong to whom they belonged at the end.
    """
    mask = roster.known if with_past else roster.heard.copy()
    axes: tuple[tuple[frozenset[str] | None, Names, NDArray[np.uint16]], ...] = (
        (_texts(reach.districts), roster.districts, roster.district),
        (_texts(reach.operators), roster.operators, roster.operator),
        (_texts(reach.makers), roster.makers, roster.maker),
        (chosen.districts, roster.districts, roster.district),
        (chosen.operators, roster.operators, roster.operator),
    )
    for allowed, names, column in axes:
        if allowed is not None:
            numbers = [number for number in map(names.peek, sorted(allowed)) if number is not None]
            mask &= np.isin(column, numbers)
    if chosen.services is not None:
        wanted = [number for number, kind in enumerate(roster.services) if kind.value in chosen.services]
        mask &= np.isin(roster.service, wanted)
    if reach.vehicles is not None:
        picked = np.zeros(roster.size, np.bool_)
        picked[[number for number in reach.vehicles if 0 < number < roster.size]] = True
        mask &= picked
    return mask


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """Vehicles within a reach by what a screen may choose by; a name without any is absent."""

    services: Mapping[str, int]
    districts: Mapping[str, int]
    operators: Mapping[str, int]


def choices_of(roster: Roster, reach: Reach) -> Choices:
    """Return how many vehicles within the reach there are of each service, district and operator."""
    mine = mask_of(roster, reach)

    def many(column: NDArray[Any]) -> list[tuple[int, int]]:
        numbers, counts = np.unique(column[mine], return_counts=True)
        return list(zip(numbers.tolist(), counts.tolist(), strict=True))

    return Choices(
        services={roster.services[number].value: count for number, count in many(roster.service)},
        districts={roster.districts.name(number): count for number, count in many(roster.district)},
        operators={roster.operators.name(number): count for number, count in many(roster.operator)},
    )


def must_know(
    chosen: Chosen, roster: Roster, reach: Reach, districts: frozenset[str], *, naming: str = SUBSCRIBED
) -> None:
    """Raise Invalid when a chosen name means nothing to this screen.

    An operator counts as known only by vehicles within the reach: the answer must not tell who else is there.
    """
    mine = mask_of(roster, reach)
    seen = {roster.operators.name(number) for number in np.unique(roster.operator[mine]).tolist()}
    axes: tuple[tuple[str, frozenset[str] | None, set[str]], ...] = (
        ("service", chosen.services, {kind.value for kind in ServiceKind}),
        ("district", chosen.districts, set(districts) | set(roster.districts.all()[1:])),
        ("operator", chosen.operators, seen),
    )
    for axis, asked, known in axes:
        unknown = sorted((asked or frozenset()) - known)
        if unknown:
            field = naming.format(axis)
            raise Invalid(
                "invalid-input",
                f"{field}: {unknown[0]!r} is not known; known are {', '.join(sorted(known)) or 'none'}",
                field=field,
                value=unknown[0],
            )


def _texts(values: frozenset[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(str(value) for value in values)
