"""Compartment doors that stand open, and what happens while they do."""

import random
from typing import Literal

import msgspec

type OpenedBy = Literal["keypad", "command", "merchant"]

CHANGES_MIND = 0.04
"""Share of buyers who take one piece less than they asked for once they see it."""
LOADING_S = (15.0, 45.0)
TAKING_S = (10.0, 30.0)
"""How long people need at an open door, city seconds, from and to."""


class OpenDoor(msgspec.Struct, kw_only=True):
    """One door that stands open."""

    compartment: int
    closes_at_ms: int
    order_id: str | None = None
    stop_id: str | None = None
    puts_in: bool = False
    takes_out: bool = False
    sale_id: str = ""
    """Opened for a buyer, who takes up to ``wanted`` pieces."""
    wanted: int = 0


class Doors:
    """The doors of one vehicle; they close by themselves in the order of their time."""

    def __init__(self, lot: random.Random) -> None:
        self._lot = lot
        self._open: list[OpenDoor] = []

    @property
    def any_open(self) -> bool:
        """Whether a door stands open; the vehicle does not move then."""
        return bool(self._open)

    def is_open(self, compartment: int) -> bool:
        """Whether this door stands open."""
        return any(door.compartment == compartment for door in self._open)

    def bits(self) -> int:
        """Return the open doors as bits, compartment n as bit n - 1."""
        return sum({1 << (door.compartment - 1) for door in self._open if 1 <= door.compartment <= 16})

    def open(
        self,
        compartment: int,
        now_ms: int,
        *,
        order_id: str | None,
        stop_id: str | None,
        puts_in: bool = False,
        takes_out: bool = False,
        sale_id: str = "",
        wanted: int = 0,
    ) -> None:
        """Open a door for as long as somebody needs."""
        span = LOADING_S if puts_in else TAKING_S
        self._open.append(
            OpenDoor(
                compartment=compartment,
                closes_at_ms=now_ms + int(1000 * self._lot.uniform(*span)),
                order_id=order_id,
                stop_id=stop_id,
                puts_in=puts_in,
                takes_out=takes_out,
                sale_id=sale_id,
                wanted=wanted,
            )
        )

    def taken(self, door: OpenDoor) -> int:
        """Return how many pieces the buyer at a door took, by lot."""
        return max(0, door.wanted - (self._lot.random() < CHANGES_MIND))

    def closing(self, now_ms: int) -> list[OpenDoor]:
        """Return the doors that close now, and forget them."""
        shut = [door for door in self._open if door.closes_at_ms <= now_ms]
        if shut:
            self._open = [door for door in self._open if door.closes_at_ms > now_ms]
        return shut
