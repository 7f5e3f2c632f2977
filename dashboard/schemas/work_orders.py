"""Work orders as operators open and see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.auth.colleagues import StaffPerson
from core.ids import VehicleNo
from dashboard.cursors import write_cursor
from fleet.alarms.kinds import Severity
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.open_work_order import NewWork
from fleet.work_orders.work_order import WorkOrder

Words = Annotated[str, Meta(min_length=1, max_length=1000)]


class OpenWork(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What the crew is asked to do; safety work takes the vehicle out of work until it is closed."""

    vehicle_no: Annotated[int, Meta(ge=1, le=4_294_967_295)]
    kind: WorkKind
    cause: Words
    severity: Severity = Severity.WARNING
    is_safety: bool = False
    lat: Annotated[float, Meta(ge=-90, le=90)] | None = None
    lng: Annotated[float, Meta(ge=-180, le=180)] | None = None


class AssignWork(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who of the crew is to do it; `version` refuses when somebody changed the work order meanwhile."""

    assignee: Annotated[str, Meta(min_length=1, max_length=40)]
    version: Annotated[int, Meta(ge=1, le=2_147_483_647)] | None = None


class CallOffWork(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why nobody is to do it any more."""

    reason: Words


class WorkStepView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that was done."""

    event: str
    by_name: str
    role: str
    at: datetime
    note: str


class PartView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was used up."""

    name: str
    quantity: int


class WorkOrderView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One work order; `photos` are references of media that are kept elsewhere."""

    work_order_id: str
    vehicle_no: int
    code: str | None
    kind: str
    severity: str
    is_safety: bool
    state: str
    district: str
    operator: str
    cause: str
    lat: float | None
    lng: float | None
    opened_at: datetime
    opened_by_name: str
    due_at: datetime | None
    assignee: str | None
    assignee_name: str | None
    assigned_at: datetime | None
    started_at: datetime | None
    arrived_at: datetime | None
    ended_at: datetime | None
    parts: tuple[PartView, ...]
    photos: tuple[str, ...]
    follows: str | None
    steps: tuple[WorkStepView, ...]
    version: int


class WorkOrderPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of work orders, the newest first; `next_cursor` is null on the last one."""

    items: tuple[WorkOrderView, ...]
    next_cursor: str | None = None


class CrewPersonView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One of the crew who may be given a work order."""

    staff_id: str
    name: str


class CrewPeople(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everybody of the crew who may be given a work order, by name."""

    items: tuple[CrewPersonView, ...]


def new_work(data: OpenWork) -> NewWork:
    """Return the wish in the domain's words."""
    return NewWork(
        vehicle_no=VehicleNo(data.vehicle_no),
        kind=data.kind,
        cause=data.cause,
        severity=data.severity,
        is_safety=data.is_safety,
        lat=data.lat,
        lng=data.lng,
    )


def work_order_view(order: WorkOrder, code: str | None) -> WorkOrderView:
    """Return a work order as screens show it, with the code that its vehicle carries now."""
    told = {"code", "kind", "severity", "state", "parts", "steps"}
    same = [name for name in WorkOrderView.__struct_fields__ if name not in told]
    return WorkOrderView(
        **{name: getattr(order, name) for name in same},
        code=code,
        kind=order.kind.value,
        severity=order.severity.value,
        state=order.state.value,
        parts=tuple(PartView(name=part.name, quantity=part.quantity) for part in order.parts),
        steps=tuple(
            WorkStepView(event=step.event, by_name=step.by_name, role=step.role, at=step.at, note=step.note)
            for step in order.steps
        ),
    )


def work_order_page(
    orders: Sequence[WorkOrder], codes: Mapping[VehicleNo, str | None], limit: int
) -> WorkOrderPage:
    """Return a page of at most `limit` of the orders, which are one more when there is a next page."""
    shown = orders[:limit]
    more = len(orders) > limit
    cursor = write_cursor((shown[-1].opened_at, shown[-1].work_order_id)) if more else None
    return WorkOrderPage(
        items=tuple(work_order_view(one, codes.get(one.vehicle_no)) for one in shown), next_cursor=cursor
    )


def crew_people(people: Sequence[StaffPerson]) -> CrewPeople:
    """Return the crew as screens show it."""
    return CrewPeople(
        items=tuple(CrewPersonView(staff_id=person.staff_id, name=person.name) for person in people)
    )
