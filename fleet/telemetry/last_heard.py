"""The last state of vehicles for everybody else: read from the blobs, in the domain's own words."""

from collections.abc import Collection, Mapping
from typing import Final

import numpy as np

from core.clock import Clock, moment_of_ms
from core.errors import Unavailable
from core.ids import VehicleNo
from core.redis import REDIS_DOWN, StreamsRedis
from fleet.links.wire.positions import MODE_MASK, UNKNOWN_U8, PositionFlag
from fleet.links.wire.status import UNKNOWN_TEMPERATURE
from fleet.telemetry.blobs import Blobs
from fleet.telemetry.records import Records
from fleet.telemetry.steps.liveness import CONNECTIONS, NOT_JUDGED, OFFLINE, ONLINE, STALE, silence_limits_ms
from fleet.vehicles.kinds import CONDITIONS, CONTROL_MODES, SILENCE_REASONS, Connection
from fleet.vehicles.last_heard import LastHeard

ONE_BY_ONE_MOST: Final = 64
"""Up to so many vehicles are read with one GETRANGE each; above it whole blobs are cheaper."""
_INTERVAL_MS: Final = 1000
_IS_CONNECTED: Final = np.array([each is not Connection.OFFLINE for each in CONNECTIONS])

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)


class BlobReader:
    """``fleet.vehicles.last_heard.LastHeardReader`` over the tracker's blobs. Safe to share in one loop."""

    def __init__(self, streams: StreamsRedis, clock: Clock, *, partitions: int) -> None:
        self._blobs = Blobs(streams)
        self._clock = clock
        self._partitions = partitions

    async def last_heard(self, numbers: Collection[VehicleNo]) -> Mapping[VehicleNo, LastHeard]:
        """Return the last state of vehicles; one that was never heard is absent. Raises Unavailable."""
        if len(numbers) <= ONE_BY_ONE_MOST:
            state = await self.states(numbers)
        else:
            state = await self.states()
            state = state[np.isin(state["vehicle_no"], np.fromiter(numbers, np.uint32, len(numbers)))]
        return {one.vehicle_no: one for one in map(_in_words, state)}

    async def behind(self, set_version: int) -> list[VehicleNo]:
        """Return the connected vehicles that hold another fence set, ascending. Raises Unavailable.

        Judged in columns: a city asks every other second, mostly about nobody of 100,000.
        """
        state = await self.states()
        late = _IS_CONNECTED[state["connection"]] & (state["fence_set_version"] != set_version)
        return [VehicleNo(number) for number in np.sort(state["vehicle_no"][late]).tolist()]

    async def states(self, numbers: Collection[int] | None = None) -> Records:
        """Return STATE[n] of the named vehicles, None for everybody. Raises Unavailable.

        A tracker that is gone leaves its last word: connections are judged again by the age of the frames,
        so that nobody looks online for ever.
        """
        try:
            if numbers is None:
                state, _ = await self._blobs.states(self._partitions)
            else:
                state = await self._blobs.some([int(number) for number in numbers], self._partitions)
        except _AWAY as error:
            raise Unavailable("redis-unavailable", retry_after_s=2) from error
        return aged(state, self._clock.now_ms(), self._clock.rate)


def aged(state: Records, now_ms: int, rate: float) -> Records:
    """Return STATE[n] with connections no better than twice the limits of silence allow."""
    if not len(state):
        return state
    interval = np.full(len(state), _INTERVAL_MS, np.int64)
    stale_ms, offline_ms = silence_limits_ms(interval, rate)
    silence = now_ms - state["received_ms"]
    floor = np.where(silence > 2 * offline_ms, OFFLINE, np.where(silence > 2 * stale_ms, STALE, ONLINE))
    worse = (state["connection"] <= OFFLINE) & (floor > state["connection"])
    if worse.any():
        state = state.copy()
        state["connection"][worse] = floor[worse]
        state["silence"][worse] = NOT_JUDGED
        gone = worse & (floor == OFFLINE) & (state["alarms"] == 0)
        state["condition"][gone] = 0
    return state


def _in_words(record: np.void) -> LastHeard:
    flags = int(record["mode_flags"])
    battery = int(record["battery_200"])
    accuracy = int(record["accuracy_dm"])
    return LastHeard(
        vehicle_no=VehicleNo(int(record["vehicle_no"])),
        lat=round(float(record["lat_e7"]) * 1e-7, 7),
        lng=round(float(record["lng_e7"]) * 1e-7, 7),
        measured_at=moment_of_ms(int(record["measured_ms"])),
        speed_mps=int(record["speed_cm_s"]) / 100,
        heading_deg=int(record["heading_256"]) * 360 / 256,
        battery_ratio=None if battery == UNKNOWN_U8 else battery / 200,
        control_mode=CONTROL_MODES[flags & MODE_MASK],
        connection=CONNECTIONS[int(record["connection"])],
        condition=CONDITIONS[int(record["condition"])],
        accuracy_m=None if accuracy == UNKNOWN_U8 else accuracy / 10,
        fence_set_version=int(record["fence_set_version"]) or None,
        software_version=str(int(record["software_version"])) if record["software_version"] else None,
        stop_epoch=int(record["stop_epoch"]),
        battery_c=_celsius(int(record["battery_dc"])),
        outside_c=_celsius(int(record["outside_dc"])),
        range_m=int(record["range_10m"]) * 10.0 or None,
        silence=SILENCE_REASONS[min(int(record["silence"]), len(SILENCE_REASONS) - 1)],
        is_charging=bool(flags & PositionFlag.CHARGING),
        is_held_by_stop=bool(flags & PositionFlag.STOP_HELD),
    )


def _celsius(tenths: int) -> float | None:
    return None if tenths == UNKNOWN_TEMPERATURE else tenths / 10
