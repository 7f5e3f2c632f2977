"""One screen's side of the live feed: what waits for it, when it is too slow."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Reach
from core.problems import close_code
from fleet.live.aggregates import Aggregate
from fleet.live.cell_messages import cells_body
from fleet.live.mirror import Mirror
from fleet.live.outlet import Outlet
from fleet.live.reach import ReachMask
from fleet.live.subscription import Form, Subscription
from fleet.telemetry.records import LiveKind, live_head
from fleet.telemetry.roster import longer

MAX_FACTS: Final = 1_000
"""Fact messages that may wait; they are never dropped, so beyond it the client is closed with 4480."""
SLOWEST_SEND_S: Final = 15.0
"""A message that takes longer to leave ends the connection: below 35 kB/s for the largest."""
QUIET_S: Final = 2.0
"""Without a change an empty delta is sent this often, so that a screen knows that it still hears: well within
the 5 s after which it calls its data old."""
MOST_AT_ONCE: Final = 32_768
"""Vehicles of one message (524 kB): what follows is chosen when that has left, from what is newest then, and
a ping is never behind more than this."""
NOBODY: Final = Subscription(topics=frozenset(), box=None)

type View = tuple[ReachMask, tuple[float, float, float, float] | None]
"""What a screen may see and looks at: equal screens are told the same."""


class Delta:
    """What a view is told of one tick: vehicles that changed, encoded once for all its screens."""

    def __init__(self, numbers: NDArray[np.intp]) -> None:
        self.numbers = numbers
        self._records: bytes | None = None

    def body(self, mirror: Mirror) -> bytes:
        """Return these vehicles' records as the mirror had them when first asked for."""
        if self._records is None:
            self._records = mirror.records[self.numbers].tobytes()
        return self._records


