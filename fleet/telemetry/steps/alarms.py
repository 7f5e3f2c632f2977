"""Causes that the tracker sees by itself, from positions, statuses and silence. One cause, one alarm."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import moment_of_ms
from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.hysteresis import COUNTED, Bits, Causes, Rows
from fleet.telemetry.numbering import turns
from fleet.telemetry.records import Records
from fleet.telemetry.steps.alarm_limits import AlarmLimits
from fleet.telemetry.steps.liveness import LivenessStep
from fleet.telemetry.steps.past_causes import HeldRaises, PastCauses, past
from fleet.telemetry.steps.rule_causes import RULE_KINDS, Observed, Seen, rule_causes, seen_at_own_time
from fleet.telemetry.steps.silence import SilenceJudge
from fleet.telemetry.steps.status_causes import StatusReader, status_causes
from fleet.telemetry.tick import Numbers, Tick
from fleet.telemetry.unsettled import Unsettled
from geofences.earlier import fence_of, has_areas, has_refusals
from geofences.index import FenceIndex
from geofences.rules import NOBODY

type Mask = NDArray[np.bool_]
type Details = Mapping[str, str | int | float | bool | None]

ALARM_BITS: Final[tuple[AlarmKind, ...]] = (
    AlarmKind.LEFT_OPERATING_AREA,
    AlarmKind.NO_GO_ENTRY,
    AlarmKind.OVERSPEED,
    AlarmKind.OFFLINE_ON_DUTY,
    AlarmKind.LOW_BATTERY,
    AlarmKind.STOPPED_IN_KEEP_CLEAR,
    AlarmKind.POSITIONING_LOST,
    AlarmKind.STUCK,
    AlarmKind.BATTERY_TOO_COLD,
    AlarmKind.BATTERY_THERMAL,
    AlarmKind.TANK_FROZEN,
    AlarmKind.CARGO_TEMPERATURE,
    AlarmKind.COMPARTMENT_LEFT_OPEN,
    AlarmKind.DOOR_FORCED,
    AlarmKind.SENSOR_BLOCKED,
    AlarmKind.TIPPED_OVER,
    AlarmKind.COLLISION,
    AlarmKind.SERVICE_REFUSED,
    AlarmKind.MAKER_SILENT,
    AlarmKind.AREA_SILENT,
)
"""Kind by its bit in the state record's ``alarms``; kinds are added at the end."""
_BIT_OF: Final = {kind: bit for bit, kind in enumerate(ALARM_BITS)}
_SILENCES: Final = (AlarmKind.OFFLINE_ON_DUTY, AlarmKind.MAKER_SILENT, AlarmKind.AREA_SILENT)
_SAID: Final = (
    AlarmKind.BATTERY_TOO_COLD,
    AlarmKind.BATTERY_THERMAL,
    AlarmKind.TANK_FROZEN,
    AlarmKind.DOOR_FORCED,
    AlarmKind.SENSOR_BLOCKED,
    AlarmKind.TIPPED_OVER,
    AlarmKind.COLLISION,
)
"""What vehicles say of themselves with a code or a value that may flicker."""
_UNKNOWN_BATTERY: Final = 255
_RULE_BITS: Final = [_BIT_OF[kind] for kind in RULE_KINDS]
LATE_S: Final = 10.0
"""Wall seconds after which a position that was received is not of now, but out of a buffer."""
_SAYS_WHY: Final = PositionFlag.CHARGING | PositionFlag.STOP_HELD | PositionFlag.FAULT
"""Flags of a vehicle that stands for a reason which has its own alarm, or none."""


def _spans_s(limits: AlarmLimits) -> list[tuple[float, float]]:
    lasting = {
        AlarmKind.LEFT_OPERATING_AREA: (limits.outside_s, limits.back_inside_s),
        AlarmKind.NO_GO_ENTRY: (limits.no_go_s, limits.out_of_no_go_s),
        AlarmKind.OVERSPEED: (limits.overspeed_s, limits.overspeed_s),
        AlarmKind.STOPPED_IN_KEEP_CLEAR: (limits.keep_clear_s, 0.0),
        AlarmKind.POSITIONING_LOST: (limits.no_fix_s, limits.no_fix_s),
        AlarmKind.SERVICE_REFUSED: (limits.refused_s, limits.refused_s),
        AlarmKind.STUCK: (limits.stuck_s, 0.0),
        AlarmKind.CARGO_TEMPERATURE: (limits.cargo_s, limits.cargo_s),
        AlarmKind.COMPARTMENT_LEFT_OPEN: (limits.open_s, 0.0),
        **dict.fromkeys(_SAID, (0.0, limits.said_gone_s)),
    }
    return [lasting.get(kind, (0.0, 0.0)) for kind in ALARM_BITS]


