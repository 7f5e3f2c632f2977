"""A vehicle that a schedule wants restocked: waiting for its crew, asked for, done or given up. Pure."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from core.ids import OccurrenceId, VehicleNo, WorkOrderId
from fleet.work_orders.kinds import WorkState

LASTS: Final = timedelta(hours=3)
"""So long a vehicle is kept from calls and rounds for a restock that a schedule wants."""


class VisitState(StrEnum):
    """Where the restocking of one vehicle stands; how all of them ended is told by their occurrence."""

    WAITING = "waiting"
    ASKED = "asked"
    DONE = "done"
    GIVEN_UP = "given_up"


OPEN: Final = frozenset({VisitState.WAITING, VisitState.ASKED})


class RestockVisit(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of one occurrence; ``work_order_id`` is what the crew was asked with."""

    occurrence_id: OccurrenceId
    vehicle_no: VehicleNo
    state: VisitState = VisitState.WAITING
    work_order_id: WorkOrderId | None = None
    made_at: datetime


def became(visit: RestockVisit, work: WorkState | None, *, has_room: bool, at: datetime) -> VisitState:
    """Return what has become of an open visit: ``work`` is how its work order stands, ``has_room`` whether
    anything is missing in the vehicle."""
    if work is WorkState.DONE or (visit.state is VisitState.WAITING and not has_room):
        return VisitState.DONE
    if work is WorkState.CANNOT or at >= visit.made_at + LASTS:
        return VisitState.GIVEN_UP
    return visit.state
