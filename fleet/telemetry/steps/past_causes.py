"""Rules that were broken while a vehicle could not be heard: judged when its buffer comes, at its own time.

What is over when it becomes known asks nobody to act: it is said as a span in the past. What came before the
vehicle's newest position has a memory of its own beside that of now, so that neither disturbs the other.
"""

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import moment_of_ms, ms_of_moment
from fleet.alarms.alarm import AlarmPast, AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.hysteresis import COUNTED, Causes
from fleet.telemetry.roster import longer
from fleet.telemetry.steps.rule_causes import RULE_KINDS, Observed, Seen
from fleet.telemetry.tick import Numbers, Tick
from fleet.telemetry.unsettled import KeptCause, Unsettled

GIVEN_UP_S: Final = 30.0
"""A buffer of which nothing comes for this long, in wall seconds, is at its end."""


class _Standing(msgspec.Struct):
    raised: AlarmRaised
    seen_ms: int
    """Measured time of the last position that did not end it."""
    touched_ms: int
    """City time of the tick that brought that position."""


type _Cause = tuple[int, AlarmKind]


class PastCauses:
    """Causes of gaps that are being filled, seeded with what stood when each vehicle was last heard."""

    def __init__(self, size: int, spans_s: list[tuple[float, float]], *, rate: float) -> None:
        """Take (raise after, clear after) of each of RULE_KINDS in city seconds, and the clock's rate."""
        self._causes = Causes(size, spans_s)
        self._standing: dict[_Cause, _Standing] = {}
        self._ended: list[AlarmPast] = []
        """Of gaps that another one took the place of."""
        self._given_up_ms = round(GIVEN_UP_S * 1000 * rate)

    def open(self, numbers: NDArray[np.intp], now: Causes, bits: list[int]) -> None:
        """Begin with these vehicles where the causes of now are, before their position after the gap."""
        again = set(numbers.tolist()) if self._standing else set()
        for cause in [cause for cause in self._standing if cause[0] in again]:
            known = self._standing.pop(cause)
            self._ended.append(past(known.raised, known.seen_ms))
        self._causes.take(now, numbers, bits)

    def step(
        self, tick: Tick, seen: Seen, observed: Observed, make: Callable[[Observed, int], AlarmRaised]
    ) -> None:
        """Judge one cause over a late position each of different vehicles; leave what is over in the tick."""
        kind, ms = observed.kind, seen.here["measured_ms"]
        raised, cleared = self._causes.step(
            RULE_KINDS.index(kind), seen.numbers, ms, observed.is_cause, observed.is_gone
        )
        for row in raised.tolist():
            at_ms = int(ms[row])
            self._standing[int(seen.numbers[row]), kind] = _Standing(make(observed, row), at_ms, tick.now_ms)
        for row in cleared.tolist():
            known = self._standing.pop((int(seen.numbers[row]), kind), None)
            if known is not None:
                tick.signals.append(past(known.raised, int(ms[row])))

    def touch(self, tick: Tick, seen: Seen) -> None:
        """Note that buffers go on: late positions of different vehicles, before they are judged."""
        _touch(self._standing, tick, seen)

    def give_up(self, tick: Tick) -> None:
        """Say what stood at the end of buffers that have ended; call it about once a second."""
        tick.signals += self._ended
        self._ended = []
        for cause in _untouched(self._standing, tick, self._given_up_ms):
            known = self._standing.pop(cause)
            tick.signals.append(past(known.raised, known.seen_ms))

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        self._causes.reserve(size)

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self._causes.forget(numbers)
        _forget(self._standing, numbers)

    def export(self, mine: Callable[[int], bool], filling: Numbers) -> Unsettled:
        """Return what is known of a partition's vehicles; ``filling``: those whose gaps are being filled."""
        return Unsettled(
            past_counting=self._causes.export(filling, with_standing=True).tobytes(),
            past=_kept(self._standing, mine),
            ended=tuple(signal for signal in self._ended if mine(signal.vehicle_no)),
        )

    def restore(self, kept: Unsettled) -> None:
        """Take over what ``export`` gave."""
        self._causes.restore(np.frombuffer(kept.past_counting, COUNTED))
        self._standing |= _standing(kept.past)
        self._ended += kept.ended


