"""Whether a vehicle may take work, and every reason why not."""

from datetime import datetime, tzinfo
from enum import StrEnum

import msgspec

from core.ids import FenceId
from core.kinds import ServiceKind
from fleet.readiness.check import Readiness
from fleet.vehicles.codes import CodeRecord, is_code_valid
from fleet.vehicles.inspections import InspectionDue
from fleet.vehicles.kinds import Connection, ControlMode, Duty, Lifecycle
from fleet.vehicles.papers import (
    LEAST_LIABILITY_FEN,
    Insurance,
    Permit,
    is_current,
    permit_limits_broken,
)
from fleet.vehicles.vehicle import Vehicle
from fleet.weather.conditions import Weather, WeatherLimits, broken_limits
from fleet.weather.recall import Recall


class ReasonCode(StrEnum):
    """Why a vehicle may not take work; stable, named in zh and en in fleet.names."""

    NOT_IN_SERVICE = "not_in_service"
    NO_VALID_CODE = "no_valid_code"
    NO_PERMIT = "no_permit"
    PERMIT_EXPIRED = "permit_expired"
    PERMIT_SERVICE = "permit_service"
    PERMIT_AREA = "permit_area"
    PERMIT_TIME = "permit_time"
    PERMIT_WEATHER = "permit_weather"
    WEATHER_LIMIT = "weather_limit"
    WEATHER_RECALL = "weather_recall"
    NO_INSURANCE = "no_insurance"
    INSURANCE_EXPIRED = "insurance_expired"
    INSURANCE_TOO_LOW = "insurance_too_low"
    MODEL_NOT_PERMITTED = "model_not_permitted"
    NOT_ONLINE = "not_online"
    NOT_AUTONOMOUS = "not_autonomous"
    BATTERY_TOO_LOW = "battery_too_low"
    FENCES_OUT_OF_DATE = "fences_out_of_date"
    LINK_LOSS_POLICY = "link_loss_policy"
    SAFETY_WORK_ORDER = "safety_work_order"
    INSPECTION_OVERDUE = "inspection_overdue"
    NOT_CHECKED_TODAY = "not_checked_today"
    NO_OPERATOR_FREE = "no_operator_free"
    HELD_BY_STOP = "held_by_stop"
    SCENE_HOLD = "scene_hold"
    FAULT = "fault"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason with the value that decided and the value that was needed, both as text for people."""

    code: ReasonCode
    value: str | None = None
    needed: str | None = None


class DispatchContext(msgspec.Struct, frozen=True, kw_only=True):
    """What else decides: papers, what the vehicle last said, the job, the people on duty.

    A field about a job that is not known yet stays None and excludes nothing.
    """

    code: CodeRecord | None
    permits: tuple[Permit, ...] = ()
    insurances: tuple[Insurance, ...] = ()
    connection: Connection
    control_mode: ControlMode | None
    """None when the vehicle was never heard."""
    battery_ratio: float | None
    """0–1; None when never heard."""
    battery_needed_ratio: float = 0.0
    """What the job and the way back cost at this temperature, with the reserve; 0–1."""
    fence_set_held: int | None = None
    fence_set_current: int = 0
    service: ServiceKind | None = None
    """None: the vehicle's own service."""
    areas: frozenset[FenceId] | None = None
    """Operating areas the job needs; None when not known yet."""
    weather: Weather = Weather()
    weather_limits: WeatherLimits = WeatherLimits()
    """What vehicles of its service bear, whatever its permit allows."""
    recall: Recall | None = None
    """The weather recall that keeps its service in."""
    zone: tzinfo
    """Time zone of the city, for the hours of a permit."""
    inspection: InspectionDue = InspectionDue()
    readiness: Readiness = Readiness()
    operators_with_room: int = 0
    is_bound: bool = False
    """A named remote operator already watches it."""
    needs_link_loss_policy: bool = True
    least_liability_fen: int = LEAST_LIABILITY_FEN
    refuses_unpermitted_version: bool = True


def dispatchable(vehicle: Vehicle, context: DispatchContext, at: datetime) -> tuple[Reason, ...]:
    """Return every reason why the vehicle may not take work now; empty means it may.

    Source: domain.md, "Dispatchable". All reasons are returned, not the first, so that a person sees at once
    what is left to do.
    """
    return tuple(
        reason
        for check in (_standing, _code, _permit, _weather, _insurance, _link, _energy, _orders_held, _people)
        for reason in check(vehicle, context, at)
    )


def _standing(vehicle: Vehicle, _context: DispatchContext, _at: datetime) -> list[Reason]:
    reasons = []
    if vehicle.lifecycle is not Lifecycle.IN_SERVICE:
        reasons.append(Reason(code=ReasonCode.NOT_IN_SERVICE, value=vehicle.lifecycle.value))
    if vehicle.duty is Duty.FAULT:
        reasons.append(Reason(code=ReasonCode.FAULT))
    if vehicle.is_held_by_stop:
        reasons.append(Reason(code=ReasonCode.HELD_BY_STOP))
    if vehicle.is_scene_held:
        reasons.append(Reason(code=ReasonCode.SCENE_HOLD))
    return reasons


def _code(_vehicle: Vehicle, context: DispatchContext, at: datetime) -> list[Reason]:
    if context.code is not None and is_code_valid(context.code, at):
        return []
    return [
        Reason(
            code=ReasonCode.NO_VALID_CODE, value=None if context.code is None else context.code.status.value
        )
    ]


_PERMIT_REASONS = {
    "service": ReasonCode.PERMIT_SERVICE,
    "area": ReasonCode.PERMIT_AREA,
    "time": ReasonCode.PERMIT_TIME,
    "weather": ReasonCode.PERMIT_WEATHER,
}


