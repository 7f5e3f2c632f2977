"""One screen's side of the live feed: what it wants, what waits for it, when it is too slow."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Reach
from core.problems import close_code
from fleet.live.mirror import Box, Mirror
from fleet.live.reach import ReachMask
from fleet.telemetry.records import LiveKind, live_head, live_message
from fleet.telemetry.roster import longer

MAX_FACTS: Final = 1_000
"""Fact messages that may wait; they are never dropped, so beyond it the client is closed with 4480."""
SLOWEST_SEND_S: Final = 15.0
"""A message that takes longer to leave ends the connection."""
QUIET_S: Final = 2.0
"""Without a change an empty delta is sent this often, so that a screen knows that it still hears: well within
the 5 s after which it calls its data old."""

type Send = Callable[[bytes | str], Awaitable[None]]


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; a second one replaces the first and is answered with snapshots."""

    topics: frozenset[str]
    box: Box | None


type View = tuple[ReachMask, tuple[float, float, float, float] | None]
"""What a screen may see and looks at: equal screens are told the same."""


class Delta:
    """What a view is told of one tick: vehicles that changed, encoded once for all its screens."""

    def __init__(self, numbers: NDArray[np.intp]) -> None:
        self.numbers = numbers
        self._records: bytes | None = None

    def message(self, seq: int, mirror: Mirror) -> bytes:
        """Return the message that brings these vehicles as the mirror had them when first asked for it."""
        if self._records is None:
            self._records = mirror.records[self.numbers].tobytes()
        return live_head(LiveKind.DELTA, seq, mirror.city_ms, len(self.numbers)) + self._records


class LiveClient:
    """A connection. The hub marks, the client's own task sends: a slow screen delays nobody."""

    def __init__(self, send: Send, reach: Reach, mask: ReachMask, monotonic_s: Callable[[], float]) -> None:
        self.reach = reach
        self.mask = mask
        self.subscription = Subscription(topics=frozenset(), box=None)
        self.close_code: int | None = None
        self.close_reason = ""
        self.coalesced = 0
        """Positions that were overtaken by a newer one before they could leave."""
        self._send = send
        self._monotonic_s = monotonic_s
        self._wake = asyncio.Event()
        self._facts: deque[str] = deque()
        self._delta: Delta | None = None
        """What waits, while that is what one tick brought."""
        self._dirty: NDArray[np.bool_] = np.zeros(0, np.bool_)
        """What waits, once more than one tick has gone into it."""
        self._has_dirty = False
        self._wants_snapshot = False
        self._seq = 0
        self._fact_seq: dict[str, int] = {}
        self._sent_s = monotonic_s()

    @property
    def wants_vehicles(self) -> bool:
        """Whether vehicles are among its topics."""
        return "vehicles" in self.subscription.topics

    def subscribe(self, subscription: Subscription) -> None:
        """Take a new subscription; a snapshot of the vehicles follows."""
        self.subscription = subscription
        self._wants_snapshot = self.wants_vehicles
        self._drop_waiting()
        self._wake.set()

    def _drop_waiting(self) -> None:
        self._delta = None
        self._has_dirty = False
        self._dirty[:] = False

    def resync(self) -> None:
        """Send a snapshot of the vehicles instead of the next delta."""
        self._wants_snapshot = self.wants_vehicles
        self._wake.set()

    @property
    def view(self) -> View:
        """Return what it sees: clients of one view are marked with one Delta."""
        box = self.subscription.box
        return self.mask, None if box is None else box.key

    def seen_of(self, numbers: NDArray[np.intp], mirror: Mirror) -> NDArray[np.intp]:
        """Return the vehicles among these that the client may see and looks at."""
        seen = numbers[self.mask.over(numbers)]
        box = self.subscription.box
        if box is not None:
            seen = seen[box.holds(mirror.records[seen]) | box.holds(mirror.before[seen])]
        return seen

    def mark(self, delta: Delta, mirror: Mirror) -> None:
        """Let what its view is told be sent; what still waits is overtaken by it."""
        if not len(delta.numbers) and self._monotonic_s() - self._sent_s < QUIET_S:
            return
        self._wake.set()
        if self._delta is None and not self._has_dirty:
            self._delta = delta
            return
        if len(self._dirty) < len(mirror.records):
            self._dirty = longer(self._dirty, len(mirror.records))
        if self._delta is not None:
            self._dirty[self._delta.numbers] = True
            self._delta = None
        self.coalesced += int(self._dirty[delta.numbers].sum())
        self._dirty[delta.numbers] = True
        self._has_dirty = True

    def tell(self, topic: str, kind: str, items: list[msgspec.Raw]) -> None:
        """Queue a message about facts; never dropped, never merged."""
        seq = self._fact_seq[topic] = 0 if kind == "snapshot" else self._fact_seq.get(topic, 0) + 1
        body = b",".join(items)
        head = f'{{"topic":"{topic}","type":"{kind}","seq":{seq},"items":['
        self._facts.append(f"{head}{body.decode()}]}}")
        if len(self._facts) > MAX_FACTS:
            self.close("client-too-slow")
        self._wake.set()

    def close(self, code: str) -> None:
        """End the connection with a problem's close code."""
        if self.close_code is None:
            self.close_code, self.close_reason = close_code(code), code
        self._wake.set()

    async def run(self, mirror: Mirror) -> None:
        """Send what waits until the connection is to be closed."""
        while self.close_code is None:
            await self._wake.wait()
            self._wake.clear()
            try:
                async with asyncio.timeout(SLOWEST_SEND_S):
                    await self._send_waiting(mirror)
            except TimeoutError:
                self.close("client-too-slow")

    async def _send_waiting(self, mirror: Mirror) -> None:
        while self._facts and self.close_code is None:
            await self._send(self._facts.popleft())
            self._sent_s = self._monotonic_s()
        if self._wants_snapshot:
            self._wants_snapshot = False
            self._drop_waiting()
            await self._send(self._snapshot(mirror))
        elif self._delta is not None:
            delta, self._delta = self._delta, None
            self._seq += 1
            await self._send(delta.message(self._seq, mirror))
        elif self._has_dirty:
            self._has_dirty = False
            numbers = np.flatnonzero(self._dirty)
            self._dirty[numbers] = False
            self._seq += 1
            await self._send(live_message(LiveKind.DELTA, self._seq, mirror.city_ms, mirror.records[numbers]))
        self._sent_s = self._monotonic_s()

    def _snapshot(self, mirror: Mirror) -> bytes:
        numbers = mirror.known()
        records = mirror.records[numbers[self.mask.over(numbers)]]
        box = self.subscription.box
        if box is not None:
            records = records[box.holds(records)]
        self._seq += 1
        return live_message(LiveKind.SNAPSHOT, self._seq, mirror.city_ms, records)
