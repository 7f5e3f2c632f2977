"""Desk shifts as people at desks see them."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from fleet.desk_shifts.desk_shift import DeskShift


class HandOver(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the next one has to know."""

    note: Annotated[str, Meta(max_length=2000)]


class DeskAlive(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A sign of life of one's own desk."""

    is_muted: bool


class DeskShiftView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A shift at a desk; ``isOccupied``: a sign of life came in the last minute and a half."""

    shift_id: str
    name: str
    role: str
    began_at: datetime
    is_occupied: bool
    is_muted: bool
    ended_at: datetime | None
    note: str
    open_alarms: int | None
    """That stood or waited when it was handed over."""
    critical_alarms: int | None
    read_by_name: str
    read_at: datetime | None


class DeskBoard(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One's own shift (null: none), everybody in a shift, and the last hand-overs, the newest first."""

    own: DeskShiftView | None
    desks: tuple[DeskShiftView, ...]
    notes: tuple[DeskShiftView, ...]


def desk_shift_view(shift: DeskShift, *, wall: datetime) -> DeskShiftView:
    """Return a shift as screens show it."""
    return DeskShiftView(
        shift_id=shift.shift_id,
        name=shift.name,
        role=shift.role,
        began_at=shift.began_at,
        is_occupied=shift.is_occupied(wall),
        is_muted=shift.is_muted,
        ended_at=shift.ended_at,
        note=shift.note,
        open_alarms=None if shift.left_open is None else shift.left_open.alarms,
        critical_alarms=None if shift.left_open is None else shift.left_open.critical,
        read_by_name=shift.read_by_name,
        read_at=shift.read_at,
    )
