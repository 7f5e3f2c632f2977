"""Vehicles as lists and as a drawer."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from dashboard.cursors import write_cursor
from dashboard.vehicle_sheets import SheetPage, VehicleSheet
from fleet.alarms.kinds import SEVERITY_RANK
from fleet.commands.kinds import KIND_RULES, PLATFORM_ONLY
from fleet.commands.possible import Situation, hindrances
from fleet.links.wire.commands import CommandKind
from fleet.names import name_of
from fleet.vehicles.dispatchable import Reason
from fleet.vehicles.judge_vehicles import CityNow
from fleet.vehicles.kinds import Condition, Connection, SilenceReason
from fleet.vehicles.mds import MdsFacts, TripPhase, derive_mds_state
from fleet.vehicles.papers import Insurance, Permit, is_current
from services.delivery.compartments import Compartment
from services.tasks.states import StopState, TaskKind
from services.tasks.task import Stop, Task


class _View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape of every answer."""


class TaskBrief(_View, frozen=True):
    """The task that holds a vehicle, in a line."""

    task_id: str
    kind: str
    state: str
    next_stop_zh: str | None
    next_stop_en: str | None
    eta_at: datetime | None


class VehicleBrief(_View, frozen=True):
    """A row of the list. Fields of what was never heard are null."""

    vehicle_no: int
    code: str
    service: str
    district: str
    operator: str
    lifecycle: str
    duty: str
    condition: str
    connection: str
    silence: str
    """Why nothing is heard of it; `none` while it is heard."""
    control_mode: str | None
    battery_ratio: float | None
    is_held_by_stop: bool
    is_demo: bool
    is_dispatchable: bool
    worst_alarm: str | None
    """Severity of the gravest alarm whose cause stands."""
    job: TaskBrief | None


class VehiclePage(_View, frozen=True):
    """A page of the list; `next_cursor` is null on the last one."""

    items: tuple[VehicleBrief, ...]
    next_cursor: str | None = None


class StopView(_View, frozen=True):
    """One stop of a task with its times."""

    stop_id: str
    seq: int
    kind: str
    state: str
    name_zh: str
    name_en: str
    lat: float
    lng: float
    polyline6: str
    length_m: float
    orders: tuple[str, ...]
    eta_at: datetime | None
    reached_at: datetime | None
    left_at: datetime | None


class TaskView(_View, frozen=True):
    """The task that holds a vehicle."""

    task_id: str
    kind: str
    state: str
    orders: tuple[str, ...]
    stops: tuple[StopView, ...]
    started_at: datetime | None


class PermitView(_View, frozen=True):
    """A permit for the drawer."""

    number: str
    stage: str
    valid_from: datetime
    valid_until: datetime
    is_valid: bool
    speed_limit_mps: float
    areas: tuple[str, ...]


class InsuranceView(_View, frozen=True):
    """A policy for the drawer."""

    number: str
    insurer: str
    liability_fen: int
    valid_until: datetime
    is_valid: bool


class CompartmentView(_View, frozen=True):
    """One compartment; `is_open` is null where nothing says so."""

    compartment: int
    label: str
    is_open: bool | None
    order_id: str | None


class ReasonView(_View, frozen=True):
    """Why a vehicle may not take work, with names for people."""

    code: str
    name_zh: str
    name_en: str
    value: str | None
    needed: str | None


class VehicleDetail(VehicleBrief, frozen=True):
    """Everything the drawer shows; `command_hindrances` has a row for each kind a person may give."""

    lat: float | None
    lng: float | None
    speed_mps: float | None
    heading_deg: float | None
    measured_at: datetime | None
    range_m: float | None
    battery_c: float | None
    mds_state: str
    maker: str
    maker_serial: str
    hardware_model: str
    software_version: str | None
    code_status: str | None
    fence_set_version: int | None
    fence_set_current: int
    is_link_loss_policy_held: bool
    permit: PermitView | None
    insurance: InsuranceView | None
    remote_operator: str | None
    compartments: tuple[CompartmentView, ...]
    task: TaskView | None
    not_dispatchable: tuple[str, ...]
    reasons: tuple[ReasonView, ...]
    command_hindrances: Mapping[str, tuple[str, ...]]
    registered_at: datetime
    inspected_at: datetime | None
    inspection_due_at: datetime | None
    """Null while no rule asks for an inspection."""
    version: int


