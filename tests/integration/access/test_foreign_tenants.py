"""Somebody else's things: not there (404) for every role of another company, district, merchant, resident."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx
import pytest
from litestar import Litestar

from core.auth.roles import ROLE_SCOPES, STAFF_ROLES, Role, Scope
from core.auth.services import AuthServices
from tests.integration.access.people import FOREIGN, HOME, NEIGHBOUR, SISTER, Tenant
from tests.integration.access.things import Things, things_of_home
from tests.integration.access.walk import WalkedRoute, hear_socket, open_socket, routes_of
from tests.integration.services.orders.town import Town

EVERYBODYS = {"GET /api/resident/merchants/{merchant_id}/goods"}
"""Routes with somebody's id in the path that any resident may open."""
OF_THE_COMPANY = ("/api/area-stops", "/api/desk-shifts")
"""What a company sees in the whole city: the second person who lets vehicles go may be anywhere, and so may
the next one at a desk."""

VENDING = "POST /api/vending/vehicles/{vehicle_no}"
BODIES: Mapping[str, dict[str, Any]] = {
    "POST /api/settlement/orders/{order_id}/receipts": {},
    "POST /api/settlement/sales/{sale_id}/receipts": {},
    "POST /api/settlement/sales/{sale_id}/refunds": {"amountFen": 1, "reason": "x"},
    "POST /api/settlement/orders/{order_id}/refunds": {"amountFen": 1, "borneBy": "operator", "reason": "x"},
    "POST /api/settlement/merchants/{merchant_id}/payouts": {"amountFen": 1},
    "POST /api/settlement/merchants/{merchant_id}/corrections": {"amountFen": 1, "reason": "x"},
    "POST /api/alarms/{alarm_id}/acknowledge": {"comment": "seen"},
    "POST /api/alarms/{alarm_id}/answers": {"answer": "stopped"},
    "POST /api/alarms/{alarm_id}/assign": {},
    "POST /api/alarms/{alarm_id}/comments": {"comment": "seen"},
    "POST /api/dispatch/zones/{district}/freezes": {"version": 0, "isFrozen": True, "reason": "seen"},
    "POST /api/dispatch/zones/{district}/plans": {"runs": [{"vehicleNo": 7, "orders": [{"orderId": "x"}]}]},
    "POST /api/dispatch/zones/{district}/plan-commits": {
        "reason": "seen",
        "runs": [{"vehicleNo": 7, "orders": [{"orderId": "x"}]}],
    },
    "POST /api/dispatch/decisions/{decision_id}/replays": {"weights": {}},
    "POST /api/orders/{order_id}/dispatches": {"vehicleNo": 7, "reason": "seen"},
    "POST /api/dispatch/zones/{district}/waits": {"version": 0, "reason": "seen", "secondS": 300},
    "POST /api/dispatch/zones/{district}/weights": {"version": 0, "reason": "seen", "weights": {}},
    "PUT /api/patrol/beats/{beat_id}": {
        "version": 1,
        "nameZh": "x",
        "nameEn": "x",
        "district": "KB",
        "checkpoints": [{"nameZh": "x", "nameEn": "x", "lat": 39.6, "lng": 109.8}],
    },
    "POST /api/patrol/beats/{beat_id}/retirements": {"version": 1},
    "POST /api/patrol/runs/{patrol_run_id}/acceptances": {"checkpointId": "home-gate", "reason": "seen"},
    "PUT /api/schedules/{schedule_id}": {
        "version": 1,
        "name": "x",
        "kind": "patrol_beat",
        "subjectId": "b-1",
        "times": ["06:00"],
    },
    "POST /api/schedules/{schedule_id}/pauses": {"version": 1, "reason": "seen"},
    "POST /api/schedules/{schedule_id}/resumptions": {"version": 1, "reason": "seen"},
    "POST /api/schedules/{schedule_id}/endings": {"version": 1, "reason": "seen"},
    "POST /api/schedules/{schedule_id}/exceptions": {
        "version": 1,
        "reason": "seen",
        "slotAt": "2026-07-02T22:00:00Z",
    },
    "POST /api/occurrences/{occurrence_id}/excuses": {"version": 1, "reason": "seen"},
    "POST /api/chargers/{place_id}/switch": {"isOpen": False, "reason": "seen"},
    **{
        f"POST /api/area-stops/{{area_stop_id}}/{verb}": {"version": 1, "reason": "seen"}
        for verb in ("release-requests", "refusals", "releases", "broken-glass")
    },
    "POST /api/desk-shifts/{shift_id}/readings": {},
    "POST /api/orders/{order_id}/cancel": {"reason": "the shop is closed"},
    "POST /api/orders/{order_id}/phone-reveals": {"reason": "the parcel leaks"},
    "POST /api/orders/{order_id}/rescue": {"outcome": "returned", "reason": "crew brought it"},
    "POST /api/vehicles/{vehicle_no}/commands": {"kind": "safe_stop", "reason": "a test"},
    "POST /api/merchant/orders/{order_id}/loaded": {"compartment": 3},
    "POST /api/merchant/orders/{order_id}/proofs": {"kind": "confirmed", "said": "x"},
    "POST /api/merchant/orders/{order_id}/substitutions": {"goodsId": "g-milk"},
    "POST /api/resident/orders/{order_id}/substitutions/{goods_id}/answer": {"isTaken": True},
    "POST /api/orders/{order_id}/substitutions/{goods_id}/answer": {"isTaken": True},
    "POST /api/merchant/goods/{goods_id}/stock": {"stock": 50},
    "POST /api/resident/orders/{order_id}/open": {},
    "POST /api/resident/orders/{order_id}/delegate": {"name": "x", "phone": "13800138000"},
    "PUT /api/vending/vehicles/{vehicle_no}/planogram": {
        "slots": [{"slot": 1, "goodsId": "w", "nameZh": "水", "nameEn": "w", "priceFen": 1, "capacity": 1}]
    },
    "POST /api/vending/calls/{call_id}/decline": {"reason": "no vehicle today"},
    f"{VENDING}/loads": {"slot": 1, "batch": "B", "expiresAt": "2030-01-01T00:00:00Z", "quantity": 1},
    f"{VENDING}/counts": {"slot": 1, "counted": 1},
    f"{VENDING}/spoils": {"slot": 1, "lotId": "x", "quantity": 1, "reason": "x"},
    "PUT /api/sweeping/zones/{zone_id}": {
        "version": 1,
        "district": "KB",
        "operator": "op-a",
        "nameZh": "广场",
        "nameEn": "x",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[109.78, 39.6], [109.7803, 39.6], [109.7803, 39.6002], [109.78, 39.6]]],
        },
    },
    "PUT /api/sweeping/previews/{preview_id}": {
        "district": "KB",
        "operator": "op-a",
        "geometry": {
            "type": "Polygon",
            "coordinates": [[[109.78, 39.6], [109.7803, 39.6], [109.7803, 39.6002], [109.78, 39.6]]],
        },
    },
    "POST /api/sweeping/zones/{zone_id}/runs": {},
    "POST /api/sweeping/runs/{run_id}/excuse": {"reason": "seen"},
    "POST /api/sweeping/runs/{run_id}/recall": {"reason": "seen", "rest": "repair"},
    "POST /api/incidents/{incident_id}/triage": {"reason": "seen"},
    "POST /api/incidents/{incident_id}/holds": {"reason": "seen"},
    "POST /api/incidents/{incident_id}/releases": {"reason": "seen"},
    "POST /api/incidents/{incident_id}/referrals": {"reason": "seen"},
    "POST /api/incidents/{incident_id}/responsibility": {"responsibility": "nobody", "reason": "seen"},
    "POST /api/incidents/{incident_id}/closings": {"reason": "seen"},
    "POST /api/incidents/{incident_id}/reopenings": {"reason": "seen"},
    "POST /api/incidents/{incident_id}/evidence": {"reason": "seen"},
    "POST /api/vehicles/{vehicle_no}/police-codes": {"officer": "seen", "reason": "seen"},
    "POST /api/feedback/{feedback_id}/answer": {"outcome": "resolved", "words": "seen"},
    "POST /api/interventions/{takeover_id}/begin": {"mode": "assist"},
    "POST /api/interventions/{takeover_id}/resolve": {"words": "seen"},
    "POST /api/interventions/{takeover_id}/hand-over": {"words": "seen"},
    "POST /api/vehicles/{vehicle_no}/decommissioning": {"rest": "reassign", "reason": "seen"},
    "POST /api/readiness/vehicles/{vehicle_no}/checks": {"lines": [{"item": "tyres", "isOk": True}]},
    "POST /api/work-orders/{work_order_id}/assignments": {"assignee": "somebody"},
    "POST /api/work-orders/{work_order_id}/cancellations": {"reason": "seen"},
    "POST /api/crew/jobs/{work_order_id}/hand-back": {"reason": "seen"},
    "POST /api/crew/jobs/{work_order_id}/done": {"note": "seen"},
    "POST /api/crew/jobs/{work_order_id}/cannot": {"reason": "seen"},
    "POST /api/violations/{violation_id}/judgements": {"step": "confirm", "reason": "seen"},
    "POST /api/violations/{violation_id}/appeals": {"reason": "not so"},
    "POST /api/violations/{violation_id}/decisions": {"step": "uphold", "reason": "so it was"},
}
"""Bodies that get past the checks of their form, so that what answers is the reach."""


