"""Causes that the tracker sees by itself, from positions, statuses and silence. One cause, one alarm."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.clock import moment_of_ms
from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.hysteresis import Bits, Causes, Rows
from fleet.telemetry.records import Records
from fleet.telemetry.steps.alarm_limits import AlarmLimits
from fleet.telemetry.steps.liveness import LivenessStep
from fleet.telemetry.steps.silence import SilenceJudge
from fleet.telemetry.steps.status_causes import StatusReader, status_causes
from fleet.telemetry.tick import Numbers, Tick
from geofences.fences import FenceKind
from geofences.index import FenceIndex
from geofences.rules import NOBODY

type Mask = NDArray[np.bool_]
type Details = Mapping[str, str | int | float | bool | None]
type Columns = Mapping[str, NDArray[np.float64]]

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
_UNKNOWN_BATTERY: Final = 255
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
    }
    return [lasting.get(kind, (0.0, 0.0)) for kind in ALARM_BITS]


class AlarmStep:
    """Detection only: who keeps and shows alarms is told through the tick's signals."""

    def __init__(self, size: int, liveness: LivenessStep, limits: AlarmLimits | None = None) -> None:
        self._limits = limits or AlarmLimits()
        self._causes = Causes(size, _spans_s(self._limits))
        self._statuses = StatusReader(size)
        self.silence = SilenceJudge(size, liveness, self._limits.groups, self._limits.group_wait_s)
        self._index: FenceIndex | None = None
        self._has_areas = False
        self._has_refusals = False

    def apply(self, tick: Tick) -> None:
        """Leave ``signals``."""
        if len(tick.last) and tick.rules is not None:
            self._by_position(tick)
        if len(tick.status):
            self._by_status(tick)
        if tick.is_silence_due or len(tick.last):
            self._by_silence(tick)

    def bits(self, numbers: Numbers) -> Bits:
        """Return which causes stand, as the bits of ALARM_BITS."""
        return self._causes.standing[numbers]

    def _by_position(self, tick: Tick) -> None:
        rules = tick.rules
        assert rules is not None
        limits = self._limits
        here = tick.newest
        speed = here["speed_cm_s"] / 100
        flags = here["mode_flags"]
        busy = self._causes.busy(tick.heard)
        self._look_at_fences(tick)
        if self._has_areas:
            works = tick.roster.in_service[tick.heard]
            outside = (rules.operating_area_by == NOBODY) & works
            self._judge(tick, AlarmKind.LEFT_OPERATING_AREA, outside, ~outside, busy)
        forbidden = rules.no_entry_by != NOBODY
        self._judge(tick, AlarmKind.NO_GO_ENTRY, forbidden, ~forbidden, busy, fences=rules.no_entry_by)
        allowed = rules.speed_limit_mps * limits.overspeed_ratio + limits.overspeed_margin_mps
        self._judge(
            tick,
            AlarmKind.OVERSPEED,
            speed > allowed,
            speed <= rules.speed_limit_mps,
            busy,
            fences=rules.speed_limit_by,
            values={"speed_mps": speed, "limit_mps": rules.speed_limit_mps},
        )
        self._judge_service(tick, busy)
        stands = speed < limits.stopped_mps
        blocks = (rules.no_stopping_by != NOBODY) & stands
        self._judge(tick, AlarmKind.STOPPED_IN_KEEP_CLEAR, blocks, ~blocks, busy, fences=rules.no_stopping_by)
        lost = (flags & PositionFlag.NO_FIX) != 0
        self._judge(tick, AlarmKind.POSITIONING_LOST, lost, ~lost, busy)
        self._judge_battery(tick, busy)
        should_move = tick.roster.to_move[tick.heard] & ((flags & _SAYS_WHY) == 0)
        moves = (speed >= limits.moves_mps) | ~should_move
        self._judge(tick, AlarmKind.STUCK, should_move & stands, moves, busy)

    def _judge_battery(self, tick: Tick, busy: Bits) -> None:
        battery = tick.newest["battery_200"]
        charges = (tick.newest["mode_flags"] & PositionFlag.CHARGING) != 0
        is_low = (battery < self._limits.low_battery_200) & ~charges
        is_back = ((battery >= self._limits.battery_back_200) & (battery != _UNKNOWN_BATTERY)) | charges
        ratio = {"battery_ratio": battery / 200}
        self._judge(tick, AlarmKind.LOW_BATTERY, is_low, is_back, busy, values=ratio)

    def _judge_service(self, tick: Tick, busy: Bits) -> None:
        """Judge whether the service may be here; costs nothing in a city where no fence asks for one."""
        rules = tick.rules
        stood = np.uint32(1 << _BIT_OF[AlarmKind.SERVICE_REFUSED])
        if rules is None or not (self._has_refusals or np.any(busy & stood)):
            return
        refused = (rules.service_refused_by != NOBODY) & tick.roster.in_service[tick.heard]
        by = rules.service_refused_by
        self._judge(tick, AlarmKind.SERVICE_REFUSED, refused, ~refused, busy, fences=by)

    def _look_at_fences(self, tick: Tick) -> None:
        if tick.index is not self._index:
            self._index = tick.index
            self._has_areas = any(f.kind is FenceKind.OPERATING_AREA for f in tick.index.fences)
            self._has_refusals = any(f.rules.allowed_services is not None for f in tick.index.fences)

    def _judge(
        self,
        tick: Tick,
        kind: AlarmKind,
        is_cause: Mask,
        is_gone: Mask,
        busy: Bits,
        *,
        fences: NDArray[np.int32] | None = None,
        values: Columns | None = None,
    ) -> None:
        here = tick.newest
        raised, cleared = self._causes.step(
            _BIT_OF[kind], tick.heard, here["measured_ms"], is_cause, is_gone, busy=busy
        )
        for row in raised.tolist():
            fence = None if fences is None else int(fences[row])
            details = _evidence(tick, row, fence, values or {})
            self._raised(tick, kind, here[row], int(here["measured_ms"][row]), details)
        self._cleared(tick, kind, here["vehicle_no"][cleared], here["measured_ms"][cleared])

    def _by_status(self, tick: Tick) -> None:
        """Judge what vehicles say of themselves; the report of the same fault raises the same alarm."""
        read = self._statuses.newest(tick)
        if not len(read.numbers):
            return
        busy = self._causes.busy(read.numbers)
        speed_mps = tick.live.state["speed_cm_s"][read.numbers] / 100
        was_open = (busy & np.uint32(1 << _BIT_OF[AlarmKind.COMPARTMENT_LEFT_OPEN])) != 0
        for cause in status_causes(read.status, speed_mps, was_open, self._limits):
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
        self._statuses.reserve(size)
        self.silence.reserve(size)

    def recall(self, state: Records) -> None:
        """Take over what stood from the recovered state."""
        self._causes.standing[state["vehicle_no"]] = state["alarms"]
        for kind in _SILENCES:
            stood = (state["alarms"] >> np.uint32(_BIT_OF[kind])) & np.uint32(1)
            self.silence.recall(state["vehicle_no"][stood != 0], kind)

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        self._causes.forget(numbers)
        self._statuses.forget(numbers)
        self.silence.forget(numbers)


def _evidence(tick: Tick, row: int, fence: int | None, values: Columns) -> Details:
    details: dict[str, str | int | float | bool | None] = {
        "seq": int(tick.positions["seq"][tick.last[row]]),
        "set_version": tick.index.set_version,
    }
    if fence is not None and fence != NOBODY:
        found = tick.index.fences[fence]
        details |= {
            "fence_id": found.fence_id,
            "fence_version": found.version,
            "fence_name_zh": found.name_zh,
            "fence_name_en": found.name_en,
        }
    for name, column in values.items():
        value = float(column[row])
        details[name] = round(value, 2) if np.isfinite(value) else None
    return details
