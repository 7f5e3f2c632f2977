"""Crossings as facts: the columns of the fence step made into rows for SQL."""

from typing import Final

from core.clock import moment_of_ms
from core.ids import VehicleNo
from fleet.telemetry.steps.memoryless import Memoryless
from fleet.telemetry.tick import FenceEvent, Tick
from geofences.events import FenceEventKind

_UNKNOWN_ACCURACY = 255
_NAMES: Final = {int(kind): kind.name.lower() for kind in FenceEventKind}


class EventStep(Memoryless):
    """Leaves ``events``; few in any tick, so plain Python."""

    def apply(self, tick: Tick) -> None:
        """Name every crossing with its fence, version and evidence."""
        said = tick.fence_events
        if said is None:
            return
        here = tick.positions[said.row]
        columns = zip(
            said.slot.tolist(),
            said.fence.tolist(),
            said.kind.tolist(),
            said.seq.tolist(),
            said.measured_ms.tolist(),
            said.since_ms.tolist(),
            tick.received_ms[said.row].tolist(),
            here["lat_e7"].tolist(),
            here["lng_e7"].tolist(),
            here["accuracy_dm"].tolist(),
            said.border_uncertain.tolist(),
            strict=True,
        )
        for (
            no,
            number,
            kind,
            seq,
            measured,
            since,
            received,
            lat_e7,
            lng_e7,
            accuracy,
            is_uncertain,
        ) in columns:
            fence = tick.index.fences[number]
            tick.events.append(
                FenceEvent(
                    vehicle_no=VehicleNo(no),
                    fence_id=fence.fence_id,
                    fence_version=fence.version,
                    set_version=tick.index.set_version,
                    kind=_NAMES[kind],
                    seq=seq,
                    measured_at=moment_of_ms(measured),
                    since_at=moment_of_ms(since),
                    received_at=moment_of_ms(received),
                    lat=round(lat_e7 * 1e-7, 7),
                    lng=round(lng_e7 * 1e-7, 7),
                    accuracy_m=None if accuracy == _UNKNOWN_ACCURACY else accuracy / 10,
                    is_border_uncertain=is_uncertain,
                )
            )
