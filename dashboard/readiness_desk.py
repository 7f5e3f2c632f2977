"""What people see of daily checks, and what they say of one vehicle."""

from collections.abc import Mapping, Sequence
from typing import Final

from core.auth.principal import Principal, Reach, reach_of
from core.database import Transaction
from core.errors import Conflict
from core.ids import DistrictCode, VehicleNo
from core.repeatable import Repeated, answer_once
from dashboard.cursors import write_cursor
from dashboard.parts import DashboardParts
from dashboard.schemas.readiness import (
    CheckBody,
    CheckView,
    ReadinessPage,
    ReadinessRuleBody,
    ReadinessRuleList,
    ReadinessRuleView,
    VehicleReadiness,
    check_view,
    lines_of,
    rule_from,
    rule_list,
    rule_view,
    vehicle_readiness,
)
from fleet.alarms.alarm import Alarm
from fleet.alarms.store import AlarmStore
from fleet.readiness.check import ANY, ReadinessRule, ReadinessState, check_day, rule_of
from fleet.readiness.check_vehicle import check_vehicle
from fleet.readiness.set_rule import set_rule
from fleet.readiness.store import ReadinessStore
from fleet.readiness.system_part import system_lines
from fleet.vehicles.judge_vehicles import judge_vehicles
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle

MOST_PER_PAGE: Final = 200


async def list_readiness(
    parts: DashboardParts,
    principal: Principal,
    *,
    districts: frozenset[DistrictCode],
    states: frozenset[ReadinessState],
    after: VehicleNo | None,
    limit: int,
) -> ReadinessPage:
    """Return vehicles in service within the reach by number; empty filters give all.

    The state is worked out and not a column, so pages are read until enough fit.
    """
    reach = reach_of(principal)
    wanted = VehicleFilter(lifecycles=frozenset({Lifecycle.IN_SERVICE}), districts=districts)
    found: list[VehicleReadiness] = []
    while True:
        async with parts.database.read() as tx:
            page = await VehicleStore(tx).page(reach, wanted, after=after, limit=limit)
        heard = await parts.last_heard.last_heard([vehicle.vehicle_no for vehicle in page])
        async with parts.database.read() as tx:
            views = await _views(tx, parts, page, heard)
        found += [view for view in views if not states or view.state in states]
        if len(page) < limit or len(found) >= limit:
            break
        after = page[-1].vehicle_no
    is_more = len(found) > limit or len(page) == limit
    shown = found[:limit]
    cursor = write_cursor((shown[-1].vehicle_no,)) if is_more and shown else None
    return ReadinessPage(items=tuple(shown), cursor=cursor)


async def check_one(
    parts: DashboardParts,
    principal: Principal,
    vehicle_no: VehicleNo,
    body: CheckBody,
    repeated: Repeated,
) -> CheckView:
    """Keep a person's check of a vehicle and return it; the same key gives the same check.

    Raises NotFound for a vehicle outside the reach, Conflict for one that is not in service, Invalid for
    lines that are not those of its list.
    """
    reach: Reach = reach_of(principal)
    heard = await parts.last_heard.last_heard([vehicle_no])

    async def work(tx: Transaction) -> CheckView:
        vehicle = await VehicleStore(tx).get(vehicle_no, reach)
        if vehicle.lifecycle is not Lifecycle.IN_SERVICE:
            state = vehicle.lifecycle.value
            raise Conflict(
                "conflict", "only vehicles in service are checked", vehicle_no=vehicle_no, state=state
            )
        now = parts.now()
        [judged] = await judge_vehicles(tx, [vehicle], heard, now)
        check = await check_vehicle(tx, principal, judged, lines_of(body), at=now.at, zone=now.zone)
        return check_view(check)

    return await answer_once(parts.database, repeated, CheckView, work, status=201, wall=parts.clock.wall())


async def list_rules(parts: DashboardParts, principal: Principal) -> ReadinessRuleList:
    """Return everybody's rule first, then those of the companies that the person may see."""
    async with parts.database.read() as tx:
        rules = {rule.operator: rule for rule in await ReadinessStore(tx).rules()}
    everybodys = rules.pop(ANY, ReadinessRule())
    own = [rule for name, rule in sorted(rules.items()) if principal.operator in (None, name)]
    return rule_list([everybodys, *own])


async def put_rule(parts: DashboardParts, principal: Principal, body: ReadinessRuleBody) -> ReadinessRuleView:
    """Add the next version of a company's rule."""
    return rule_view(await set_rule(parts.database, principal, rule_from(body), at=parts.clock.now()))


async def _views(
    tx: Transaction,
    parts: DashboardParts,
    vehicles: Sequence[Vehicle],
    heard: Mapping[VehicleNo, LastHeard],
) -> list[VehicleReadiness]:
    if not vehicles:
        return []
    now = parts.now()
    judged = await judge_vehicles(tx, vehicles, heard, now)
    rules = await ReadinessStore(tx).rules()
    standing: dict[VehicleNo, list[Alarm]] = {}
    for alarm in await AlarmStore(tx).standing_of([vehicle.vehicle_no for vehicle in vehicles]):
        standing.setdefault(alarm.vehicle_no, []).append(alarm)
    views = []
    for each in judged:
        rule = rule_of(each.vehicle.operator, rules)
        lines = system_lines(
            each.heard,
            each.reasons,
            standing.get(each.vehicle.vehicle_no, ()),
            least_battery_ratio=rule.least_battery_ratio,
        )
        views.append(vehicle_readiness(each, rule, check_day(now.at, now.zone, rule), lines))
    return views
