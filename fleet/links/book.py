"""Which link speaks for a vehicle now: the newest that said so."""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fleet.links.wire.messages import Command, ToVehicle
from fleet.telemetry.roster import longer


class Listener(Protocol):
    """The sending side of one link."""

    session: str

    def tell(self, message: ToVehicle) -> None:
        """Queue a message; a link whose queue is full is closed instead."""
        ...

    def carry(self, command: Command, *, at_once: bool = False) -> bool:
        """Queue a command and return whether that was done: not while it waits, nor when it was overtaken."""
        ...

    def replace(self) -> None:
        """Close: every vehicle of the link has moved to a newer one."""
        ...


class LinkBook:
    """Links of this process by vehicle. A link whose last vehicle is taken over by a newer one is closed.

    A column of link numbers, because a dict of 100,000 vehicles is 9 MB.
    """

    def __init__(self) -> None:
        self._speaker = np.zeros(1024, np.uint32)
        """By vehicle number the number of the link that speaks for it; 0 is nobody."""
        self._links: dict[int, Listener] = {}
        self._numbers: dict[str, int] = {}
        self._counts: dict[int, int] = {}
        self._last_number = 0

    def __len__(self) -> int:
        return len(self._links)

    def add(self, link: Listener, vehicle_nos: Iterable[int]) -> None:
        """Let a link speak for these vehicles from now on."""
        number = self._numbers.get(link.session, 0)
        if not number:
            number = self._last_number = self._last_number + 1
        self._numbers[link.session], self._links[number] = number, link
        vehicles = _distinct(vehicle_nos)
        if len(vehicles) and vehicles[-1] >= len(self._speaker):
            self._speaker = longer(self._speaker, max(int(vehicles[-1]) + 1, 2 * len(self._speaker)))
        before = self._speaker[vehicles]
        self._speaker[vehicles] = number
        self._counts[number] = len(vehicles)
        lost, counts = np.unique(before[(before != 0) & (before != number)], return_counts=True)
        for other, count in zip(lost.tolist(), counts.tolist(), strict=True):
            self._counts[other] -= count
            if not self._counts[other]:
                self._links[other].replace()

    def remove(self, link: Listener, vehicle_nos: Iterable[int]) -> None:
        """Forget a link that is gone; vehicles that moved to another stay there."""
        number = self._numbers.get(link.session, 0)
        if self._links.get(number) is not link:
            return
        del self._links[number], self._numbers[link.session], self._counts[number]
        vehicles = _distinct(vehicle_nos)
        self._speaker[vehicles[self._speaker[vehicles] == number]] = 0

    def of(self, vehicle_no: int) -> Listener | None:
        """Return the link of a vehicle, None when it has none here."""
        if not 0 <= vehicle_no < len(self._speaker):
            return None
        return self._links.get(int(self._speaker[vehicle_no]))

    def vehicles(self) -> list[int]:
        """Return every vehicle that has a link here, ascending."""
        found: list[int] = np.flatnonzero(self._speaker).tolist()
        return found

    def __iter__(self) -> Iterator[Listener]:
        return iter(list(self._links.values()))


def _distinct(vehicle_nos: Iterable[int]) -> NDArray[Any]:
    return np.unique(np.fromiter(vehicle_nos, np.intp))