def vehicle_page(page: SheetPage) -> VehiclePage:
    """Return a page of the list."""
    cursor = None if page.last is None else write_cursor((page.last,))
    return VehiclePage(items=tuple(vehicle_brief(sheet) for sheet in page.sheets), next_cursor=cursor)


def vehicle_brief(sheet: VehicleSheet) -> VehicleBrief:
    """Return a row of the list."""
    return VehicleBrief(**_brief_fields(sheet))


def vehicle_detail(sheet: VehicleSheet, *, plans: frozenset[CommandKind], now: CityNow) -> VehicleDetail:
    """Return the drawer of one vehicle."""
    judged, vehicle, heard = sheet.judged, sheet.judged.vehicle, sheet.judged.heard
    return VehicleDetail(
        **_brief_fields(sheet),
        lat=None if heard is None else heard.lat,
        lng=None if heard is None else heard.lng,
        speed_mps=None if heard is None else heard.speed_mps,
        heading_deg=None if heard is None else heard.heading_deg,
        measured_at=None if heard is None else heard.measured_at,
        range_m=None if heard is None else heard.range_m,
        battery_c=None if heard is None else heard.battery_c,
        mds_state=derive_mds_state(_mds_facts(sheet)).value,
        maker=vehicle.maker,
        maker_serial=vehicle.maker_serial,
        hardware_model=vehicle.hardware_model,
        software_version=vehicle.software_version,
        code_status=None if judged.code is None else judged.code.status.value,
        fence_set_version=None if heard is None else heard.fence_set_version,
        fence_set_current=now.fence_set_current,
        is_link_loss_policy_held=0 < vehicle.link_loss_held == vehicle.link_loss_wanted,
        permit=_permit(judged.permits, now.at),
        insurance=_insurance(judged.insurances, now.at),
        remote_operator=None if judged.watcher is None else judged.watcher.name,
        compartments=tuple(_compartment(box, sheet) for box in sheet.layout),
        task=None if sheet.task is None else task_view(sheet.task),
        not_dispatchable=tuple(reason.code.value for reason in judged.reasons),
        reasons=tuple(_reason(reason) for reason in judged.reasons),
        command_hindrances=_hindrances(sheet, plans),
        registered_at=vehicle.registered_at,
        inspected_at=sheet.judged.inspection.inspected_at,
        inspection_due_at=sheet.judged.inspection.due_at,
        version=vehicle.version,
    )


def task_view(task: Task) -> TaskView:
    """Return a task with its stops."""
    return TaskView(
        task_id=task.task_id,
        kind=task.kind.value,
        state=task.state.value,
        orders=task.orders(),
        stops=tuple(_stop(stop) for stop in task.stops),
        started_at=task.started_at,
    )


def _brief_fields(sheet: VehicleSheet) -> dict[str, Any]:
    vehicle, heard = sheet.judged.vehicle, sheet.judged.heard
    worst = max((alarm.severity for alarm in sheet.alarms), key=SEVERITY_RANK.__getitem__, default=None)
    return {
        "vehicle_no": vehicle.vehicle_no,
        "code": vehicle.code or "",
        "service": vehicle.service.value,
        "district": vehicle.district,
        "operator": vehicle.operator,
        "lifecycle": vehicle.lifecycle.value,
        "duty": vehicle.duty.value,
        "condition": (Condition.OFFLINE if heard is None else heard.condition).value,
        "connection": (Connection.OFFLINE if heard is None else heard.connection).value,
        "silence": (SilenceReason.NEVER_HEARD if heard is None else heard.silence).value,
        "control_mode": None if heard is None else heard.control_mode.value,
        "battery_ratio": None if heard is None else heard.battery_ratio,
        "is_held_by_stop": vehicle.is_held_by_stop,
        "is_demo": vehicle.is_demo,
        "is_dispatchable": not sheet.judged.reasons,
        "worst_alarm": None if worst is None else worst.value,
        "job": _task_brief(sheet.task),
    }


