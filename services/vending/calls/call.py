"""A resident's call for a vending vehicle, and the pure function that moves it."""

from datetime import datetime

import msgspec

from core.ids import CallId, DistrictCode, OperatorId, ResidentId, TaskId, VehicleNo
from core.transitions import advance as next_state
from services.vending.calls.choose_stop import StopOption
from services.vending.calls.decision import CallDecision
from services.vending.calls.states import CALLED_FOR, TERMINAL, TRANSITIONS, CallEvent, CallState


class Coming(msgspec.Struct, frozen=True, kw_only=True):
    """The vehicle that has a call, by its task, and when it is expected at the stop."""

    task_id: TaskId
    vehicle_no: VehicleNo
    eta_at: datetime | None = None


class VendingCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call. ``place_id`` is the stop that was chosen, ``options`` why (``choose_stop``).

    Where the resident stood is not kept: the stop and how far she walks to it are enough.
    """

    call_id: CallId
    version: int = 1
    state: CallState = CallState.CREATED
    district: DistrictCode
    operator: OperatorId
    resident_id: ResidentId
    place_id: str
    name_zh: str
    name_en: str
    lat: float
    lng: float
    walk_m: float
    options: tuple[StopOption, ...] = ()
    placed_at: datetime
    expires_at: datetime
    task_id: TaskId | None = None
    vehicle_no: VehicleNo | None = None
    eta_at: datetime | None = None
    arrived_at: datetime | None = None
    leaves_at: datetime | None = None
    closed_at: datetime | None = None
    reason: str = ""
    decision: CallDecision | None = None
    """Who comes and why, as it was decided last; None until somebody looked."""

    @property
    def is_open(self) -> bool:
        """True until a final state."""
        return self.state not in TERMINAL


def advance(
    call: VendingCall,
    event: CallEvent,
    *,
    at: datetime,
    coming: Coming | None = None,
    leaves_at: datetime | None = None,
    reason: str = "",
) -> VendingCall:
    """Return the call after ``event`` at ``at``; version + 1. Pure.

    ``coming`` names the vehicle that was assigned, ``leaves_at`` until when one that arrived stays. Raises
    IllegalTransition when the pair is not in the table.
    """
    target = next_state(TRANSITIONS, call.state, event)
    moved = msgspec.structs.replace(
        call,
        state=target,
        version=call.version + 1,
        closed_at=at if target in TERMINAL else None,
        reason=reason,
    )
    if coming is not None:
        fields = {"task_id": coming.task_id, "vehicle_no": coming.vehicle_no, "eta_at": coming.eta_at}
        moved = msgspec.structs.replace(moved, **fields)
    if target is CallState.ARRIVED:
        return msgspec.structs.replace(moved, arrived_at=at, eta_at=at, leaves_at=leaves_at)
    if target in CALLED_FOR or target in TERMINAL:
        return moved
    return msgspec.structs.replace(moved, task_id=None, vehicle_no=None, eta_at=None)
