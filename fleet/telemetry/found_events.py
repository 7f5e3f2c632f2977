"""Fence events on their way from a tick to SQL: columns all the way, some thousands a second in a city."""

from collections.abc import Sequence
from datetime import datetime
from itertools import chain, pairwise
from typing import Any, Final

import msgspec
import numpy as np

from core.clock import moment_of_ms, ms_of_moment
from core.ids import FenceId, FenceVersion, VehicleNo
from fleet.telemetry.records import Records
from geofences.events import FenceEventKind

FENCE_EVENT: Final = np.dtype(
    [
        ("vehicle_no", "<u4"),
        ("fence_version", "<i4"),
        ("seq", "<i8"),
        ("measured_ms", "<i8"),
        ("since_ms", "<i8"),
        ("received_ms", "<i8"),
        ("lat_e7", "<i4"),
        ("lng_e7", "<i4"),
        ("accuracy_dm", "u1"),
        ("kind", "u1"),
        ("is_border_uncertain", "?"),
    ]
)
"""51 bytes of a FenceEvent; the id of its fence and the version of the set stand beside them."""
_UNKNOWN_ACCURACY: Final = 255
_NAMES: Final = {int(kind): kind.name.lower() for kind in FenceEventKind}
_KINDS: Final = {name: kind for kind, name in _NAMES.items()}


class FenceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One crossing as a fact."""

    vehicle_no: VehicleNo
    fence_id: FenceId
    fence_version: FenceVersion
    set_version: int
    kind: str
    """inside, outside, enter, exit, cross or dwell."""
    seq: int
    """Of the position that proved it."""
    measured_at: datetime
    since_at: datetime
    """Measured time of the first position on the new side."""
    received_at: datetime
    lat: float
    lng: float
    accuracy_m: float | None
    is_border_uncertain: bool


class FoundEvents(msgspec.Struct, frozen=True, array_like=True):
    """Events that one tick found, in their order."""

    set_version: int = 0
    fence_ids: Sequence[str] = ()
    """str[n]"""
    records: bytes = b""
    """FENCE_EVENT[n]"""

    def __len__(self) -> int:
        return len(self.fence_ids)

    @classmethod
    def of(cls, set_version: int, events: Sequence[FenceEvent]) -> "FoundEvents":
        """Return the columns of events of one version of the set."""
        records = np.zeros(len(events), FENCE_EVENT)
        for record, event in zip(records, events, strict=True):
            record["vehicle_no"], record["fence_version"] = event.vehicle_no, event.fence_version
            record["seq"], record["kind"] = event.seq, _KINDS[event.kind]
            for name in ("measured", "since", "received"):
                record[f"{name}_ms"] = ms_of_moment(getattr(event, f"{name}_at"))
            record["lat_e7"], record["lng_e7"] = round(event.lat * 1e7), round(event.lng * 1e7)
            accuracy_m = event.accuracy_m
            record["accuracy_dm"] = _UNKNOWN_ACCURACY if accuracy_m is None else round(accuracy_m * 10)
            record["is_border_uncertain"] = event.is_border_uncertain
        return cls(set_version, [event.fence_id for event in events], records.tobytes())

    def by_partition(self, partitions: int) -> dict[int, "FoundEvents"]:
        """Return the events of each partition that has any."""
        if not self.fence_ids:
            return {}
        records: Records = np.frombuffer(self.records, FENCE_EVENT)
        partition = records["vehicle_no"] % partitions
        order = np.argsort(partition, kind="stable")
        records, ids = records[order], [self.fence_ids[row] for row in order.tolist()]
        present, starts = np.unique(partition[order], return_index=True)
        return {
            number: FoundEvents(self.set_version, ids[start:end], records[start:end].tobytes())
            for number, (start, end) in zip(
                present.tolist(), pairwise([*starts.tolist(), len(ids)]), strict=True
            )
        }

    def each(self) -> list[FenceEvent]:
        """Return the events one by one, for those who want few of them."""
        found = []
        for values in zip(*columns_of([self]), strict=True):
            event = dict(zip(COLUMNS, values, strict=True))
            for name in _MOMENTS:
                event[name] = moment_of_ms(event[name])
            found.append(FenceEvent(**event))
        return found


COLUMNS: Final = FenceEvent.__struct_fields__
_MOMENTS: Final = ("measured_at", "since_at", "received_at")


def columns_of(found: Sequence[FoundEvents]) -> list[Sequence[Any]]:
    """Return the events of several ticks as columns in the order of ``COLUMNS``; moments in milliseconds."""
    records: Records = np.frombuffer(b"".join(one.records for one in found), FENCE_EVENT)
    return [
        records["vehicle_no"].tolist(),
        list(chain.from_iterable(one.fence_ids for one in found)),
        records["fence_version"].tolist(),
        np.repeat([one.set_version for one in found], [len(one) for one in found]).tolist(),
        [_NAMES[kind] for kind in records["kind"].tolist()],
        records["seq"].tolist(),
        records["measured_ms"].tolist(),
        records["since_ms"].tolist(),
        records["received_ms"].tolist(),
        (records["lat_e7"] * 1e-7).round(7).tolist(),
        (records["lng_e7"] * 1e-7).round(7).tolist(),
        [None if dm == _UNKNOWN_ACCURACY else dm / 10 for dm in records["accuracy_dm"].tolist()],
        records["is_border_uncertain"].tolist(),
    ]
