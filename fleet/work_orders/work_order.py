"""A work order as a fact, the steps about it, and the order in which a crew takes them. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo, WorkOrderId
from core.transitions import advance as next_state
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import SEVERITY_RANK, AlarmKind, Severity
from fleet.work_orders.kinds import (
    BATTERY_EMPTY,
    OF_ALARM,
    WORK_TERMINAL,
    WORK_TRANSITIONS,
    Opening,
    WorkEvent,
    WorkKind,
    WorkState,
)
from geofences.geo import distance_m

SYSTEM = "system"
type Place = tuple[float, float]
"""Latitude and longitude in degrees."""


class WorkStep(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done about a work order: who, when, and what was said."""

    event: str
    """A word of WorkEvent, or work_opened, cause_joined, work_noted."""
    by: StaffId | str
    by_name: str
    role: str
    at: datetime
    note: str = ""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What was used up."""

    name: str
    quantity: int = 1


class WorkOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One job of people at one vehicle."""

    work_order_id: WorkOrderId
    vehicle_no: VehicleNo
    kind: WorkKind
    severity: Severity
    is_safety: bool
    state: WorkState = WorkState.OPEN
    district: DistrictCode
    operator: OperatorId
    cause: str
    """Why: the kind of alarm that opened it, or a person's words."""
    lat: float | None = None
    lng: float | None = None
    """Where the vehicle was when it was opened."""
    opened_at: datetime
    opened_by: StaffId | str = SYSTEM
    opened_by_name: str = ""
    due_at: datetime | None = None
    """When it should be done; None when as soon as its severity asks."""
    assignee: StaffId | None = None
    assignee_name: str | None = None
    assigned_at: datetime | None = None
    started_at: datetime | None = None
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    parts: tuple[Part, ...] = ()
    photos: tuple[str, ...] = ()
    """References of media that are kept elsewhere."""
    follows: WorkOrderId | None = None
    """The order that could not be done and that this one takes up again."""
    dedup_key: str | None = None
    """What one automatic job of a vehicle is known by; None for what people opened."""
    steps: tuple[WorkStep, ...] = ()
    changed_at: datetime
    version: int = 1

    @property
    def is_over(self) -> bool:
        """Whether nothing moves it any more."""
        return self.state in WORK_TERMINAL

    @property
    def holds_vehicle(self) -> bool:
        """Whether its vehicle takes no work because of it."""
        return self.is_safety and not self.is_over


def advance(order: WorkOrder, event: WorkEvent, step: WorkStep, **changes: object) -> WorkOrder:
    """Return the work order after a step; raises IllegalTransition for one the table has not."""
    state = next_state(WORK_TRANSITIONS, order.state, event)
    moments: dict[str, object] = {}
    if state in WORK_TERMINAL:
        moments = {"ended_at": step.at}
    elif state is WorkState.OPEN:
        moments = dict.fromkeys(("assignee", "assignee_name", "assigned_at", "started_at"))
    elif state is WorkState.ASSIGNED:
        moments = {"assigned_at": step.at, "started_at": None}
    elif state is WorkState.EN_ROUTE:
        moments = {"started_at": step.at}
    elif state is WorkState.ON_SITE:
        moments = {"arrived_at": step.at}
    return noted(order, step, **{**moments, **changes, "state": state})


def noted(order: WorkOrder, step: WorkStep, **changes: object) -> WorkOrder:
    """Return the work order with one more step in its history and what that step changed."""
    return msgspec.structs.replace(
        order, steps=(*order.steps, step), changed_at=step.at, version=order.version + 1, **changes
    )


def join_cause(order: WorkOrder, opening: Opening, alarm: Alarm, step: WorkStep) -> WorkOrder:
    """Return the work order with one more alarm that the same visit answers; it only grows graver."""
    graver = max(order.severity, alarm.severity, key=SEVERITY_RANK.__getitem__)
    return noted(order, step, severity=graver, is_safety=order.is_safety or opening.is_safety)


def opening_of(alarm: Alarm) -> Opening | None:
    """Return the work that an alarm opens, None for one that calls nobody to the vehicle.

    A fault that the vehicle can go on with waits for the next inspection.
    """
    opening = OF_ALARM.get(alarm.kind)
    if opening is None or alarm.kind is not AlarmKind.VEHICLE_FAULT:
        return opening
    if alarm.details.get("fatal") is not True:
        return None
    if alarm.details.get("fault_code") == BATTERY_EMPTY:
        return msgspec.structs.replace(opening, kind=WorkKind.RESCUE)
    return opening


def is_open_about(alarm: Alarm) -> bool:
    """Return whether an alarm still asks for its work: its cause stands, or a person must look anyway."""
    opening = opening_of(alarm)
    return opening is not None and not (alarm.is_cleared and opening.ends_with_cause)


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A job with how far away it is; None when nobody knows."""

    order: WorkOrder
    distance_m: float | None


def rank_jobs(
    orders: Iterable[WorkOrder], places: Mapping[VehicleNo, Place], here: Place | None
) -> list[Ranked]:
    """Return jobs as a crew should take them: what is under way, then severity, then distance, then age.

    ``places`` is where vehicles stand now; a vehicle that is not heard is where it was at the opening.
    """
    ranked = [Ranked(order=order, distance_m=_distance_m(order, places, here)) for order in orders]
    return sorted(ranked, key=_rank)


def _distance_m(order: WorkOrder, places: Mapping[VehicleNo, Place], here: Place | None) -> float | None:
    there = places.get(order.vehicle_no)
    if there is None and order.lat is not None and order.lng is not None:
        there = order.lat, order.lng
    return None if here is None or there is None else distance_m(*here, *there)


_UNDER_WAY: Sequence[WorkState] = (WorkState.ON_SITE, WorkState.EN_ROUTE)


def _rank(job: Ranked) -> tuple[int, int, float, datetime, str]:
    order = job.order
    turn = _UNDER_WAY.index(order.state) if order.state in _UNDER_WAY else len(_UNDER_WAY)
    away = job.distance_m if job.distance_m is not None else float("inf")
    return (turn, -SEVERITY_RANK[order.severity], away, order.opened_at, order.work_order_id)
