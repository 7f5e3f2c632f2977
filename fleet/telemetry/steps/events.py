"""Crossings as facts: the columns of the fence step made into rows for SQL."""

from core.clock import moment_of_ms
from core.ids import VehicleNo
from fleet.telemetry.steps.memoryless import Memoryless
from fleet.telemetry.tick import FenceEvent, Tick
from geofences.events import FenceEventKind

_UNKNOWN_ACCURACY = 255


class EventStep(Memoryless):
    """Leaves ``events``; few in any tick, so plain Python."""

    def apply(self, tick: Tick) -> None:
        """Name every crossing with its fence, version and evidence."""
        said = tick.fence_events
        if said is None:
            return
        for k in range(len(said.row)):
            row = int(said.row[k])
            position = tick.positions[row]
            fence = tick.index.fences[int(said.fence[k])]
            accuracy = int(position["accuracy_dm"])
            tick.events.append(
                FenceEvent(
                    vehicle_no=VehicleNo(int(said.slot[k])),
                    fence_id=fence.fence_id,
                    fence_version=fence.version,
                    set_version=tick.index.set_version,
                    kind=FenceEventKind(int(said.kind[k])).name.lower(),
                    seq=int(said.seq[k]),
                    measured_at=moment_of_ms(int(said.measured_ms[k])),
                    since_at=moment_of_ms(int(said.since_ms[k])),
                    received_at=moment_of_ms(int(tick.received_ms[row])),
                    lat=round(float(position["lat_e7"]) * 1e-7, 7),
                    lng=round(float(position["lng_e7"]) * 1e-7, 7),
                    accuracy_m=None if accuracy == _UNKNOWN_ACCURACY else accuracy / 10,
                    is_border_uncertain=bool(said.border_uncertain[k]),
                )
            )