class LiveClient:
    """A connection. The hub writes to a ready one, its own task sends the rest: a slow one delays nobody."""

    def __init__(
        self, outlet: Outlet, reach: Reach, mask: ReachMask, monotonic_s: Callable[[], float]
    ) -> None:
        self.reach = reach
        self.mask = mask
        self.subscription = NOBODY
        self.form = Form.VEHICLES
        self.aggregate: Aggregate | None = None
        """Whose cells it is given, or by which its form is judged."""
        self.close_code: int | None = None
        self.close_reason = ""
        self.close_detail = ""
        self.coalesced = 0
        """Positions that were overtaken by a newer one before they could leave."""
        self._outlet = outlet
        self._monotonic_s = monotonic_s
        self._wake = asyncio.Event()
        self._facts: deque[str] = deque()
        self._delta: Delta | None = None
        """What waits, while that is what one tick brought."""
        self._dirty: NDArray[np.bool_] = np.zeros(0, np.bool_)
        """What waits, once more than one tick has gone into it."""
        self._has_dirty = False
        self._turn = 0
        """The vehicle number at which the next message of what waits begins, so that all get their turn."""
        self._generation = mask.generation
        self._has_cells = False
        self._told = 0
        """Version of the aggregate that it holds."""
        self._wants_snapshot = False
        self._is_sending = False
        self._seq = 0
        self._fact_seq: dict[str, int] = {}
        self._sent_s = monotonic_s()

    @property
    def wants_vehicles(self) -> bool:
        """Whether vehicles are among its topics."""
        return self.subscription.wants_vehicles

    @property
    def view(self) -> View:
        """Return what it sees: clients of one view are marked with one Delta."""
        box = self.subscription.box
        return self.mask, None if box is None else box.key

    def subscribe(self, subscription: Subscription) -> None:
        """Take a new subscription; a snapshot of the vehicles follows."""
        self.subscription = subscription
        self._generation = self.mask.generation
        self.resync()

    def show(self, form: Form, aggregate: Aggregate | None) -> None:
        """Give vehicles or cells from now on; the first message of another form is a snapshot."""
        if (form, aggregate) != (self.form, self.aggregate) and Form.CELLS in (form, self.form):
            self._wants_snapshot = self.wants_vehicles
        self.form, self.aggregate = form, aggregate
        if self._wants_snapshot:
            self.resync()

    def resync(self) -> None:
        """Send a snapshot instead of the next delta."""
        self._wants_snapshot = self.wants_vehicles
        self._drop_waiting()
        self._wake.set()

    def _drop_waiting(self) -> None:
        self._delta = None
        self._has_dirty = self._has_cells = False
        self._dirty[:] = False

    def follow_mask(self) -> None:
        """Begin anew when a vehicle came into or went out of what it may see: the latter must not stay."""
        if self._generation != self.mask.generation:
            self._generation = self.mask.generation
            if self.form is Form.VEHICLES:
                self.resync()

    def seen_of(self, numbers: NDArray[np.intp], mirror: Mirror) -> NDArray[np.intp]:
        """Return the vehicles among these that the client may see and looks at."""
        seen = numbers[self.mask.over(numbers)]
        box = self.subscription.box
        if box is not None:
            seen = seen[box.holds(mirror.records[seen]) | box.holds(mirror.before[seen])]
        return seen

    def mark(self, delta: Delta, mirror: Mirror) -> None:
        """Send what its view is told, at once when nothing waits; what waits is overtaken by it."""
        if not len(delta.numbers) and not self._is_quiet():
            return
        fits = len(delta.numbers) <= MOST_AT_ONCE
        if fits and self._is_idle() and self._outlet.is_ready:
            self._write(LiveKind.DELTA, len(delta.numbers), delta.body(mirror), mirror)
            return
        self._wake.set()
        if self._delta is None and not self._has_dirty and fits:
            self._delta = delta
            return
        if self._delta is not None:
            self._mark_dirty(self._delta.numbers, mirror)
            self._delta = None
        self.coalesced += self._mark_dirty(delta.numbers, mirror)

    def _mark_dirty(self, numbers: NDArray[np.intp], mirror: Mirror) -> int:
        """Let these wait; return how many waited already."""
        if len(self._dirty) < len(mirror.records):
            self._dirty = longer(self._dirty, len(mirror.records))
        waited = int(self._dirty[numbers].sum())
        self._dirty[numbers] = True
        self._has_dirty = True
        return waited

    def mark_cells(self) -> None:
        """Let its cells be brought up to date, when there is something or it was quiet for long."""
        if self.aggregate is not None and (self.aggregate.version > self._told or self._is_quiet()):
            self._has_cells = True
            self._wake.set()

    def _is_quiet(self) -> bool:
        return self._monotonic_s() - self._sent_s >= QUIET_S

    def _is_idle(self) -> bool:
        waits = self._is_sending or self._wants_snapshot or self._has_dirty
        return not (waits or self._delta is not None or self._facts or self.close_code is not None)

    def tell(self, topic: str, kind: str, items: list[msgspec.Raw]) -> None:
        """Queue a message about facts; never dropped, never merged."""
        seq = self._fact_seq[topic] = 0 if kind == "snapshot" else self._fact_seq.get(topic, 0) + 1
        body = b",".join(items)
        head = f'{{"topic":"{topic}","type":"{kind}","seq":{seq},"items":['
        self.say(f"{head}{body.decode()}]}}")

    def say(self, text: str) -> None:
        """Queue a text; one too many ends the connection."""
        self._facts.append(text)
        if len(self._facts) > MAX_FACTS:
            self.close("client-too-slow")
        self._wake.set()

    def close(self, code: str, detail: str = "") -> None:
        """End the connection with a problem's close code; the detail is told beside it."""
        if self.close_code is None:
            self.close_code, self.close_reason, self.close_detail = close_code(code), code, detail
        self._wake.set()

    async def run(self, mirror: Mirror) -> None:
        """Send what waits until the connection is to be closed."""
        while self.close_code is None:
            await self._wake.wait()
            self._wake.clear()
            self._is_sending = True
            try:
                while self.close_code is None:
                    async with asyncio.timeout(SLOWEST_SEND_S):
                        if not await self._send_next(mirror):
                            break
            except TimeoutError:
                self.close("client-too-slow")
            finally:
                self._is_sending = False

    async def _send_next(self, mirror: Mirror) -> bool:
        """Send one message; return whether there was one. What it says is chosen when it can leave."""
        await self._outlet.ready()
        if self._facts:
            await self._outlet.send(self._facts.popleft())
        elif self._wants_snapshot:
            self._wants_snapshot = False
            self._drop_waiting()
            await self._send_snapshot(mirror)
        elif self._has_cells:
            self._has_cells = False
            await self._send_cells(LiveKind.CELLS_DELTA, mirror)
        elif self._delta is not None:
            delta, self._delta = self._delta, None
            await self._send(LiveKind.DELTA, len(delta.numbers), delta.body(mirror), mirror)
        elif self._has_dirty:
            await self._send_numbers(LiveKind.DELTA, np.flatnonzero(self._dirty), mirror)
        else:
            return False
        self._sent_s = self._monotonic_s()
        return True

    async def _send_snapshot(self, mirror: Mirror) -> None:
        """Send everything in view; of more vehicles than go at once the rest follows as deltas."""
        if self.form is Form.CELLS:
            await self._send_cells(LiveKind.CELLS_SNAPSHOT, mirror)
            return
        numbers = mirror.known()
        numbers = numbers[self.mask.over(numbers)]
        box = self.subscription.box
        if box is not None:
            numbers = numbers[box.holds(mirror.records[numbers])]
        self._turn = 0
        self._mark_dirty(numbers, mirror)
        await self._send_numbers(LiveKind.SNAPSHOT, numbers, mirror)

    async def _send_numbers(self, kind: LiveKind, numbers: NDArray[np.intp], mirror: Mirror) -> None:
        """Send as many of the waiting vehicles as go at once, beginning where the last message ended."""
        if len(numbers) > MOST_AT_ONCE:
            first = int(np.searchsorted(numbers, self._turn))
            numbers = np.concatenate((numbers[first:], numbers[:first]))[:MOST_AT_ONCE]
            self._turn = int(numbers[-1]) + 1
        else:
            self._has_dirty = False
        self._dirty[numbers] = False
        await self._send(kind, len(numbers), mirror.records[numbers].tobytes(), mirror)

    async def _send_cells(self, kind: LiveKind, mirror: Mirror) -> None:
        aggregate, box = self.aggregate, self.subscription.box
        assert aggregate is not None
        is_whole = kind is LiveKind.CELLS_SNAPSHOT
        count, body = cells_body(aggregate, box, None if is_whole else self._told)
        self._told = aggregate.version
        if is_whole or count or self._is_quiet():
            await self._send(kind, count, body, mirror)

    async def _send(self, kind: LiveKind, count: int, body: bytes, mirror: Mirror) -> None:
        if self._outlet.is_ready:
            self._write(kind, count, body, mirror)
            return
        self._seq += 1
        await self._outlet.send(live_head(kind, self._seq, mirror.city_ms, count) + body)

    def _write(self, kind: LiveKind, count: int, body: bytes, mirror: Mirror) -> None:
        self._seq += 1
        self._outlet.write(live_head(kind, self._seq, mirror.city_ms, count), body)
        self._sent_s = self._monotonic_s()
