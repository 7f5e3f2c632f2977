"""The city in numbers: who is where and how, what asks for a person, what the day has brought."""

from collections import Counter
from collections.abc import Mapping, Sequence

from core.auth.principal import Reach
from core.ids import DistrictCode
from core.kinds import ServiceKind
from dashboard.order_numbers import count_orders
from dashboard.parts import CityFacts, DashboardParts
from dashboard.running_day import driven_so_far
from dashboard.schemas.city import CitySummary, DistrictSummary, PlanYear, ServiceCount
from fleet.alarms.kinds import ASKS, SEVERITY_RANK, Severity
from fleet.alarms.store import AlarmStore
from fleet.live.tally import FleetTally
from fleet.vehicles.kinds import Condition, Lifecycle
from fleet.vehicles.store import FleetCount, VehicleStore


async def summarise_city(parts: DashboardParts, reach: Reach) -> CitySummary:
    """Return the numbers of everything within the reach; a 旗区 outside it is absent.

    Retired vehicles are not counted. Raises Unavailable when the state or the database cannot be read.
    """
    async with parts.database.read() as tx:
        counts = [
            c for c in await VehicleStore(tx).census(reach) if c.lifecycle is not Lifecycle.DECOMMISSIONED
        ]
        alarms = await AlarmStore(tx).standing_by_district(reach)
        waiting = await AlarmStore(tx).waiting_count(reach)
        orders = await count_orders(tx, reach, since=parts.day_began())
    fleet = await parts.tally(reach)
    driven = await driven_so_far(parts, fleet.numbers)
    shown = [d.code for d in parts.city.districts if reach.districts is None or d.code in reach.districts]
    return CitySummary(
        vehicles=sum(count.vehicles for count in counts),
        online=fleet.online,
        driving=fleet.of(Condition.DRIVING),
        orders_today=orders.placed,
        delivered_today=orders.delivered,
        on_time_ratio=orders.on_time_ratio,
        km_today=None if driven is None else driven.metres / 1000,
        km_since_ms=None if driven is None else driven.since_ms,
        open_alarms=sum(_asking(severities) for severities in alarms.values()),
        unacknowledged_alarms=waiting,
        plan=tuple(PlanYear(year=year, planned=planned) for year, planned in parts.city.plan),
        by_service=_by_service(parts.city.planned, counts),
        districts=tuple(_district(parts.city, code, counts, fleet, alarms.get(code, {})) for code in shown),
    )


def _by_service(
    quota: Mapping[tuple[DistrictCode, ServiceKind], int], counts: Sequence[FleetCount]
) -> dict[str, ServiceCount]:
    have: Counter[ServiceKind] = Counter()
    for count in counts:
        have[count.service] += count.vehicles
    planned: Counter[ServiceKind] = Counter()
    for (_, service), number in quota.items():
        planned[service] += number
    return {
        service.value: ServiceCount(vehicles=have[service], planned=planned[service])
        for service in ServiceKind
        if have[service] or planned[service] or (service is ServiceKind.PATROL)
    }


def _district(
    city: CityFacts,
    code: DistrictCode,
    counts: list[FleetCount],
    fleet: FleetTally,
    severities: Mapping[Severity, int],
) -> DistrictSummary:
    facts = next(district for district in city.districts if district.code == code)
    here = [count for count in counts if count.district == code]
    vehicles = sum(count.vehicles for count in here)
    quota = {of: number for of, number in city.planned.items() if of[0] == code}
    conditions = Counter(fleet.conditions.get(code, {}))
    conditions[Condition.OFFLINE] = max(0, vehicles - conditions.total() + conditions[Condition.OFFLINE])
    worst = max(severities, key=SEVERITY_RANK.__getitem__, default=None)
    return DistrictSummary(
        code=code,
        name_zh=facts.name_zh,
        name_en=facts.name_en,
        vehicles=vehicles,
        planned=sum(quota.values()),
        by_service=_by_service(quota, here),
        by_condition={condition.value: conditions[condition] for condition in Condition},
        open_alarms=_asking(severities),
        worst_alarm=None if worst is None else worst.value,
    )


def _asking(severities: Mapping[Severity, int]) -> int:
    """Return how many of the standing alarms call somebody: information is no open alarm of a city."""
    return sum(count for severity, count in severities.items() if severity in ASKS)
