"""Work that a service offers to an idle vehicle: the port of rounds, runs and beats, and the task it
becomes."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from core.database import Transaction
from core.ids import DistrictCode, StopId, TaskId, new_id
from services.dispatch.fleet_member import FleetMember
from services.places.place import Place
from services.routing.route import GeoPoint
from services.tasks.states import StopKind, TaskKind, TaskState
from services.tasks.task import Leg, Stop, Task


class WorkStop(msgspec.Struct, frozen=True, kw_only=True):
    """One place of the work, the way to it from the stop before (the first from where the vehicle stands),
    and the longest wait there in city seconds."""

    place: Place
    leg: Leg
    kind: StopKind = StopKind.VISIT
    wait_s: float = 0.0


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle could begin now; never without stops. ``reference`` is the source's own word for it."""

    kind: TaskKind
    stops: tuple[WorkStop, ...]
    reference: str = ""
    resumes: TaskId | None = None
    """The suspended task of this vehicle that it goes on with: ``stops`` are those of its places."""


class WorkSource(Protocol):
    """Who has work for the vehicles of one service."""

    async def next_work(self, member: FleetMember, *, at: datetime) -> Work | None:
        """Return what an idle vehicle that may drive should begin at ``at``, city time, or None.

        None must be cheap: every standing vehicle is asked every few seconds. Nothing is promised by an
        answer; the vehicle may be claimed for something else before ``claimed``.
        """
        ...

    async def claimed(self, tx: Transaction, task: Task, work: Work) -> None:
        """Note that the task of this work is given, in the transaction that gives it.

        Raises Conflict when the work has been taken by another vehicle meanwhile: then nothing is given.
        """
        ...


class Diverter(Protocol):
    """Who may call vehicles away from work that they have begun, for something more urgent."""

    async def divert(
        self,
        district: DistrictCode,
        members: Sequence[FleetMember],
        shelters: Sequence[Place],
        *,
        at: datetime,
    ) -> Counter[str]:
        """Call away whom it is worth it and return how many; asked before idle vehicles are given work."""
        ...


def rest_of(task: Task, planned: Sequence[WorkStop], *, at: datetime) -> tuple[Stop, ...]:
    """Return the stops of a suspended task that are planned again, with their new legs and times."""
    by_place = {stop.place_id: stop for stop in task.stops}
    eta = at
    rest = []
    for stop in planned:
        eta += timedelta(seconds=stop.leg.duration_s)
        known = by_place[stop.place.place_id]
        rest.append(msgspec.structs.replace(known, leg=stop.leg, wait_s=stop.wait_s, eta_at=eta))
        eta += timedelta(seconds=stop.wait_s)
    return tuple(rest)


def where(member: FleetMember) -> GeoPoint:
    """Return where a vehicle stands; ValueError for one that was never heard."""
    if member.heard is None:
        raise ValueError("a vehicle that was never heard stands nowhere")
    return GeoPoint(member.heard.lat, member.heard.lng)


def task_of(
    member: FleetMember, kind: TaskKind, epoch: int, stops: Sequence[WorkStop], *, at: datetime
) -> Task:
    """Return the stops as a task assigned to the vehicle, each with the time it is expected there."""
    eta = at
    planned = []
    for seq, stop in enumerate(stops, start=1):
        eta += timedelta(seconds=stop.leg.duration_s)
        planned.append(_stop(seq, stop, eta))
        eta += timedelta(seconds=stop.wait_s)
    return Task(
        task_id=TaskId(new_id()),
        epoch=epoch,
        kind=kind,
        service=member.vehicle.service,
        state=TaskState.ASSIGNED,
        district=member.vehicle.district,
        vehicle_no=member.vehicle.vehicle_no,
        stops=tuple(planned),
        created_at=at,
    )


def _stop(seq: int, stop: WorkStop, eta_at: datetime) -> Stop:
    return Stop(
        stop_id=StopId(new_id()),
        seq=seq,
        kind=stop.kind,
        place_id=stop.place.place_id,
        name_zh=stop.place.name_zh,
        name_en=stop.place.name_en,
        lat=stop.place.lat,
        lng=stop.place.lng,
        leg=stop.leg,
        wait_s=stop.wait_s,
        eta_at=eta_at,
    )
