"""A pipeline with one vehicle that tests drive second by second. No store, no clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from core.clock import ms_of_moment
from core.ids import DistrictCode, FenceId, FenceVersion, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.links.wire.status import new_status
from fleet.telemetry.pipeline import Pipeline
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Entry
from fleet.telemetry.roster import Roster, RosterRow
from fleet.telemetry.tick import Tick
from geofences.fences import Fence, FenceKind
from geofences.index import FenceIndex

START = datetime(2026, 7, 1, 2, 0, tzinfo=UTC)
INSIDE, OUTSIDE = 39.605, 39.595


def a_square(south: float = 39.60, north: float = 39.61) -> Any:
    ring = ((109.80, south), (109.81, south), (109.81, north), (109.80, north), (109.80, south))
    return ((ring,),)


def a_fence(kind: FenceKind, **changes: Any) -> Fence:
    return Fence(
        fence_id=FenceId(kind.value), version=FenceVersion(1), kind=kind, name_zh="围栏", name_en="Fence",
        area=a_square(), source="test", effective_at=datetime(2020, 1, 1, tzinfo=UTC), **changes,
    )  # fmt: skip


class Line:
    """A pipeline with one vehicle, driven second by second."""

    def __init__(self, *fences: Fence, rate: float = 1.0, under_way: bool = False) -> None:
        self.roster = Roster()
        self.under_way(under_way)
        self.pipeline = Pipeline(self.roster, rate=rate)
        self.pipeline.swap(FenceIndex.build(fences, set_version=4))
        self.seq = 0
        self.signals: list[tuple[float, str, AlarmKind]] = []
        self.raised: list[AlarmRaised] = []

    def under_way(self, is_under_way: bool, *, to_move: bool = False) -> None:
        self.roster.put(
            [
                RosterRow(
                    vehicle_no=VehicleNo(7), maker=MakerId("m"), operator=OperatorId("o"),
                    district=DistrictCode("KB"), service=ServiceKind.DELIVERY, is_under_way=is_under_way,
                    is_to_move=to_move,
                )
            ]
        )  # fmt: skip

    def say(self, at_s: float, lat: float = 39.5, **fields: int) -> Tick:
        self.seq += 1
        at = START + timedelta(seconds=at_s)
        record = np.zeros(1, STREAM_POSITION)
        record["vehicle_no"], record["seq"], record["measured_ms"] = 7, self.seq, ms_of_moment(at)
        record["lat_e7"], record["lng_e7"] = round(lat * 1e7), 1_098_050_000
        record["battery_200"], record["accuracy_dm"] = 160, 5
        for name, value in fields.items():
            record[name] = value
        entry = Entry(ms_of_moment(at), record, np.zeros(0, STREAM_STATUS))
        return self._note(at_s, self.pipeline.process([entry], at=at, is_silence_due=True))

    def state(self, at_s: float, *, sent_s: float | None = None, **fields: Any) -> Tick:
        """Have the vehicle send a status record measured at one moment, by default at once."""
        at = START + timedelta(seconds=at_s if sent_s is None else sent_s)
        record = np.zeros(1, STREAM_STATUS)
        record["status"] = new_status(1)
        record["status"]["vehicle_no"] = 7
        record["measured_ms"] = ms_of_moment(START + timedelta(seconds=at_s))
        for name, value in fields.items():
            record["status"][name] = value
        entry = Entry(ms_of_moment(at), np.zeros(0, STREAM_POSITION), record)
        return self._note(at_s, self.pipeline.process([entry], at=at, is_silence_due=True))

    def hear_nothing(self, at_s: float) -> Tick:
        at = START + timedelta(seconds=at_s)
        return self._note(at_s, self.pipeline.process([], at=at, is_silence_due=True))

    def _note(self, at_s: float, tick: Tick) -> Tick:
        for signal in tick.signals:
            is_raised = isinstance(signal, AlarmRaised)
            self.signals.append((at_s, "raised" if is_raised else "cleared", signal.kind))
            if isinstance(signal, AlarmRaised):
                self.raised.append(signal)
        return tick

    @property
    def connection(self) -> int:
        return int(self.pipeline.live.state[7]["connection"])

    @property
    def condition(self) -> int:
        return int(self.pipeline.live.state[7]["condition"])