def _permit(vehicle: Vehicle, context: DispatchContext, at: datetime) -> list[Reason]:
    """Judge by the permit that breaks least: several may cover one vehicle."""
    if not context.permits:
        return [Reason(code=ReasonCode.NO_PERMIT)]
    current = [permit for permit in context.permits if is_current(permit, at)]
    if not current:
        latest = max(permit.valid_to for permit in context.permits)
        return [Reason(code=ReasonCode.PERMIT_EXPIRED, value=latest.isoformat())]
    return min((_broken(vehicle, permit, context, at) for permit in current), key=len)


def _broken(vehicle: Vehicle, permit: Permit, context: DispatchContext, at: datetime) -> list[Reason]:
    broken = permit_limits_broken(
        permit,
        service=context.service or vehicle.service,
        areas=context.areas,
        weather=context.weather,
        at=at,
        zone=context.zone,
    )
    reasons = [Reason(code=_PERMIT_REASONS[name], value=permit.permit_no) for name in broken]
    if context.refuses_unpermitted_version:
        named = (
            (permit.hardware_model, vehicle.hardware_model),
            (permit.software_version, vehicle.software_version),
        )
        reasons += [
            Reason(code=ReasonCode.MODEL_NOT_PERMITTED, value=has, needed=wants)
            for wants, has in named
            if wants is not None and has is not None and wants != has
        ]
    return reasons


def _weather(_vehicle: Vehicle, context: DispatchContext, _at: datetime) -> list[Reason]:
    """Judge what the service bears, and whether a recall keeps it in until the weather has calmed."""
    reasons = [
        Reason(code=ReasonCode.WEATHER_LIMIT, value=f"{each.quantity.value} {each.value}", needed=each.limit)
        for each in broken_limits(context.weather_limits, context.weather)
    ]
    if context.recall is not None:
        reasons.append(Reason(code=ReasonCode.WEATHER_RECALL, value=context.recall.cause))
    return reasons


def _insurance(_vehicle: Vehicle, context: DispatchContext, at: datetime) -> list[Reason]:
    if not context.insurances:
        return [Reason(code=ReasonCode.NO_INSURANCE)]
    current = [policy for policy in context.insurances if is_current(policy, at)]
    if not current:
        latest = max(policy.valid_to for policy in context.insurances)
        return [Reason(code=ReasonCode.INSURANCE_EXPIRED, value=latest.isoformat())]
    amount = max(policy.liability_amount_fen for policy in current)
    if amount < context.least_liability_fen:
        needed = str(context.least_liability_fen)
        return [Reason(code=ReasonCode.INSURANCE_TOO_LOW, value=str(amount), needed=needed)]
    return []


def _link(vehicle: Vehicle, context: DispatchContext, _at: datetime) -> list[Reason]:
    reasons = []
    if context.connection is not Connection.ONLINE:
        reasons.append(Reason(code=ReasonCode.NOT_ONLINE, value=context.connection.value))
    if context.control_mode is not ControlMode.AUTONOMOUS:
        mode = None if context.control_mode is None else context.control_mode.value
        reasons.append(Reason(code=ReasonCode.NOT_AUTONOMOUS, value=mode))
    held, current = context.fence_set_held, context.fence_set_current
    if held != current:
        value = None if held is None else str(held)
        reasons.append(Reason(code=ReasonCode.FENCES_OUT_OF_DATE, value=value, needed=str(current)))
    is_policy_missing = vehicle.link_loss_held == 0 or vehicle.link_loss_held != vehicle.link_loss_wanted
    if context.needs_link_loss_policy and is_policy_missing:
        reasons.append(
            Reason(
                code=ReasonCode.LINK_LOSS_POLICY,
                value=str(vehicle.link_loss_held),
                needed=str(vehicle.link_loss_wanted),
            )
        )
    return reasons


def _energy(_vehicle: Vehicle, context: DispatchContext, _at: datetime) -> list[Reason]:
    has, needs = context.battery_ratio, context.battery_needed_ratio
    if has is not None and has >= needs:
        return []
    value = None if has is None else f"{has:.2f}"
    return [Reason(code=ReasonCode.BATTERY_TOO_LOW, value=value, needed=f"{needs:.2f}")]


def _orders_held(vehicle: Vehicle, context: DispatchContext, at: datetime) -> list[Reason]:
    reasons = []
    if vehicle.open_safety_work_orders > 0:
        count = str(vehicle.open_safety_work_orders)
        reasons.append(Reason(code=ReasonCode.SAFETY_WORK_ORDER, value=count))
    if context.inspection.is_overdue(at) and context.inspection.due_at is not None:
        due = context.inspection.due_at.isoformat()
        reasons.append(Reason(code=ReasonCode.INSPECTION_OVERDUE, value=due))
    if context.readiness.holds_back:
        reasons.append(_not_checked(context.readiness))
    return reasons


def _not_checked(readiness: Readiness) -> Reason:
    findings = () if readiness.last is None else readiness.last.findings()
    value = ", ".join((readiness.state.value, *(line.item.value for line in findings)))
    needed = None if readiness.day is None else readiness.day.isoformat()
    return Reason(code=ReasonCode.NOT_CHECKED_TODAY, value=value, needed=needed)


def _people(_vehicle: Vehicle, context: DispatchContext, _at: datetime) -> list[Reason]:
    if context.is_bound or context.operators_with_room > 0:
        return []
    return [Reason(code=ReasonCode.NO_OPERATOR_FREE)]