def _task_brief(task: Task | None) -> TaskBrief | None:
    if task is None:
        return None
    ahead = task.next_stop()
    return TaskBrief(
        task_id=task.task_id,
        kind=task.kind.value,
        state=task.state.value,
        next_stop_zh=None if ahead is None else ahead.name_zh,
        next_stop_en=None if ahead is None else ahead.name_en,
        eta_at=None if ahead is None else ahead.eta_at,
    )


def _stop(stop: Stop) -> StopView:
    return StopView(
        stop_id=stop.stop_id,
        seq=stop.seq,
        kind=stop.kind.value,
        state=stop.state.value,
        name_zh=stop.name_zh,
        name_en=stop.name_en,
        lat=stop.lat,
        lng=stop.lng,
        polyline6=stop.leg.polyline6,
        length_m=stop.leg.length_m,
        orders=stop.orders,
        eta_at=stop.eta_at,
        reached_at=stop.reached_at,
        left_at=stop.left_at,
    )


def _permit(permits: Sequence[Permit], at: datetime) -> PermitView | None:
    """Return the permit that ends last, valid or not."""
    if not permits:
        return None
    permit = permits[0]
    return PermitView(
        number=permit.permit_no,
        stage=permit.stage.value,
        valid_from=permit.valid_from,
        valid_until=permit.valid_to,
        is_valid=is_current(permit, at),
        speed_limit_mps=permit.speed_limit_mps,
        areas=tuple(sorted(permit.areas)),
    )


def _insurance(policies: Sequence[Insurance], at: datetime) -> InsuranceView | None:
    """Return the policy that ends last, valid or not."""
    if not policies:
        return None
    policy = policies[0]
    return InsuranceView(
        number=policy.policy_no,
        insurer=policy.insurer,
        liability_fen=policy.liability_amount_fen,
        valid_until=policy.valid_to,
        is_valid=is_current(policy, at),
    )


def _compartment(box: Compartment, sheet: VehicleSheet) -> CompartmentView:
    order_id = sheet.boxes.get(box.number)
    return CompartmentView(compartment=box.number, label=box.label, is_open=None, order_id=order_id)


def _reason(reason: Reason) -> ReasonView:
    name = name_of(reason.code)
    return ReasonView(
        code=reason.code.value, name_zh=name.zh, name_en=name.en, value=reason.value, needed=reason.needed
    )


def _hindrances(sheet: VehicleSheet, plans: frozenset[CommandKind]) -> dict[str, tuple[str, ...]]:
    heard = sheet.judged.heard
    situation = Situation(
        connection=Connection.OFFLINE if heard is None else heard.connection,
        control_mode=None if heard is None else heard.control_mode,
        has_task=sheet.task is not None,
        plans=plans,
    )
    return {
        kind.value: tuple(reason.value for reason in hindrances(sheet.judged.vehicle, kind, situation))
        for kind in KIND_RULES
        if kind not in PLATFORM_ONLY
    }


def _mds_facts(sheet: VehicleSheet) -> MdsFacts:
    vehicle, heard = sheet.judged.vehicle, sheet.judged.heard
    return MdsFacts(
        lifecycle=vehicle.lifecycle,
        connection=Connection.OFFLINE if heard is None else heard.connection,
        duty=vehicle.duty,
        trip=_trip_phase(sheet.task),
    )


def _trip_phase(task: Task | None) -> TripPhase:
    """Return how far a task counts as a trip; only deliveries and calls do (standards.md 1.2)."""
    if task is None or task.kind not in {TaskKind.DELIVERY, TaskKind.VENDING_CALL}:
        return TripPhase.NONE
    if any(stop.state is StopState.REACHED for stop in task.stops):
        return TripPhase.STOPPED
    is_loaded = any(stop.left_at is not None for stop in task.stops)
    return TripPhase.UNDER_WAY if is_loaded else TripPhase.RESERVED
