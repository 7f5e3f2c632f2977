"""Saying what the vehicles of a service bear: in the whole city, or a company's own beside it."""

from datetime import datetime
from typing import Any

import msgspec

from core import audit
from core.auth.principal import Principal
from core.database import Database, Transaction
from core.errors import Forbidden, Invalid, VersionMismatch
from core.ids import OperatorId
from core.kinds import ServiceKind
from fleet.weather.conditions import WeatherLimits
from fleet.weather.fact import OwnLimits, ServiceLimits
from fleet.weather.store import WeatherStore
from fleet.weather.stricter import must_not_be_looser


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

    Raises Invalid without a reason, VersionMismatch when ``version`` is not the one that holds (0 for none),
    Forbidden for a person who is not the whole city's: limits hold in every 旗区 and for every company.
    """
    must_set_for_city(principal)
    async with database.write() as tx:
        store = WeatherStore(tx)
        held = (await store.limits()).get(service)
        made = ServiceLimits(
            service=service,
            version=_next(held, service, version),
            limits=limits,
            by_name=principal.name,
            reason=_said(reason),
            at=at,
        )
        await store.add_limits(made)
        await _record(tx, principal, f"weather_limits:{service.value}", held, made, {})
    return made


async def set_own_limits(
    database: Database,
    principal: Principal,
    operator: OperatorId,
    service: ServiceKind,
    limits: WeatherLimits,
    *,
    version: int,
    reason: str,
    at: datetime,
) -> OwnLimits:
    """Return the version of a company's own limits that was added; all left out are the city's again.

    Raises Invalid naming the limit that is looser than the city's, or without a reason, VersionMismatch when
    ``version`` is not the one that holds, Forbidden for another company or for a person of some 旗区 only.
    """
    must_set_for(principal, operator)
    async with database.write() as tx:
        store = WeatherStore(tx)
        borne = await store.borne()
        must_not_be_looser(limits, borne.of_city(service))
        held = borne.own.get((operator, service))
        made = OwnLimits(
            operator=operator,
            service=service,
            version=_next(held, service, version),
            limits=limits,
            by_name=principal.name,
            reason=_said(reason),
            at=at,
        )
        await store.add_own(made)
        about = f"weather_limits:{service.value}:{operator}"
        await _record(tx, principal, about, held, made, {"operator": operator})
    return made


def must_set_for_city(principal: Principal) -> None:
    """Raise Forbidden for a person of some 旗区 or of a company: the city's limits bind everybody."""
    if principal.districts is not None or principal.operator is not None:
        raise Forbidden("forbidden", "these limits hold for the whole city", field="service")


def must_set_for(principal: Principal, operator: OperatorId) -> None:
    """Raise Forbidden for another company's, or for a person of some 旗区: a company's hold in all of its."""
    if principal.districts is not None:
        raise Forbidden("forbidden", "these limits hold in every 旗区 of the company", field="service")
    if principal.operator != operator:
        raise Forbidden("forbidden", "a company sets the limits of its own vehicles", field="operator")


def _next(held: ServiceLimits | None, service: ServiceKind, version: int) -> int:
    known = 0 if held is None else held.version
    if known != version:
        raise VersionMismatch(service=service.value, version=known)
    return version + 1


def _said(reason: str) -> str:
    if not reason.strip():
        raise Invalid("invalid-input", "limits are changed for a reason", field="reason", limit="1 to 500")
    return reason


async def _record(
    tx: Transaction,
    principal: Principal,
    about: str,
    held: ServiceLimits | None,
    made: ServiceLimits,
    more: dict[str, Any],
) -> None:
    fields = {
        "version": made.version,
        "before": None if held is None else msgspec.to_builtins(held.limits),
        "after": msgspec.to_builtins(made.limits),
        **more,
    }
    await audit.record(tx, principal, "weather_limits.set", about, fields, made.reason, at=made.at)
