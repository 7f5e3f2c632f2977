"""A task as the vehicle gets it: the body of the ``assign_task`` command."""

from collections.abc import Mapping

import msgspec

from core.ids import OrderId
from fleet.links.wire.commands import AssignTask, Reroute, SpeedLimit, StopOrder, StopPlan, SweepSpan
from fleet.links.wire.commands import Verifier as WireVerifier
from services.delivery.pickup_code import Verifier
from services.tasks.states import StopKind, StopState
from services.tasks.task import Leg, LegLimit, LegSpan, Stop, Task


def wire_limits(leg: Leg) -> tuple[SpeedLimit, ...]:
    """Return the speed limits of a leg as they stand on the wire."""
    return tuple(
        SpeedLimit(from_m=limit.from_m, to_m=limit.to_m, speed_mps=limit.speed_mps) for limit in leg.limits
    )


def assign_task_body(
    task: Task,
    compartments: Mapping[OrderId, int],
    verifiers: Mapping[OrderId, tuple[Verifier, ...]],
) -> AssignTask:
    """Return the command body of a task. Verifiers go with the hand-over alone: that is where codes are
    typed."""
    return AssignTask(
        task_id=task.task_id,
        epoch=task.epoch,
        kind=task.kind.value,
        service=task.service.value,
        stops=tuple(_stop(stop, compartments, verifiers) for stop in task.stops),
    )


def remaining_stops(task: Task) -> tuple[Stop, ...]:
    """Return the stops that the vehicle has not reached yet, in order."""
    return tuple(stop for stop in task.stops if stop.state is StopState.PLANNED)


def reroute_body(
    task: Task,
    stops: tuple[Stop, ...],
    legs: tuple[Leg, ...],
    compartments: Mapping[OrderId, int],
    verifiers: Mapping[OrderId, tuple[Verifier, ...]],
) -> Reroute:
    """Return the same remaining stops along new legs; the vehicle forgets the ones it had."""
    renewed = (msgspec.structs.replace(stop, leg=leg) for stop, leg in zip(stops, legs, strict=True))
    return Reroute(
        task_id=task.task_id,
        epoch=task.epoch,
        stops=tuple(_stop(stop, compartments, verifiers) for stop in renewed),
    )


def amend_body(
    task: Task,
    stops: tuple[Stop, ...],
    compartments: Mapping[OrderId, int],
    verifiers: Mapping[OrderId, tuple[Verifier, ...]],
) -> Reroute:
    """Return the stops to come of an amended task, the present one first; its version is the plan's."""
    return Reroute(
        task_id=task.task_id,
        epoch=task.epoch,
        stops=tuple(_stop(stop, compartments, verifiers) for stop in stops),
        plan_version=task.version,
    )


def leg_of(stop: StopPlan) -> Leg:
    """Return the leg to a stop as a vehicle was given it."""
    sweeps = () if isinstance(stop.sweeps, msgspec.UnsetType) else stop.sweeps
    return Leg(
        polyline6=stop.polyline6,
        length_m=stop.length_m,
        duration_s=stop.expected_s,
        limits=tuple(
            LegLimit(from_m=limit.from_m, to_m=limit.to_m, speed_mps=limit.speed_mps) for limit in stop.limits
        ),
        sweeps=tuple(LegSpan(from_m=span.from_m, to_m=span.to_m) for span in sweeps),
    )


def _stop(
    stop: Stop, compartments: Mapping[OrderId, int], verifiers: Mapping[OrderId, tuple[Verifier, ...]]
) -> StopPlan:
    return StopPlan(
        stop_id=stop.stop_id,
        seq=stop.seq,
        kind=stop.kind.value,
        lat=stop.lat,
        lng=stop.lng,
        polyline6=stop.leg.polyline6,
        length_m=stop.leg.length_m,
        expected_s=stop.leg.duration_s,
        limits=wire_limits(stop.leg),
        wait_s=stop.wait_s,
        sweeps=_sweeps(stop.leg) if stop.kind is StopKind.SWEEP else msgspec.UNSET,
        orders=tuple(
            StopOrder(
                order_id=order,
                compartment=compartments[order],
                verifiers=wire_verifiers(verifiers.get(order, ())) if stop.kind is StopKind.HANDOVER else (),
            )
            for order in stop.orders
        ),
    )


def _sweeps(leg: Leg) -> tuple[SweepSpan, ...]:
    return tuple(SweepSpan(from_m=span.from_m, to_m=span.to_m) for span in leg.sweeps)


def wire_verifiers(verifiers: tuple[Verifier, ...]) -> tuple[WireVerifier, ...]:
    """Return verifiers as a vehicle is given them."""
    return tuple(
        WireVerifier(
            generation=v.generation,
            digest=v.digest,
            expires_at=msgspec.UNSET if v.expires_at is None else v.expires_at,
        )
        for v in verifiers
    )
