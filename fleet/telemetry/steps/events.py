"""Crossings as facts: the columns of the fence step made into rows for SQL."""

import numpy as np

from fleet.telemetry.found_events import FENCE_EVENT, FoundEvents
from fleet.telemetry.steps.memoryless import Memoryless
from fleet.telemetry.tick import Tick


class EventStep(Memoryless):
    """Leaves ``events``."""

    def apply(self, tick: Tick) -> None:
        """Name every crossing with its fence, version and evidence."""
        said = tick.fence_events
        if said is None or not len(said.row):
            return
        here = tick.positions[said.row]
        records = np.empty(len(here), FENCE_EVENT)
        records["vehicle_no"] = said.slot
        records["fence_version"] = tick.index.versions[said.fence]
        records["kind"] = said.kind
        records["is_border_uncertain"] = said.border_uncertain
        records["received_ms"] = tick.received_ms[said.row]
        for name in ("seq", "measured_ms", "since_ms"):
            records[name] = getattr(said, name)
        for name in ("lat_e7", "lng_e7", "accuracy_dm"):
            records[name] = here[name]
        ids = tick.index.ids[said.fence].tolist()
        tick.events = FoundEvents(tick.index.set_version, ids, records.tobytes())