class HeldRaises:
    """Causes that an old position of a buffer raised, held back until it is known whether they stand now.

    For buffers that come before the vehicle's newest position, in their order.
    """

    def __init__(self, size: int, *, rate: float) -> None:
        """Take the clock's rate."""
        self._held: dict[_Cause, _Standing] = {}
        self._bits = np.zeros(size, np.uint32)
        self._given_up_ms = round(GIVEN_UP_S * 1000 * rate)

    def hold(self, tick: Tick, raised: AlarmRaised, bit: int) -> None:
        """Keep a raised cause."""
        at_ms = ms_of_moment(raised.at)
        self._held[raised.vehicle_no, raised.kind] = _Standing(raised, at_ms, tick.now_ms)
        self._bits[raised.vehicle_no] |= np.uint32(1 << bit)

    def over(self, number: int, kind: AlarmKind, bit: int) -> AlarmRaised | None:
        """Let go of a cause that is over and return it; None when it was said or not held at all."""
        known = self._held.pop((number, kind), None)
        if known is not None:
            self._bits[number] &= ~np.uint32(1 << bit)
        return None if known is None else known.raised

    def say(self, tick: Tick, seen: Seen, is_late: NDArray[np.bool_] | None) -> None:
        """Raise what still stands at a vehicle's position of now; after the tick's positions are judged."""
        if not self._held:
            return
        current = seen.numbers if is_late is None else seen.numbers[~is_late]
        if is_late is not None:
            _touch(self._held, tick, seen.rows(np.flatnonzero(is_late)))
        there = set(current[self._bits[current] != 0].tolist())
        self._raise(tick, [cause for cause in self._held if cause[0] in there])

    def give_up(self, tick: Tick) -> None:
        """Raise what stands at the end of buffers that have ended; call it about once a second."""
        self._raise(tick, _untouched(self._held, tick, self._given_up_ms))

    def bits(self, numbers: Numbers) -> NDArray[np.uint32]:
        """Return which causes of these vehicles are held back, as the bits they were held by."""
        return self._bits[numbers]

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        if size > len(self._bits):
            self._bits = longer(self._bits, size)

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self._bits[numbers] = 0
        _forget(self._held, numbers)

    def export(self, mine: Callable[[int], bool]) -> tuple[KeptCause, ...]:
        """Return what is held back of a partition's vehicles."""
        return _kept(self._held, mine)

    def restore(self, kept: tuple[KeptCause, ...], bit_of: Mapping[AlarmKind, int]) -> None:
        """Take over what ``export`` gave."""
        self._held |= _standing(kept)
        for one in kept:
            self._bits[one.raised.vehicle_no] |= np.uint32(1 << bit_of[one.raised.kind])

    def _raise(self, tick: Tick, causes: list[_Cause]) -> None:
        for cause in causes:
            tick.signals.append(self._held.pop(cause).raised)
            self._bits[cause[0]] = 0
            tick.live.changed[cause[0]] = True


def past(raised: AlarmRaised, ended_ms: int) -> AlarmPast:
    """Return a cause with its end."""
    return AlarmPast(raised=raised, ended_at=max(raised.at, moment_of_ms(ended_ms)))


def _kept(standing: dict[_Cause, _Standing], mine: Callable[[int], bool]) -> tuple[KeptCause, ...]:
    return tuple(
        KeptCause(raised=known.raised, seen_ms=known.seen_ms, touched_ms=known.touched_ms)
        for (number, _), known in standing.items()
        if mine(number)
    )


def _standing(kept: tuple[KeptCause, ...]) -> dict[_Cause, _Standing]:
    return {
        (one.raised.vehicle_no, one.raised.kind): _Standing(one.raised, one.seen_ms, one.touched_ms)
        for one in kept
    }


def _touch(standing: dict[_Cause, _Standing], tick: Tick, seen: Seen) -> None:
    if not standing:
        return
    at = dict(zip(seen.numbers.tolist(), seen.here["measured_ms"].tolist(), strict=True))
    for (number, _), known in standing.items():
        if number in at:
            known.seen_ms, known.touched_ms = at[number], tick.now_ms


def _untouched(standing: dict[_Cause, _Standing], tick: Tick, patience_ms: int) -> list[_Cause]:
    return [cause for cause, known in standing.items() if tick.now_ms - known.touched_ms > patience_ms]


def _forget(standing: dict[_Cause, _Standing], numbers: Numbers) -> None:
    gone = set(numbers.tolist()) if standing else set()
    for cause in [cause for cause in standing if cause[0] in gone]:
        del standing[cause]
