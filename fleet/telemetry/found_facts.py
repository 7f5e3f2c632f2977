"""What a tick found, on its way to SQL or kept with a blob until it is there."""

from collections.abc import Mapping

import msgspec

from fleet.alarms.alarm import AlarmSignal
from fleet.telemetry.found_events import FoundEvents
from fleet.telemetry.tick import Comeback, Tick


class Facts(msgspec.Struct, kw_only=True):
    """What one tick found in one partition, or what was kept with its blob."""

    partition: int
    epoch: int
    events: FoundEvents = FoundEvents()
    raised: list[AlarmSignal] = []
    comebacks: list[Comeback] = []

    def __len__(self) -> int:
        return len(self.events) + len(self.raised) + len(self.comebacks)


def facts_of(tick: Tick, partitions: int, epochs: Mapping[int, int]) -> list[Facts]:
    """Return what a tick found by partition; ``epochs`` are those of the partitions that are owned."""
    found: dict[int, Facts] = {}

    def of(partition: int) -> Facts:
        epoch = epochs.get(partition, 0)
        return found.setdefault(partition, Facts(partition=partition, epoch=epoch, raised=[], comebacks=[]))

    for partition, events in tick.events.by_partition(partitions).items():
        of(partition).events = events
    for signal in tick.signals:
        of(signal.vehicle_no % partitions).raised.append(signal)
    for comeback in tick.comebacks:
        of(comeback.vehicle_no % partitions).comebacks.append(comeback)
    return list(found.values())
