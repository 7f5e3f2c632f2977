"""A person checks a vehicle before it works: what was found is kept, and asks for somebody at the vehicle."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final

from core import audit
from core.auth.principal import Principal
from core.database import Transaction
from core.ids import StaffId
from fleet.alarms.store import AlarmStore
from fleet.readiness.check import (
    BY_SYSTEM,
    CheckItem,
    Line,
    Readiness,
    ReadinessCheck,
    ReadinessRule,
    answered,
    check_day,
    rule_of,
)
from fleet.readiness.store import ReadinessStore
from fleet.readiness.system_part import system_lines
from fleet.vehicles.judge_vehicles import Judged
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.open_work_order import open_found

WORK_OF: Final[Mapping[CheckItem, WorkKind]] = {CheckItem.SENSORS: WorkKind.CLEAN}
"""What a finding asks for; whatever is not named is a repair."""


async def check_vehicle(
    tx: Transaction,
    principal: Principal,
    judged: Judged,
    lines: Sequence[Line],
    *,
    at: datetime,
    zone: tzinfo,
) -> ReadinessCheck:
    """Return the kept check of a vehicle within the person's reach, in a transaction of the caller's.

    What a person found opens safety work (one order for each kind of work); what the system found stands in
    the check, and has its alarm, work order or paper elsewhere. Raises Invalid for lines that are not those
    of the list, Conflict when somebody else checks it at the same moment.
    """
    vehicle, store = judged.vehicle, ReadinessStore(tx)
    rule = rule_of(vehicle.operator, await store.rules())
    looked = answered(lines, rule.looks_of(vehicle.service))
    every = (*await lines_now(tx, judged, rule), *looked)
    today = (await store.of([vehicle], at=at, zone=zone))[vehicle.vehicle_no]
    check = ReadinessCheck(
        vehicle_no=vehicle.vehicle_no,
        day=check_day(at, zone, rule),
        number=_next_number(today),
        operator=vehicle.operator,
        district=vehicle.district,
        service=vehicle.service,
        at=at,
        staff_id=StaffId(principal.id),
        by_name=principal.name,
        is_passed=all(line.is_ok for line in every),
        rule_version=rule.version,
        lines=every,
    )
    await store.add(check)
    await _ask_for_work(tx, principal, judged, check, at=at)
    fields = {
        "day": check.day.isoformat(),
        "is_passed": check.is_passed,
        "findings": [line.item.value for line in check.findings()],
    }
    await audit.record(tx, principal, "vehicle.checked", f"vehicle:{vehicle.vehicle_no}", fields, at=at)
    return check


async def lines_now(tx: Transaction, judged: Judged, rule: ReadinessRule) -> tuple[Line, ...]:
    """Return what the system would answer at this moment."""
    standing = await AlarmStore(tx).standing_of([judged.vehicle.vehicle_no])
    return system_lines(judged.heard, judged.reasons, standing, least_battery_ratio=rule.least_battery_ratio)


def _next_number(today: Readiness) -> int:
    return 1 if today.last is None else today.last.number + 1


async def _ask_for_work(
    tx: Transaction, principal: Principal, judged: Judged, check: ReadinessCheck, *, at: datetime
) -> None:
    by_work: dict[WorkKind, list[str]] = {}
    for line in check.findings():
        if line.item not in BY_SYSTEM:
            work = WORK_OF.get(line.item, WorkKind.REPAIR)
            by_work.setdefault(work, []).append(f"{line.item.value}: {line.note}")
    for work, said in by_work.items():
        await open_found(tx, principal, judged.vehicle, work, "; ".join(said), at=at)
