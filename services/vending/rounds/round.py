"""A scheduled round that waits for a vehicle or is driven by one."""

from datetime import datetime
from enum import StrEnum

import msgspec

from core.ids import DistrictCode, OccurrenceId, OperatorId, TaskId, VehicleNo


class RoundState(StrEnum):
    """Where a scheduled round stands; how it ended is told by its occurrence."""

    WAITING = "waiting"
    DRIVEN = "driven"
    OVER = "over"


class ScheduledRound(msgspec.Struct, frozen=True, kw_only=True):
    """One occurrence of a vending round; ``wanted_vehicle`` narrows it to one vehicle."""

    occurrence_id: OccurrenceId
    district: DistrictCode
    operator: OperatorId
    state: RoundState = RoundState.WAITING
    wanted_vehicle: VehicleNo | None = None
    task_id: TaskId | None = None
    made_at: datetime