@pytest.fixture
async def things(auth: AuthServices, clock: Any) -> Things:
    return await things_of_home(Town(auth.database, clock), auth)


def _owned(app: Litestar, things: Things) -> list[WalkedRoute]:
    return [
        route
        for route in routes_of(app)
        if route.scope is not None
        and str(route) not in EVERYBODYS
        and any(f"{{{name}}}" in route.path for name in things.values)
    ]


async def _call(
    app: Litestar, route: WalkedRoute, headers: Mapping[str, str], things: Things, key: str
) -> httpx.Response:
    transport = httpx.ASGITransport(cast(Any, app))
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test") as client:
        return await client.request(
            route.method,
            route.address(things.values),
            headers={**headers, "idempotency-key": key},
            json=BODIES.get(str(route)) if route.method != "GET" else None,
        )


@pytest.mark.parametrize("tenant", [FOREIGN, NEIGHBOUR, SISTER], ids=lambda tenant: tenant.name)
async def test_what_belongs_to_another_tenant_is_not_there(
    api: Litestar, somebody: Callable[..., Any], things: Things, tenant: Tenant
) -> None:
    wrong: list[str] = []
    credentials = await somebody(tenant)()
    for route in _owned(api, things):
        if tenant is SISTER and route.path.startswith(OF_THE_COMPANY):
            continue
        for role in [role for role in Role if route.scope in ROLE_SCOPES[role]]:
            if route.method == "WS":
                heard = await open_socket(api, route.address(things.values), credentials[role])
                answer = str(heard)
                is_right = heard == [1, 4404]
            else:
                response = await _call(api, route, credentials[role], things, f"{tenant.name}-{role}")
                answer, is_right = f"{response.status_code} {response.text}", response.status_code == 404
            if not is_right:
                wrong.append(f"{route} as {role}: {answer}")
    assert wrong == []


