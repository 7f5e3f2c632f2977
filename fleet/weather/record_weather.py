"""Saying what the weather is like, and what the vehicles of a service bear."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal
from core.database import Database, Transaction
from core.errors import Forbidden, VersionMismatch
from core.ids import DistrictCode
from core.kinds import ServiceKind
from fleet.weather.conditions import WeatherLimits
from fleet.weather.fact import ServiceLimits, WeatherFact, check_span
from fleet.weather.store import WeatherStore


async def record_facts(
    tx: Transaction, principal: Principal | None, facts: Sequence[WeatherFact], *, at: datetime
) -> int:
    """Keep facts and return how many are new; a person's are audited, a feed is named in the fact itself.

    Raises Invalid for a span that is no weather, Forbidden for a 旗区 that is not the person's.
    """
    store, new = WeatherStore(tx), 0
    for fact in facts:
        if principal is not None:
            must_be_within(principal, fact.district)
        check_span(fact, at=at)
        new += await store.put(fact)
        if principal is not None:
            shown = msgspec.to_builtins(fact.weather)
            fields = {name: value for name, value in shown.items() if value is not None}
            about = f"weather:{fact.district}"
            await audit.record(tx, principal, "weather.recorded", about, fields, at=at)
    return new


def must_be_within(principal: Principal, district: DistrictCode) -> None:
    """Raise Forbidden for a 旗区 that the person has no say in."""
    if principal.districts is not None and district not in principal.districts:
        raise Forbidden("forbidden", "this 旗区 is another person's", field="district")


async def set_limits(
    database: Database,
    principal: Principal,
    service: ServiceKind,
    limits: WeatherLimits,
    *,
    version: int,
    reason: str,
    at: datetime,
) -> ServiceLimits:
    """Return the version that was added; whoever judges a vehicle after it does so by it.

    Raises VersionMismatch when ``version`` is not the one that holds (0 for none), Forbidden for a person who
    is not the whole city's: limits hold in every 旗区.
    """
    if principal.districts is not None:
        raise Forbidden("forbidden", "limits hold for the whole city", field="service")
    async with database.write() as tx:
        store = WeatherStore(tx)
        held = (await store.limits()).get(service)
        if (0 if held is None else held.version) != version:
            raise VersionMismatch(service=service.value, version=0 if held is None else held.version)
        made = ServiceLimits(
            service=service, version=version + 1, limits=limits, by_name=principal.name, reason=reason, at=at
        )
        await store.add_limits(made)
        fields = {
            "version": made.version,
            "before": None if held is None else msgspec.to_builtins(held.limits),
            "after": msgspec.to_builtins(limits),
        }
        await audit.record(
            tx, principal, "weather_limits.set", f"weather_limits:{service.value}", fields, reason, at=at
        )
    return made
