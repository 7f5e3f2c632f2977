"""A shift at a desk as a fact, and what may still not be left behind. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.errors import Conflict
from core.ids import AlarmId, DistrictCode, OperatorId, StaffId
from fleet.alarms.kinds import Severity

SEEN_FOR: Final = timedelta(seconds=90)
"""Wall time after its last sign of life in which a desk counts as occupied: it says one each 30 s."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """What stood open when a shift was closed."""

    alarms: int
    critical: int


class DeskShift(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at a desk, from the beginning to the hand-over. ``…_wall`` is wall time: a sign of life."""

    shift_id: str
    version: int = 1
    staff_id: StaffId
    name: str
    role: str
    operator: OperatorId | None
    """None for the city's own people."""
    districts: tuple[DistrictCode, ...] | None
    """None for all of them."""
    began_at: datetime
    seen_wall: datetime
    is_muted: bool = False
    """The desk makes no sound for alarms."""
    ended_at: datetime | None = None
    note: str = ""
    """What the next one has to know."""
    left_open: Open | None = None
    read_by: StaffId | None = None
    read_by_name: str = ""
    read_at: datetime | None = None

    def is_occupied(self, wall: datetime) -> bool:
        """Return whether somebody sits there now."""
        return self.ended_at is None and wall - self.seen_wall <= SEEN_FOR


def closed(
    shift: DeskShift, note: str, open_now: Mapping[Severity, int], nobodys: Sequence[AlarmId], *, at: datetime
) -> DeskShift:
    """Return the shift after its hand-over, with the alarms that were open by severity.

    Raises Conflict ``critical-alarm-without-owner`` while one is nobody's, ``conflict`` for a closed shift.
    """
    if shift.ended_at is not None:
        raise Conflict("conflict", "this shift is closed", shift_id=shift.shift_id)
    if nobodys:
        raise Conflict("critical-alarm-without-owner", alarms=list(nobodys))
    left = Open(alarms=sum(open_now.values()), critical=open_now.get(Severity.CRITICAL, 0))
    return msgspec.structs.replace(shift, version=shift.version + 1, ended_at=at, note=note, left_open=left)
