"""In which order a vehicle visits checkpoints so that their windows hold; shuffled on request. Pure."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Final

import msgspec

from services.patrol.beat import Checkpoint, window_after

LONGEST_WAIT: Final = timedelta(minutes=10)
"""A checkpoint whose window opens later than so long after the arrival gives way to one that is open."""
LONGEST_RUN: Final = timedelta(hours=6)
"""What opens later than this after the start is not waited for."""

type TravelS = Sequence[Sequence[float | None]]
"""Seconds from place to place, None without a way: 0 is where the vehicle stands, n the n-th checkpoint."""


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One checkpoint as planned: ``wait_s`` is the dwell and, before it, the wait for the window to open."""

    point: Checkpoint
    arrives_at: datetime
    wait_s: float


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The visits in order, and what cannot be visited within its window from here."""

    visits: tuple[Visit, ...]
    left_out: tuple[Checkpoint, ...] = ()


def order_key(seed: str, occasion: str) -> bytes:
    """Return what the order of one occasion is drawn from: HMAC-SHA-256 (RFC 2104) of it under the seed.

    Without the seed no number of seen rounds tells the next one.
    """
    return hmac.new(seed.encode(), occasion.encode(), hashlib.sha256).digest()


def plan_visits(
    points: Sequence[Checkpoint], travel_s: TravelS, *, at: datetime, zone: tzinfo, key: bytes | None
) -> Plan:
    """Return the visits of a vehicle that sets out at ``at``; the same arguments give the same plan.

    With a ``key`` the order is drawn from it (every order of checkpoints without windows is as likely as any
    other), without one it is the order of ``points``. Either gives way where a window would close: the next
    checkpoint is the first of the wanted order after which all others can still be done, earliest closing
    first. What closes before it could be reached at all is left out.
    """
    trip = _Trip(points, travel_s, at, zone)
    wanted = _wanted(points, key)
    left = trip.possible(list(wanted))
    visits: list[Visit] = []
    place, now = 0, at
    while left:
        number = trip.next_of(left, place, now)
        visit = trip.visit(place, number, now)
        if visit is None:
            break
        visits.append(visit)
        left.remove(number)
        place, now = number, visit.arrives_at + timedelta(seconds=visit.wait_s)
    done = {visit.point.checkpoint_id for visit in visits}
    return Plan(
        visits=tuple(visits), left_out=tuple(point for point in points if point.checkpoint_id not in done)
    )


def _wanted(points: Sequence[Checkpoint], key: bytes | None) -> list[int]:
    """Return the numbers of the points, from 1, in the order that is wanted."""
    numbers = list(range(1, len(points) + 1))
    if key is None:
        return numbers

    def lot(number: int) -> bytes:
        return hmac.new(key, points[number - 1].checkpoint_id.encode(), hashlib.sha256).digest()

    return sorted(numbers, key=lot)


class _Trip:
    """The places, the times between them, and what of it holds the windows."""

    def __init__(self, points: Sequence[Checkpoint], travel_s: TravelS, at: datetime, zone: tzinfo) -> None:
        self._points = points
        self._travel_s = travel_s
        self._at = at
        self._zone = zone

    def visit(self, place: int, number: int, now: datetime) -> Visit | None:
        """Return the visit of a point after a place, None when there is no way or its window would close."""
        seconds = self._travel_s[place][number]
        if seconds is None:
            return None
        point, arrives_at = self._points[number - 1], now + timedelta(seconds=seconds)
        window = window_after(point, arrives_at, self._zone)
        begins_at = arrives_at if window is None else max(arrives_at, window.begin)
        leaves_at = begins_at + timedelta(seconds=point.dwell_s)
        if window is not None and (leaves_at >= window.end or window.begin > self._at + LONGEST_RUN):
            return None
        return Visit(point=point, arrives_at=arrives_at, wait_s=(leaves_at - arrives_at).total_seconds())

    def possible(self, numbers: list[int]) -> list[int]:
        """Return the numbers without those that cannot be done, in their order."""
        kept = [number for number in numbers if self.visit(0, number, self._at) is not None]
        while (clash := self._first_late(self._by_closing(kept, self._at), 0, self._at)) is not None:
            kept.remove(clash)
        return kept

    def next_of(self, left: Sequence[int], place: int, now: datetime) -> int:
        """Return the first of the numbers after which the others can be done; rather one that is open."""
        waits: int | None = None
        for number in left:
            visit = self.visit(place, number, now)
            if visit is None:
                continue
            leaves_at = visit.arrives_at + timedelta(seconds=visit.wait_s)
            others = self._by_closing([other for other in left if other != number], leaves_at)
            if self._first_late(others, number, leaves_at) is not None:
                continue
            if visit.wait_s - visit.point.dwell_s <= LONGEST_WAIT.total_seconds():
                return number
            waits = number if waits is None else waits
        return self._by_closing(list(left), now)[0] if waits is None else waits

    def _by_closing(self, numbers: Sequence[int], now: datetime) -> list[int]:
        """Return the numbers, the earliest closing first; those without a window last."""

        def closes(number: int) -> float:
            window = window_after(self._points[number - 1], now, self._zone)
            return float("inf") if window is None else window.end.timestamp()

        return sorted(numbers, key=closes)

    def _first_late(self, numbers: Sequence[int], place: int, now: datetime) -> int | None:
        """Return the first number that cannot be visited when they are done in this order."""
        for number in numbers:
            visit = self.visit(place, number, now)
            if visit is None:
                return number
            place, now = number, visit.arrives_at + timedelta(seconds=visit.wait_s)
        return None
