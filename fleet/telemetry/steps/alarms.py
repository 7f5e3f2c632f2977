"""The first alarms: causes that the tracker sees by itself. One cause raises one alarm."""

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import moment_of_ms
from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.hysteresis import Hysteresis
from fleet.telemetry.records import Records
from fleet.telemetry.steps.liveness import OFFLINE, ONLINE, LivenessStep
from fleet.telemetry.tick import Numbers, Tick
from geofences.fences import FenceKind
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
)
"""Kind by its bit in the state record's ``alarms``."""
_UNKNOWN_BATTERY: Final = 255


class AlarmLimits(msgspec.Struct, frozen=True, kw_only=True):
    """When a cause stands and when it is gone; city seconds."""

    outside_s: float = 5.0
    back_inside_s: float = 5.0
    no_go_s: float = 0.0
    """A forbidden place is said at the first point (as the fence transitions do)."""
    out_of_no_go_s: float = 5.0
    overspeed_ratio: float = 1.1
    overspeed_margin_mps: float = 0.3
    """Above limit × ratio + margin: satellite speed is good to about 0.1 m/s."""
    overspeed_s: float = 3.0
    low_battery_200: int = 40
    """20 %."""
    battery_back_200: int = 50
    """25 %."""
    stopped_mps: float = 0.2
    keep_clear_s: float = 10.0
    """Long enough to give way to somebody; domain.md wants the alarm at once after that."""
    no_fix_s: float = 10.0


