"""Jobs as the field crew sees them on a phone, and what the crew says about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from core.ids import VehicleNo
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.vehicle import Vehicle
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.move_work_order import Proof
from fleet.work_orders.work_order import Part, Ranked
from services.orders.recover_order import Outcome

Words = Annotated[str, Meta(min_length=1, max_length=1000)]
Reference = Annotated[str, Meta(min_length=1, max_length=300)]
Photos = Annotated[tuple[Reference, ...], Meta(max_length=20)]


class UsedPart(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What was used up."""

    name: Annotated[str, Meta(min_length=1, max_length=80)]
    quantity: Annotated[int, Meta(ge=1, le=1000)] = 1


class JobDone(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Proof that it is done: words, references of photos, or both. `goods` says what became of the goods in
    a vehicle that could not go on; null leaves that to an operator."""

    note: Annotated[str, Meta(max_length=1000)] = ""
    photos: Photos = ()
    parts: Annotated[tuple[UsedPart, ...], Meta(max_length=50)] = ()
    goods: Outcome | None = None


class JobReason(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why it is handed back."""

    reason: Words


class JobImpossible(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why it cannot be done, and what other work it needs instead."""

    reason: Words
    instead: WorkKind | None = None


class JobStep(Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that was done about a job."""

    event: str
    by_name: str
    at: datetime
    note: str


class JobVehicle(Struct, frozen=True, kw_only=True, rename="camel"):
    """The vehicle of a job as it is now; null where it was not heard."""

    vehicle_no: int
    code: str | None
    service: str
    hardware_model: str
    lat: float | None
    lng: float | None
    is_heard_place: bool
    """False: the place is where it was when the job was opened."""
    heard_at: datetime | None
    battery_ratio: float | None
    control_mode: str | None
    is_held_by_stop: bool
    is_scene_held: bool


class Call(Struct, frozen=True, kw_only=True, rename="camel"):
    """Somebody who waits for goods in the vehicle; of the phone number the middle is hidden."""

    order_id: str
    state: str
    phone: str
    compartment: int | None


class CrewJob(Struct, frozen=True, kw_only=True, rename="camel"):
    """One job. `isMine` says that the steps are the reader's to take."""

    work_order_id: str
    kind: str
    severity: str
    is_safety: bool
    state: str
    cause: str
    is_mine: bool
    distance_m: float | None
    opened_at: datetime
    due_at: datetime | None
    started_at: datetime | None
    arrived_at: datetime | None
    photos: tuple[str, ...]
    steps: tuple[JobStep, ...]
    vehicle: JobVehicle
    calls: tuple[Call, ...]
    version: int


def proof_of(data: JobDone) -> Proof:
    """Return the proof in the domain's words."""
    parts = tuple(Part(name=part.name, quantity=part.quantity) for part in data.parts)
    return Proof(note=data.note, photos=data.photos, parts=parts)


def crew_job(
    job: Ranked, me: str, vehicle: Vehicle, heard: LastHeard | None, calls: Sequence[Call]
) -> CrewJob:
    """Return a job with its vehicle as the crew sees it."""
    order = job.order
    same = (
        "work_order_id",
        "is_safety",
        "cause",
        "opened_at",
        "due_at",
        "started_at",
        "arrived_at",
        "photos",
    )
    return CrewJob(
        **{name: getattr(order, name) for name in same},
        kind=order.kind.value,
        severity=order.severity.value,
        state=order.state.value,
        is_mine=order.assignee == me,
        distance_m=None if job.distance_m is None else round(job.distance_m),
        steps=tuple(
            JobStep(event=step.event, by_name=step.by_name, at=step.at, note=step.note)
            for step in order.steps
        ),
        vehicle=JobVehicle(
            vehicle_no=vehicle.vehicle_no,
            code=vehicle.code,
            service=vehicle.service.value,
            hardware_model=vehicle.hardware_model or "",
            lat=order.lat if heard is None else heard.lat,
            lng=order.lng if heard is None else heard.lng,
            is_heard_place=heard is not None,
            heard_at=None if heard is None else heard.measured_at,
            battery_ratio=None if heard is None else heard.battery_ratio,
            control_mode=None if heard is None or heard.control_mode is None else heard.control_mode.value,
            is_held_by_stop=vehicle.is_held_by_stop,
            is_scene_held=vehicle.is_scene_held,
        ),
        calls=tuple(calls),
        version=order.version,
    )


def places_of(heard: Mapping[VehicleNo, LastHeard]) -> dict[VehicleNo, tuple[float, float]]:
    """Return where vehicles stand."""
    return {number: (last.lat, last.lng) for number, last in heard.items()}
