"""Obeying: never late, never twice, never an older order after a newer one (docs/wire-protocol.md, 5)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import msgspec

from fleet.links.wire.commands import (
    STOP_KINDS,
    AssignTask,
    CommandBody,
    CommandKind,
    LightsHorn,
    OpenCompartment,
    Preheat,
    PreserveRecording,
    Reroute,
    ReturnToDepot,
    SafeStop,
    SaleCodes,
    SetSpeedCap,
    Speak,
    StopPlan,
    UpdateFences,
    read_command_body,
)
from fleet.links.wire.messages import Command
from fleet.links.wire.reports import CommandAck
from fleet.links.wire.status import CommandOutcome, Light
from simulator.vehicles.amend import amend
from simulator.vehicles.fence_signature import is_signed
from simulator.vehicles.held_sales import forget_sale, hold_sale
from simulator.vehicles.keypad import with_codes
from simulator.vehicles.memory import KNOWN_COMMANDS, HomeMemory
from simulator.vehicles.path import decode_polyline6

if TYPE_CHECKING:
    from simulator.vehicles.vehicle import Vehicle

type AckWord = Literal["accepted", "rejected", "expired", "duplicate", "superseded"]
type Refusal = str | None
"""Why a command is not obeyed; None when it is."""

_OUTCOMES = {
    "accepted": CommandOutcome.ACKNOWLEDGED,
    "rejected": CommandOutcome.REJECTED,
    "expired": CommandOutcome.EXPIRED,
}
_STOP_EPOCH_KINDS = STOP_KINDS | {CommandKind.RELEASE}
LEAST_FOR_A_TASK = 0.06
"""Charge below which a vehicle takes no task but charging."""


def obey(vehicle: "Vehicle", command: Command, now_ms: int) -> None:
    """Take a command, acknowledge it in a report and do it when it is accepted."""
    memory = vehicle.memory
    if command.command_id in memory.known_commands:
        _answer(vehicle, command, now_ms, "duplicate")
        return
    if command.expires_at_ms is not None and now_ms > command.expires_at_ms:
        late_s = (now_ms - command.expires_at_ms) / 1000
        _answer(vehicle, command, now_ms, "expired", f"{late_s:.0f} s too late")
        return
    if command.kind in _STOP_EPOCH_KINDS and command.stop_epoch < memory.stop_epoch:
        _answer(vehicle, command, now_ms, "superseded", f"stop epoch {memory.stop_epoch} is held")
        return
    try:
        body = read_command_body(command.kind, command.body)
    except msgspec.DecodeError as error:
        _answer(vehicle, command, now_ms, "rejected", f"body: {error}")
        return
    held = _what_is_newer(vehicle, body)
    if held is not None:
        _answer(vehicle, command, now_ms, "superseded", held)
        return
    refusal = _refusal(vehicle, command.kind, body)
    if refusal is not None:
        _answer(vehicle, command, now_ms, "rejected", refusal)
        return
    memory.known_commands = [*memory.known_commands[-KNOWN_COMMANDS + 1 :], command.command_id]
    if command.kind in _STOP_EPOCH_KINDS:
        memory.stop_epoch = command.stop_epoch
    _answer(vehicle, command, now_ms, "accepted")
    _DOERS[command.kind](vehicle, command, body)


def _what_is_newer(vehicle: "Vehicle", body: CommandBody) -> str | None:
    """Return what the vehicle holds that a plan or amended plan is older than, or None."""
    memory = vehicle.memory
    if isinstance(body, AssignTask | Reroute) and body.epoch < memory.epoch:
        return f"epoch {memory.epoch} is held"
    if not isinstance(body, Reroute) or isinstance(body.plan_version, msgspec.UnsetType):
        return None
    if memory.task is None or body.plan_version > memory.task.plan_version:
        return None
    return f"plan {memory.task.plan_version} is held"


def _answer(vehicle: "Vehicle", command: Command, now_ms: int, result: AckWord, detail: str = "") -> None:
    if result in _OUTCOMES:
        vehicle.last_command, vehicle.last_outcome = command.command_id, _OUTCOMES[result]
    vehicle.reports.add(CommandAck(command_id=command.command_id, result=result, detail=detail[:200]), now_ms)


def _refusal(vehicle: "Vehicle", kind: CommandKind, body: CommandBody) -> Refusal:
    if isinstance(body, AssignTask):
        return _why_no_task(vehicle, body)
    if isinstance(body, ReturnToDepot):
        if vehicle.work.loaded_bits():
            return "goods on board"
        return _why_no_way(body.polyline6)
    if isinstance(body, OpenCompartment):
        return _why_no_door(vehicle, body)
    if isinstance(body, SaleCodes) and body.verifiers:
        return _why_no_sale(vehicle, body)
    if kind in (CommandKind.PAUSE, CommandKind.RESUME) and vehicle.memory.task is None:
        return "no task"
    if isinstance(body, UpdateFences) and not is_signed(vehicle.given, body):
        return "fence set not signed by the city"
    if isinstance(body, Reroute):
        return _why_no_stops(vehicle, body.stops)
    return None


def _why_no_task(vehicle: "Vehicle", plan: AssignTask) -> Refusal:
    if not plan.stops:
        return "a plan without stops"
    if plan.service != vehicle.given.service:
        return f"this is a {vehicle.given.service} vehicle"
    held = vehicle.memory.task
    if held is not None and vehicle.work.loaded_bits() and plan.task_id != held.plan.task_id:
        return "goods of another task on board"
    if vehicle.battery.ratio < LEAST_FOR_A_TASK and plan.kind != "charging":
        return f"battery at {vehicle.battery.ratio:.0%}"
    return _why_no_stops(vehicle, plan.stops)


def _why_no_stops(vehicle: "Vehicle", stops: tuple[StopPlan, ...]) -> Refusal:
    boxes = {order.compartment for stop in stops for order in stop.orders}
    if any(not 1 <= box <= vehicle.given.compartments for box in boxes):
        return f"compartments are 1 to {vehicle.given.compartments}"
    return next((no for stop in stops if (no := _why_no_way(stop.polyline6))), None)


def _why_no_way(polyline6: str) -> Refusal:
    try:
        decode_polyline6(polyline6)
    except ValueError as error:
        return f"polyline: {error}"
    return None


def _why_no_sale(vehicle: "Vehicle", body: SaleCodes) -> Refusal:
    if not 1 <= body.compartment <= vehicle.given.compartments:
        return f"compartments are 1 to {vehicle.given.compartments}"
    return "moving" if vehicle.speed_mps > 0 else None


def _why_no_door(vehicle: "Vehicle", body: OpenCompartment) -> Refusal:
    if not 1 <= body.compartment <= vehicle.given.compartments:
        return f"compartments are 1 to {vehicle.given.compartments}"
    if vehicle.speed_mps > 0:
        return "moving"
    if vehicle.doors.is_open(body.compartment):
        return "already open"
    task = vehicle.memory.task
    if body.order_id is None or task is None:
        return None
    here = task.stop.orders if task.phase == "at_stop" else ()
    order = next((order for order in here if order.order_id == body.order_id), None)
    if order is None:
        return "not at a stop of this order"
    if order.compartment == body.compartment:
        return None
    if task.stop.kind != "load" or task.cargo.get(order.order_id) == "on_board":
        return f"it is in compartment {order.compartment}"
    riding = (each for stop in task.plan.stops for each in stop.orders)
    others = {each.compartment for each in riding if each.order_id != order.order_id}
    return f"another order rides in compartment {body.compartment}" if body.compartment in others else None


def _assign_task(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, AssignTask)
    vehicle.memory.epoch = body.epoch
    vehicle.memory.is_paused = False
    vehicle.work.begin(body)
    # the plan is taken: how it goes is told by the task's own reports
    vehicle.result(command.command_id)


def _reroute(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, Reroute)
    vehicle.memory.epoch = body.epoch
    codes = () if isinstance(body.codes, msgspec.UnsetType) else body.codes
    refusal = _new_stops(vehicle, body)
    vehicle.work.forget(body.dropped)
    if vehicle.memory.task is not None:
        vehicle.memory.task.plan = with_codes(vehicle.memory.task.plan, codes)
    vehicle.result(command.command_id, detail=refusal or "", failed=refusal is not None)


def _new_stops(vehicle: "Vehicle", body: Reroute) -> Refusal:
    """Drive to the stops of the body if it has any; return why not, or None."""
    if not isinstance(body.plan_version, msgspec.UnsetType):
        task = vehicle.memory.task
        return "no task" if task is None else amend(task, body.stops, body.plan_version)
    keeps_way = not body.stops and bool(body.dropped or body.codes)
    return None if keeps_way else vehicle.work.reroute(body.stops, body.epoch)


def _return_to_depot(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, ReturnToDepot)
    vehicle.work.go_home(
        HomeMemory(
            command_id=command.command_id,
            polyline6=body.polyline6,
            lat=body.lat,
            lng=body.lng,
            limits=tuple((limit.from_m, limit.to_m, limit.speed_mps) for limit in body.limits),
        )
    )


def _safe_stop(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, SafeStop)
    vehicle.memory.held_by = "safe_stop"
    vehicle.stand_by_ms = vehicle.now_ms + int(body.within_s * 1000)
    vehicle.when_standing(command.command_id)


def _emergency_stop(vehicle: "Vehicle", command: Command, _: CommandBody) -> None:
    vehicle.memory.held_by = "emergency_stop"
    vehicle.when_standing(command.command_id)


def _power_down(vehicle: "Vehicle", command: Command, _: CommandBody) -> None:
    vehicle.memory.held_by = "power_down"
    vehicle.when_standing(command.command_id)


def _release(vehicle: "Vehicle", command: Command, _: CommandBody) -> None:
    vehicle.memory.held_by = ""
    vehicle.result(command.command_id)


def _pause(vehicle: "Vehicle", command: Command, _: CommandBody) -> None:
    vehicle.memory.is_paused = True
    vehicle.when_standing(command.command_id)


def _resume(vehicle: "Vehicle", command: Command, _: CommandBody) -> None:
    vehicle.memory.is_paused = False
    vehicle.result(command.command_id)


def _open_compartment(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, OpenCompartment)
    sale_id = "" if isinstance(body.sale_id, msgspec.UnsetType) else body.sale_id
    wanted = 0 if isinstance(body.quantity, msgspec.UnsetType) else body.quantity
    forget_sale(vehicle, sale_id)
    vehicle.open_door(body.compartment, body.order_id, None, vehicle.now_ms, sale_id=sale_id, wanted=wanted)
    vehicle.result(command.command_id)


def _sale_codes(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, SaleCodes)
    hold_sale(vehicle, body)
    vehicle.result(command.command_id)


def _lights_horn(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, LightsHorn)
    vehicle.lights = body.lights | (Light.HORN if body.horn_s > 0 else 0)
    vehicle.lights_until_ms = vehicle.now_ms + int(body.duration_s * 1000)
    vehicle.result(command.command_id)


def _speak(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, Speak)
    vehicle.lights |= Light.SPEAKER
    vehicle.lights_until_ms = vehicle.now_ms + 5_000
    vehicle.result(command.command_id)


def _preheat(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, Preheat)
    vehicle.battery.heat_to_c = body.target_c
    vehicle.result(command.command_id)


def _set_speed_cap(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, SetSpeedCap)
    vehicle.memory.speed_cap_mps = body.speed_mps
    vehicle.result(command.command_id)


def _update_fences(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, UpdateFences)
    vehicle.memory.fence_set_version = body.fence_set_version
    vehicle.memory.fences = vehicle.fence_book.take(body.fences)
    vehicle.work.fences_changed()
    vehicle.result(command.command_id)


def _preserve_recording(vehicle: "Vehicle", command: Command, body: CommandBody) -> None:
    assert isinstance(body, PreserveRecording)
    kept = f"front and rear, {(body.to_ms - body.from_ms) / 1000:.0f} s kept on board"
    vehicle.result(command.command_id, detail=kept)


_DOERS: dict[CommandKind, Callable[["Vehicle", Command, CommandBody], None]] = {
    CommandKind.ASSIGN_TASK: _assign_task,
    CommandKind.PAUSE: _pause,
    CommandKind.RESUME: _resume,
    CommandKind.SAFE_STOP: _safe_stop,
    CommandKind.EMERGENCY_STOP: _emergency_stop,
    CommandKind.RELEASE: _release,
    CommandKind.REROUTE: _reroute,
    CommandKind.RETURN_TO_DEPOT: _return_to_depot,
    CommandKind.OPEN_COMPARTMENT: _open_compartment,
    CommandKind.SPEAK: _speak,
    CommandKind.LIGHTS_HORN: _lights_horn,
    CommandKind.PREHEAT: _preheat,
    CommandKind.SET_SPEED_CAP: _set_speed_cap,
    CommandKind.UPDATE_FENCES: _update_fences,
    CommandKind.PRESERVE_RECORDING: _preserve_recording,
    CommandKind.POWER_DOWN: _power_down,
    CommandKind.SALE_CODES: _sale_codes,
}