class AlarmStep:
    """Detection only: who keeps and shows alarms is told through the tick's signals."""

    def __init__(self, size: int, liveness: LivenessStep, limits: AlarmLimits | None = None) -> None:
        self._limits = limits or AlarmLimits()
        spans_s = _spans_s(self._limits)
        self._causes = Causes(size, spans_s)
        self._past = PastCauses(size, [spans_s[bit] for bit in _RULE_BITS], rate=liveness.rate)
        self._held = HeldRaises(size, rate=liveness.rate)
        self._late_ms = round(LATE_S * 1000 * liveness.rate)
        self._statuses = StatusReader(size)
        self.silence = SilenceJudge(size, liveness, self._limits.groups, self._limits.group_wait_s)
        self._index: FenceIndex | None = None
        self._has_areas = False
        self._has_refusals = False

    def apply(self, tick: Tick) -> None:
        """Leave ``signals``."""
        self._look_at_fences(tick)
        if len(tick.returned):
            self._past.open(tick.returned, self._causes, _RULE_BITS)
        if len(tick.last) and tick.rules is not None:
            self._by_position(tick)
        if len(tick.late):
            self._by_past(tick)
        if tick.is_silence_due:
            self._past.give_up(tick)
            self._held.give_up(tick)
        if len(tick.status):
            self._by_status(tick)
        if tick.is_silence_due or len(tick.last):
            self._by_silence(tick)

    def bits(self, numbers: Numbers) -> Bits:
        """Return which causes stand, as the bits of ALARM_BITS."""
        return self._causes.standing[numbers] & ~self._held.bits(numbers)

    def _by_position(self, tick: Tick) -> None:
        """Judge vehicles' newest positions, and before them what a buffer held in their order."""
        assert tick.rules is not None
        seen, is_late = Seen(tick.heard, tick.newest, tick.rules), None
        late = tick.received_ms - tick.positions["measured_ms"] > self._late_ms
        if late.any():
            self._by_buffers(tick, late)
            is_late = late[tick.last]
            seen = self._at_own_time(tick, seen, is_late)
        busy = self._causes.busy(seen.numbers)
        for observed in (*self._broken_rules(tick, seen, busy), *self._conditions(tick, seen)):
            self._judge(tick, seen, observed, busy, is_late)
        self._held.say(tick, seen, is_late)

    def _by_buffers(self, tick: Tick, late: Mask) -> None:
        """Judge the rules over late positions that are not their vehicle's newest, each at its own time."""
        late = late.copy()
        late[tick.last] = False
        rows = np.flatnonzero(late)
        for turn in turns(tick.positions["vehicle_no"][rows]):
            seen = seen_at_own_time(tick, tick.positions[rows[turn]])
            busy = self._causes.busy(seen.numbers)
            for observed in self._broken_rules(tick, seen, busy):
                self._judge(tick, seen, observed, busy, np.ones(len(turn), np.bool_))

    def _at_own_time(self, tick: Tick, seen: Seen, is_late: Mask) -> Seen:
        rows = np.flatnonzero(is_late)
        if not len(rows):
            return seen
        own = seen_at_own_time(tick, seen.here[rows])
        columns: tuple[NDArray[Any], ...] = seen.rules
        for column, found in zip(columns, own.rules, strict=True):
            column[rows] = found
        had_areas = np.full(len(seen.here), self._has_areas)
        had_areas[rows] = own.has_areas
        return seen._replace(has_areas=had_areas)

    def _by_past(self, tick: Tick) -> None:
        """Judge the rules over positions that fill a gap; what they show is over, and no alarm of now."""
        for turn in turns(tick.late["vehicle_no"]):
            seen = seen_at_own_time(tick, tick.late[turn])
            self._past.touch(tick, seen)
            for observed in self._broken_rules(tick, seen, None):
                self._past.step(tick, seen, observed, partial(self._made, tick, seen))

    def _broken_rules(self, tick: Tick, seen: Seen, busy: Bits | None) -> Iterator[Observed]:
        """Yield the rules; whether a service is refused costs nothing in a city where no fence asks."""
        stood = np.uint32(1 << _BIT_OF[AlarmKind.SERVICE_REFUSED])
        has_refusals = self._has_refusals or (busy is not None and bool(np.any(busy & stood)))
        works = tick.roster.in_service[seen.numbers]
        return rule_causes(seen, works, self._limits, has_areas=self._has_areas, has_refusals=has_refusals)

    def _conditions(self, tick: Tick, seen: Seen) -> Iterator[Observed]:
        """Yield what positions say of the vehicle itself."""
        limits, here = self._limits, seen.here
        speed, flags, battery = here["speed_cm_s"] / 100, here["mode_flags"], here["battery_200"]
        lost = (flags & PositionFlag.NO_FIX) != 0
        yield Observed(AlarmKind.POSITIONING_LOST, lost, ~lost)
        charges = (flags & PositionFlag.CHARGING) != 0
        is_low = (battery < limits.low_battery_200) & ~charges
        is_back = ((battery >= limits.battery_back_200) & (battery != _UNKNOWN_BATTERY)) | charges
        yield Observed(AlarmKind.LOW_BATTERY, is_low, is_back, values={"battery_ratio": battery / 200})
        should_move = tick.roster.to_move[seen.numbers] & ((flags & _SAYS_WHY) == 0)
        moves = (speed >= limits.moves_mps) | ~should_move
        yield Observed(AlarmKind.STUCK, should_move & (speed < limits.stopped_mps), moves)

    def _look_at_fences(self, tick: Tick) -> None:
        if tick.index is not self._index:
            self._index = tick.index
            self._has_areas = has_areas(tick.index)
            self._has_refusals = has_refusals(tick.index)

    def _judge(self, tick: Tick, seen: Seen, observed: Observed, busy: Bits, is_late: Mask | None) -> None:
        kind, ms = observed.kind, seen.here["measured_ms"]
        bit = _BIT_OF[kind]
        raised, cleared = self._causes.step(
            bit, seen.numbers, ms, observed.is_cause, observed.is_gone, busy=busy
        )
        for row in raised.tolist():
            signal = self._made(tick, seen, observed, row)
            if is_late is not None and is_late[row]:
                self._held.hold(tick, signal, bit)
            else:
                tick.signals.append(signal)
        for row in cleared.tolist():
            held = self._held.over(int(seen.numbers[row]), kind, bit)
            if held is None:
                self._cleared(tick, kind, seen.numbers[row : row + 1], ms[row : row + 1])
            elif kind in RULE_KINDS:
                tick.signals.append(past(held, int(ms[row])))

    @staticmethod
    def _made(tick: Tick, seen: Seen, observed: Observed, row: int) -> AlarmRaised:
        """Return what one position raises."""
        here = seen.here[row]
        return AlarmRaised(
            vehicle_no=VehicleNo(int(here["vehicle_no"])),
            kind=observed.kind,
            at=moment_of_ms(int(here["measured_ms"])),
            lat=float(here["lat_e7"]) * 1e-7,
            lng=float(here["lng_e7"]) * 1e-7,
            details=_evidence(tick, int(here["seq"]), row, observed),
        )

    def _by_status(self, tick: Tick) -> None:
        """Judge what vehicles say of themselves; the report of the same fault raises the same alarm."""
        read = self._statuses.newest(tick)
        if not len(read.numbers):
            return
        busy = self._causes.busy(read.numbers)
        speed_mps = tick.live.state["speed_cm_s"][read.numbers] / 100
        was_open = (busy & np.uint32(1 << _BIT_OF[AlarmKind.COMPARTMENT_LEFT_OPEN])) != 0
        under_way = tick.roster.under_way[read.numbers]
        for cause in status_causes(read.status, speed_mps, was_open, under_way, self._limits):
            raised, cleared = self._causes.step(
                _BIT_OF[cause.kind],
                read.numbers,
                read.measured_ms,
                cause.stands,
                cause.is_gone,
                busy=busy,
                at_once=cause.at_once,
            )
            for row in raised.tolist():
                self._raised(
                    tick,
                    cause.kind,
                    tick.live.state[read.numbers[row]],
                    int(read.measured_ms[row]),
                    {"status_seq": int(read.status["status_seq"][row]), **cause.details(row)},
                    number=int(read.numbers[row]),
                )
            self._cleared(tick, cause.kind, read.numbers[cleared], read.measured_ms[cleared])
            self._mark(tick, read.numbers, raised, cleared)

    def _by_silence(self, tick: Tick) -> None:
        """Offline while under way: alone, or many of one cause; judged once a second, over when heard."""
        if tick.is_silence_due:
            raised, cleared = self.silence.judge(tick)
        else:
            raised, cleared = [], self.silence.heard(tick)
        for silent in cleared:
            self._causes.put(_BIT_OF[silent.kind], silent.number, stands=False)
            number = VehicleNo(silent.number)
            tick.signals.append(
                AlarmCleared(vehicle_no=number, kind=silent.kind, cause=silent.cause, at=tick.now)
            )
        for silent in raised:
            self._causes.put(_BIT_OF[silent.kind], silent.number, stands=True)
            place = tick.live.state[silent.number]
            self._raised(
                tick,
                silent.kind,
                place,
                tick.now_ms,
                silent.details,
                number=silent.number,
                cause=silent.cause,
            )

    @staticmethod
    def _mark(tick: Tick, numbers: Numbers, raised: Rows, cleared: Rows) -> None:
        """Have screens told also of vehicles that sent no position in this tick."""
        tick.live.changed[numbers[raised]] = True
        tick.live.changed[numbers[cleared]] = True

    @staticmethod
    def _raised(
        tick: Tick,
        kind: AlarmKind,
        place: np.void,
        at_ms: int,
        details: Details,
        *,
        number: int | None = None,
        cause: str = "",
    ) -> None:
        """Signal a cause at the place of a position or state record; one that is empty has no place."""
        is_known = int(place["vehicle_no"]) != 0
        tick.signals.append(
            AlarmRaised(
                vehicle_no=VehicleNo(int(place["vehicle_no"]) if number is None else number),
                kind=kind,
                cause=cause,
                at=moment_of_ms(at_ms),
                lat=float(place["lat_e7"]) * 1e-7 if is_known else None,
                lng=float(place["lng_e7"]) * 1e-7 if is_known else None,
                details=details,
            )
        )

    @staticmethod
    def _cleared(tick: Tick, kind: AlarmKind, numbers: Numbers, ms: NDArray[np.int64]) -> None:
        for number, at_ms in zip(numbers.tolist(), ms.tolist(), strict=True):
            tick.signals.append(AlarmCleared(vehicle_no=VehicleNo(number), kind=kind, at=moment_of_ms(at_ms)))

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        self._causes.reserve(size)
        self._past.reserve(size)
        self._held.reserve(size)
        self._statuses.reserve(size)
        self.silence.reserve(size)

    def recall(self, state: Records) -> None:
        """Take over what stood from the recovered state."""
        self._causes.standing[state["vehicle_no"]] = state["alarms"]
        for kind in _SILENCES:
            stood = (state["alarms"] >> np.uint32(_BIT_OF[kind])) & np.uint32(1)
            self.silence.recall(state["vehicle_no"][stood != 0], kind)

    def export(self, numbers: Numbers, filling: Numbers, mine: Callable[[int], bool]) -> Unsettled:
        """Return what is counted or held back of these vehicles; ``filling``: those that fill gaps."""
        return msgspec.structs.replace(
            self._past.export(mine, filling),
            counting=self._causes.export(numbers, with_standing=False).tobytes(),
            held=self._held.export(mine),
        )

    def restore(self, kept: Unsettled) -> None:
        """Take over what ``export`` gave; after ``recall``."""
        self._causes.restore(np.frombuffer(kept.counting, COUNTED))
        for one in kept.held:
            self._causes.put(_BIT_OF[one.raised.kind], one.raised.vehicle_no, stands=True)
        self._held.restore(kept.held, _BIT_OF)
        self._past.restore(kept)

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self._causes.forget(numbers)
        self._past.forget(numbers)
        self._held.forget(numbers)
        self._statuses.forget(numbers)
        self.silence.forget(numbers)


def _evidence(tick: Tick, seq: int, row: int, observed: Observed) -> Details:
    details: dict[str, str | int | float | bool | None] = {"seq": seq, "set_version": tick.index.set_version}
    fence = NOBODY if observed.fences is None else int(observed.fences[row])
    if fence != NOBODY:
        found = fence_of(tick.index, fence)
        details |= {
            "fence_id": found.fence_id,
            "fence_version": found.version,
            "fence_name_zh": found.name_zh,
            "fence_name_en": found.name_en,
        }
    for name, column in observed.values.items():
        value = float(column[row])
        details[name] = round(value, 2) if np.isfinite(value) else None
    return details