async def test_ones_own_is_there(api: Litestar, somebody: Callable[..., Any], things: Things) -> None:
    wrong: list[str] = []
    credentials = await somebody(HOME, things.order)()
    for route in [route for route in _owned(api, things) if route.method == "GET"]:
        for role in [role for role in Role if route.scope in ROLE_SCOPES[role]]:
            response = await _call(api, route, credentials[role], things, f"home-{role}")
            if response.status_code != 200:
                wrong.append(f"{route} as {role}: {response.status_code} {response.text}")
    assert wrong == []


@pytest.mark.parametrize("tenant", [FOREIGN, NEIGHBOUR, SISTER], ids=lambda tenant: tenant.name)
async def test_no_list_names_what_belongs_to_another_tenant(
    api: Litestar, somebody: Callable[..., Any], things: Things, tenant: Tenant
) -> None:
    lists = [r for r in routes_of(api) if r.method == "GET" and r.scope is not None and "{" not in r.path]
    leaks: list[str] = []
    credentials = await somebody(tenant)()
    for route in lists:
        if tenant is SISTER and route.path.startswith(OF_THE_COMPANY):
            continue
        for role in [role for role in Role if route.scope in ROLE_SCOPES[role]]:
            response = await _call(api, route, credentials[role], things, "list")
            told = [value for value in things.tell_tales - {HOME.merchant} if value in response.text]
            if told:
                leaks.append(f"{route} as {role} tells {told}")
    assert leaks == []


async def test_nobody_reads_a_whole_phone_number_without_asking_for_it(
    api: Litestar, somebody: Callable[..., Any], things: Things
) -> None:
    credentials = await somebody(HOME, things.order)()
    shown: list[str] = []
    for route in [route for route in routes_of(api) if route.method == "GET" and route.scope is not None]:
        for role in [role for role in Role if route.scope in ROLE_SCOPES[role]]:
            response = await _call(api, route, credentials[role], things, "phone")
            if HOME.phone.removeprefix("+86") in response.text:
                shown.append(f"{route} as {role}")
    assert shown == [f"GET /api/resident/data as {Role.RESIDENT}"], "her own, in the copy of all that is kept"


async def test_who_may_not_read_orders_is_told_of_none(
    api: Litestar, somebody: Callable[..., Any], things: Things
) -> None:
    credentials = await somebody(HOME, things.order)()
    strangers = [role for role in STAFF_ROLES if Scope.ORDERS_READ not in ROLE_SCOPES[role]]
    told: list[str] = []
    for route in [route for route in routes_of(api) if route.method == "GET" and route.scope is not None]:
        for role in [role for role in strangers if route.scope in ROLE_SCOPES[role]]:
            response = await _call(api, route, credentials[role], things, "order")
            if things.order in response.text:
                told.append(f"{route} as {role}")
    assert told == []


LIVE_NAMES = {
    "alarm_id": Scope.ALARMS_READ,
    "command_id": Scope.COMMANDS_READ,
    "order_id": Scope.ORDERS_READ,
}


@pytest.mark.parametrize("tenant", [NEIGHBOUR, SISTER, HOME], ids=lambda tenant: tenant.name)
async def test_the_live_feed_tells_only_what_the_role_may_read_of_ones_own(
    api: Litestar, somebody: Callable[..., Any], things: Things, tenant: Tenant
) -> None:
    credentials = await somebody(tenant, things.order)()
    roles = [role for role in Role if Scope.LIVE_READ in ROLE_SCOPES[role]]
    topics = ("alarms", "orders", "commands")
    said = await asyncio.gather(*(hear_socket(api, "/api/live", credentials[role], topics) for role in roles))
    told = {
        (name, role)
        for role, text in zip(roles, said, strict=True)
        for name in LIVE_NAMES
        if things.values[name] in text
    }
    readers = {
        (name, role) for role in roles for name, scope in LIVE_NAMES.items() if scope in ROLE_SCOPES[role]
    }
    assert told == (readers if tenant is HOME else set())
