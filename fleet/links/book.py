"""Which link speaks for a vehicle now: the newest that said so."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from fleet.links.wire.messages import Command, ToVehicle


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
    """Links of this process by vehicle. A link whose last vehicle is taken over by a newer one is closed."""

    def __init__(self) -> None:
        self._by_vehicle: dict[int, Listener] = {}
        self._counts: dict[str, int] = {}
        self._links: dict[str, Listener] = {}

    def __len__(self) -> int:
        return len(self._links)

    def add(self, link: Listener, vehicle_nos: Iterable[int]) -> None:
        """Let a link speak for these vehicles from now on."""
        self._links[link.session] = link
        self._counts[link.session] = 0
        for vehicle_no in vehicle_nos:
            before = self._by_vehicle.get(vehicle_no)
            if before is not None and before is not link:
                self._left(before)
            self._by_vehicle[vehicle_no] = link
            self._counts[link.session] += 1

    def _left(self, link: Listener) -> None:
        self._counts[link.session] -= 1
        if self._counts[link.session] == 0:
            link.replace()

    def remove(self, link: Listener, vehicle_nos: Iterable[int]) -> None:
        """Forget a link that is gone; vehicles that moved to another stay there."""
        if self._links.get(link.session) is not link:
            return
        del self._links[link.session]
        del self._counts[link.session]
        for vehicle_no in vehicle_nos:
            if self._by_vehicle.get(vehicle_no) is link:
                del self._by_vehicle[vehicle_no]

    def of(self, vehicle_no: int) -> Listener | None:
        """Return the link of a vehicle, None when it has none here."""
        return self._by_vehicle.get(vehicle_no)

    def vehicles(self) -> list[int]:
        """Return every vehicle that has a link here."""
        return list(self._by_vehicle)

    def __iter__(self) -> Iterator[Listener]:
        return iter(list(self._links.values()))