class AlarmStep:
    """Detection only: who keeps and shows alarms is told through the tick's signals."""

    def __init__(self, size: int, liveness: LivenessStep, limits: AlarmLimits | None = None) -> None:
        self._limits = limits = limits or AlarmLimits()
        self._liveness = liveness

        def cause(raise_after_s: float, clear_after_s: float) -> Hysteresis:
            return Hysteresis(size, raise_after_s=raise_after_s, clear_after_s=clear_after_s)

        self._causes: dict[AlarmKind, Hysteresis] = {
            AlarmKind.LEFT_OPERATING_AREA: cause(limits.outside_s, limits.back_inside_s),
            AlarmKind.NO_GO_ENTRY: cause(limits.no_go_s, limits.out_of_no_go_s),
            AlarmKind.OVERSPEED: cause(limits.overspeed_s, limits.overspeed_s),
            AlarmKind.OFFLINE_ON_DUTY: cause(0.0, 0.0),
            AlarmKind.LOW_BATTERY: cause(0.0, 0.0),
            AlarmKind.STOPPED_IN_KEEP_CLEAR: cause(limits.keep_clear_s, 0.0),
            AlarmKind.POSITIONING_LOST: cause(limits.no_fix_s, limits.no_fix_s),
        }
        self._under_way_revision = -1
        self._index: FenceIndex | None = None
        self._has_areas = False

    def apply(self, tick: Tick) -> None:
        """Leave ``signals``."""
        if len(tick.last) and tick.rules is not None:
            self._by_position(tick)
        if tick.is_silence_due or len(tick.last):
            self._by_silence(tick)

    def bits(self, numbers: Numbers) -> NDArray[np.uint32]:
        """Return which causes stand, as the bits of ALARM_BITS."""
        bits = np.zeros(len(numbers), np.uint32)
        for bit, kind in enumerate(ALARM_BITS):
            bits |= self._causes[kind].standing[numbers].astype(np.uint32) << np.uint32(bit)
        return bits

    def _by_position(self, tick: Tick) -> None:
        rules = tick.rules
        assert rules is not None
        limits = self._limits
        here = tick.newest
        speed = here["speed_cm_s"] / 100
        flags = here["mode_flags"]
        works = tick.roster.in_service[tick.heard]
        if self._has_operating_areas(tick):
            outside = rules.operating_area_by == NOBODY
            self._judge(tick, AlarmKind.LEFT_OPERATING_AREA, outside & works, ~outside | ~works)
        self._judge(
            tick,
            AlarmKind.NO_GO_ENTRY,
            rules.no_entry_by != NOBODY,
            rules.no_entry_by == NOBODY,
            fences=rules.no_entry_by,
        )
        allowed = rules.speed_limit_mps * limits.overspeed_ratio + limits.overspeed_margin_mps
        self._judge(
            tick,
            AlarmKind.OVERSPEED,
            speed > allowed,
            speed <= rules.speed_limit_mps,
            fences=rules.speed_limit_by,
            values={"speed_mps": speed, "limit_mps": rules.speed_limit_mps},
        )
        battery = here["battery_200"]
        charges = (flags & PositionFlag.CHARGING) != 0
        is_low = (battery < limits.low_battery_200) & ~charges
        is_back = ((battery >= limits.battery_back_200) & (battery != _UNKNOWN_BATTERY)) | charges
        self._judge(tick, AlarmKind.LOW_BATTERY, is_low, is_back, values={"battery_ratio": battery / 200})
        stands = (rules.no_stopping_by != NOBODY) & (speed < limits.stopped_mps)
        self._judge(tick, AlarmKind.STOPPED_IN_KEEP_CLEAR, stands, ~stands, fences=rules.no_stopping_by)
        lost = (flags & PositionFlag.NO_FIX) != 0
        self._judge(tick, AlarmKind.POSITIONING_LOST, lost, ~lost)

    def _has_operating_areas(self, tick: Tick) -> bool:
        if tick.index is not self._index:
            self._index = tick.index
            self._has_areas = any(f.kind is FenceKind.OPERATING_AREA for f in tick.index.fences)
        return self._has_areas

    def _judge(
        self,
        tick: Tick,
        kind: AlarmKind,
        is_cause: Mask,
        is_gone: Mask,
        fences: NDArray[np.int32] | None = None,
        values: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> None:
        here = tick.newest
        raised, cleared = self._causes[kind].step(tick.heard, here["measured_ms"], is_cause, is_gone)
        for row in np.flatnonzero(raised).tolist():
            details = _evidence(tick, row, None if fences is None else int(fences[row]), values or {})
            tick.signals.append(
                AlarmRaised(
                    vehicle_no=VehicleNo(int(here["vehicle_no"][row])),
                    kind=kind,
                    at=moment_of_ms(int(here["measured_ms"][row])),
                    lat=float(here["lat_e7"][row]) * 1e-7,
                    lng=float(here["lng_e7"][row]) * 1e-7,
                    details=details,
                )
            )
        self._cleared(tick, kind, here["vehicle_no"][cleared], here["measured_ms"][cleared])

    def _by_silence(self, tick: Tick) -> None:
        """Offline while under way: a vehicle that was sent out, or whose duty changed while it was silent."""
        candidates: Numbers = tick.heard
        if len(tick.went_silent):
            candidates = np.union1d(tick.went_silent, tick.heard).astype(np.int64)
        if tick.roster.revision != self._under_way_revision:
            self._under_way_revision = tick.roster.revision
            known = np.flatnonzero(tick.live.state["vehicle_no"])
            candidates = np.union1d(candidates, known)
        if not len(candidates):
            return
        connection = self._liveness.connection[candidates]
        missing = (connection == OFFLINE) & tick.roster.under_way[candidates]
        found = (connection == ONLINE) | ~tick.roster.under_way[candidates]
        ms = np.full(len(candidates), tick.now_ms, np.int64)
        raised, cleared = self._causes[AlarmKind.OFFLINE_ON_DUTY].step(candidates, ms, missing, found)
        for number in candidates[raised].tolist():
            state = tick.live.state[number]
            tick.signals.append(
                AlarmRaised(
                    vehicle_no=VehicleNo(number),
                    kind=AlarmKind.OFFLINE_ON_DUTY,
                    at=tick.now,
                    lat=float(state["lat_e7"]) * 1e-7,
                    lng=float(state["lng_e7"]) * 1e-7,
                    details={"last_heard_ms": int(state["received_ms"])},
                )
            )
            tick.live.changed[number] = True
        self._cleared(tick, AlarmKind.OFFLINE_ON_DUTY, candidates[cleared], ms[cleared])

    @staticmethod
    def _cleared(tick: Tick, kind: AlarmKind, numbers: Numbers, ms: NDArray[np.int64]) -> None:
        for number, at_ms in zip(numbers.tolist(), ms.tolist(), strict=True):
            tick.signals.append(AlarmCleared(vehicle_no=VehicleNo(number), kind=kind, at=moment_of_ms(at_ms)))

    def reserve(self, size: int) -> None:
        """Make room for vehicle numbers below ``size``."""
        for cause in self._causes.values():
            cause.reserve(size)

    def recall(self, state: Records) -> None:
        """Take over what stood from the recovered state."""
        for bit, kind in enumerate(ALARM_BITS):
            stood = (state["alarms"] >> np.uint32(bit)) & np.uint32(1)
            self._causes[kind].standing[state["vehicle_no"]] = stood != 0

    def forget(self, numbers: Numbers) -> None:
        """Forget vehicles that another tracker owns now."""
        for cause in self._causes.values():
            cause.forget(numbers)


def _evidence(tick: Tick, row: int, fence: int | None, values: Mapping[str, NDArray[np.float64]]) -> Details:
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
