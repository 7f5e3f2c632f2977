"""Every POST of the api asks for an Idempotency-Key and takes it for one body, or is listed here."""

from collections.abc import Callable, Mapping
from typing import Any, cast

import httpx
from litestar import Litestar

from core.auth.credentials import Credentials
from core.auth.principal import Principal
from core.auth.roles import ROLE_SCOPES, STAFF_ROLES, Role
from core.auth.services import AuthServices
from core.idempotency import once
from tests.integration.access.walk import Headers, WalkedRoute, routes_of

MOVES_NOTHING = {
    "POST /api/staff/login": "opens a session",
    "POST /api/staff/logout": "ends a session; again: there is none",
    "POST /api/staff/logout-everywhere": "ends sessions; again: there is none",
    "POST /api/residents/codes": "at most one message a minute is sent however often it is asked for",
    "POST /api/residents/login": "opens a session; a code is good once",
    "POST /api/residents/logout": "ends a session; again: there is none",
    "POST /api/links/session": "opens a session",
    "POST /api/merchant/session": "opens a session",
    "POST /api/merchant/logout": "ends a session; again: there is none",
    "POST /api/fences": "keeps a draft that decides nothing; again: the next version of it",
    "POST /api/fences/import": "keeps drafts that decide nothing",
    "POST /api/fences/{fence_id}/versions/{version}/preview": "looks; again: a newer look",
    "POST /api/fences/{fence_id}/versions/{version}/publish": "again: refused, it is published",
    "POST /api/fences/{fence_id}/versions/{version}/retire": "again: refused, it is retired",
    "POST /api/notices/receipts": "signed by the provider; the same receipt again: nothing new",
    "POST /api/waybills/open": "looks; a token is the key to one parcel",
    "POST /api/waybills/choose": "the same choice again: the same",
    "POST /api/waybills/decline": "to the counter again: the same",
    "POST /api/vehicles/{vehicle_no}/police-codes": "one more code, each on record; moves nothing",
    "POST /api/street/police": "the same request id again: the same opening",
    "POST /api/street/police/open": "looks; a token is the key to one vehicle for half an hour",
    "POST /api/street/feedback": "the same request id again: the same report",
    "POST /api/street/feedback/open": "looks; a token is the key to one report",
    "POST /api/feedback/{feedback_id}/look": "again: the same answer; moves nothing",
    "POST /api/feedback/{feedback_id}/answer": "a step is taken once; again: illegal-transition",
    "POST /api/resident/orders/{order_id}/links/revoke": "what was withdrawn stays withdrawn",
    "POST /api/resident/orders/{order_id}/seen": "says that the page was looked at",
    "PUT /api/resident/consents": "the same again is the same; moves nothing",
    "PUT /api/resident/wishes": "the same again is the same; moves nothing",
    "POST /api/resident/quotes": "reserves nothing",
    "POST /api/area-stops/previews": "looks",
    "PUT /api/desk-shifts/presence": "says that somebody sits there; moves nothing",
    "DELETE /api/resident/data": "who left stays away",
    "POST /api/alarms/{alarm_id}/acknowledge": "by the same person again: the same answer; moves nothing",
    "POST /api/webhooks": "subscribes an address; moves nothing",
    "POST /api/webhooks/{webhook_id}/secret": "one more secret, of which the newest signs; moves nothing",
    "DELETE /api/webhooks/{webhook_id}": "what is gone stays gone; moves nothing",
    "POST /api/webhooks/{webhook_id}/switch": "on is on; moves nothing",
    "POST /api/webhooks/{webhook_id}/replays": "sends again under the same ids; moves nothing",
    "POST /api/alarms/{alarm_id}/answers": "the same again: the same answer; moves nothing",
    "POST /api/alarms/{alarm_id}/assign": "to the same person again: the same answer; moves nothing",
    "POST /api/alarms/{alarm_id}/comments": "adds words to an alarm; moves nothing",
    "POST /api/history/exports": "reads; each reading is on record",
    "POST /api/violations/{violation_id}/judgements": "a step is taken once; again: illegal-transition",
    "POST /api/violations/{violation_id}/appeals": "a step is taken once; again: illegal-transition",
    "POST /api/violations/{violation_id}/decisions": "a step is taken once; again: illegal-transition",
    "POST /api/incidents/{incident_id}/triage": "a step is taken once; again: illegal-transition",
    "POST /api/incidents/{incident_id}/referrals": "a step is taken once; again: illegal-transition",
    "POST /api/incidents/{incident_id}/responsibility": "a step is taken once; again: illegal-transition",
    "POST /api/incidents/{incident_id}/closings": "a step is taken once; again: illegal-transition",
    "POST /api/incidents/{incident_id}/reopenings": "a step is taken once; again: illegal-transition",
    "POST /api/incidents/{incident_id}/holds": "again: held already, the same answer",
    "POST /api/incidents/{incident_id}/releases": "again: released already, the same answer",
    "POST /api/incidents/{incident_id}/evidence": "again: an edition is owed already, the same answer",
    "POST /api/dispatch/zones/{district}/freezes": "the version before is named; again: version-mismatch",
    "POST /api/dispatch/zones/{district}/plans": "looks; nothing is stored",
    "POST /api/dispatch/decisions/{decision_id}/replays": "looks; nothing is stored",
    "POST /api/dispatch/zones/{district}/waits": "the version before is named; again: version-mismatch",
    "POST /api/order-flow": "the version before is named; again: version-mismatch",
    "POST /api/hotline/callers": "looks somebody up; each look is on record",
    "PUT /api/hotline/wishes": "says how somebody wants to be reached; again: the same",
    "POST /api/dispatch/zones/{district}/weights": "the version before is named; again: version-mismatch",
    "PUT /api/patrol/beats/{beat_id}": "the version before is named; again: version-mismatch",
    "POST /api/patrol/beats/{beat_id}/retirements": "the version before is named; again: version-mismatch",
    "POST /api/schedules/previews": "looks; nothing is stored",
    "PUT /api/schedules/{schedule_id}": "the version before is named; again: version-mismatch",
    "POST /api/schedules/{schedule_id}/pauses": "the version before is named; again: version-mismatch",
    "POST /api/schedules/{schedule_id}/resumptions": "the version before is named; again: version-mismatch",
    "POST /api/schedules/{schedule_id}/endings": "the version before is named; again: version-mismatch",
    "POST /api/schedules/{schedule_id}/exceptions": "the version before is named; again: version-mismatch",
    "POST /api/occurrences/{occurrence_id}/excuses": "the version before is named; again: version-mismatch",
    "POST /api/orders/{order_id}/phone-reveals": "reads; each reading is on record",
    "PUT /api/vending/vehicles/{vehicle_no}/planogram": "the same again is the same; moves no goods",
    "PUT /api/sweeping/zones/{zone_id}": "the version before is named; the same again is the same",
    "DELETE /api/sweeping/zones/{zone_id}": "what is retired stays retired; moves nothing",
    "PUT /api/sweeping/previews/{preview_id}": "the same drawing again: the same; another takes its place",
    "POST /api/remote-operators/sign-in": "again: the same shift",
    "POST /api/remote-operators/heartbeat": "says that somebody is there",
    "POST /api/chargers/{place_id}/switch": "open is open; moves nothing",
    "PUT /api/weather/facts": "of the same time again: the same fact; what it forbids is looked at again",
    "PUT /api/weather/limits/{service}": "the version before is named; again: version-mismatch",
    "POST /api/weather/limits/{service}/previews": "looks; nothing is stored",
    "PUT /api/readiness/rules": "the version before is named; again: version-mismatch",
    "PUT /api/inspection-rules": "the same again: the same rule; moves nothing",
    "POST /api/interventions/{takeover_id}/claim": "by the same person again: the same answer",
    "POST /api/interventions/{takeover_id}/begin": "again: the same answer; the vehicle is moved elsewhere",
    "POST /api/interventions/{takeover_id}/resolve": "a step is taken once; again: illegal-transition",
    "POST /api/interventions/{takeover_id}/hand-over": "a step is taken once; again: illegal-transition",
    "POST /api/remote-operators/sign-off": "ends a shift; again: there is none",
}
"""Whoever leaves a POST without a key adds it here and says why in the change."""

_VENDING = "POST /api/vending/vehicles/{vehicle_no}"
BODIES: Mapping[str, Any] = {
    "POST /api/settlement/top-ups": {"phone": "13800138000", "district": "KB", "amountFen": 100},
    "POST /api/settlement/rates": {
        "energyFenPerKwh": 80,
        "operatorFenPerHour": 6000,
        "crewFenPerHour": 9000,
        "vehicleFenPerDay": 4000,
    },
    "POST /api/settlement/clearings/{clearing_id}/payments": {"version": 0, "reference": "x"},
    "POST /api/settlement/clearings/{clearing_id}/confirmations": {"version": 0},
    "POST /api/settlement/clearings/{clearing_id}/denials": {"version": 0, "reason": "x"},
    "POST /api/settlement/terms": {
        "fromDay": "2026-08-01",
        "platformFeeBp": 500,
        "subsidyFen": 0,
        "keepsFeeWhenMissed": False,
        "reason": "x",
    },
    "POST /api/settlement/claims": {"firstDay": "2026-06-01", "lastDay": "2026-06-02"},
    "POST /api/settlement/claims/{claim_id}/versions": {"version": 1, "leaveOut": ["o"], "reason": "x"},
    "POST /api/settlement/orders/{order_id}/receipts": {},
    "POST /api/settlement/sales/{sale_id}/receipts": {},
    "POST /api/settlement/sales/{sale_id}/refunds": {"amountFen": 1, "reason": "x"},
    "POST /api/settlement/orders/{order_id}/refunds": {"amountFen": 1, "borneBy": "operator", "reason": "x"},
    "POST /api/settlement/merchants/{merchant_id}/payouts": {"amountFen": 1},
    "POST /api/settlement/merchants/{merchant_id}/corrections": {"amountFen": 1, "reason": "x"},
    f"{_VENDING}/loads": {"slot": 1, "batch": "B1", "expiresAt": "2030-01-01T00:00:00Z", "quantity": 1},
    f"{_VENDING}/counts": {"slot": 1, "counted": 1},
    f"{_VENDING}/spoils": {"slot": 1, "lotId": "none", "quantity": 1, "reason": "x"},
    "POST /api/vending/calls/{call_id}/decline": {"reason": "x"},
    "POST /api/vending/sales": {
        "phone": "13800138000",
        "vehicleCode": "x",
        "slot": 1,
        "quantity": 1,
        "consent": "spoken",
    },
    "POST /api/vending/lots/{lot_id}/recall": {"reason": "x"},
    "POST /api/vehicles/{vehicle_no}/decommissioning": {"rest": "reassign", "reason": "x"},
    "POST /api/readiness/vehicles/{vehicle_no}/checks": {"lines": [{"item": "tyres", "isOk": True}]},
    "POST /api/sweeping/zones/{zone_id}/runs": {},
    "POST /api/sweeping/runs/{run_id}/excuse": {"reason": "x"},
    "POST /api/sweeping/runs/{run_id}/recall": {"reason": "x", "rest": "repair"},
    "POST /api/merchant/waybills": {
        "waybills": [{"number": "W1", "phone": "13800138000", "litres": 1.0, "massKg": 1.0}]
    },
    "POST /api/merchant/waybills/csv": {"csv": "number"},
    "POST /api/orders": {
        "phone": "13800138000",
        "consent": "spoken",
        "merchantId": "m-1",
        "pickupPointId": "p-1",
        "lines": [{"goodsId": "g-1", "quantity": 1}],
    },
    "POST /api/resident/orders": {
        "merchantId": "m-1",
        "pickupPointId": "p-1",
        "lines": [{"goodsId": "g-1", "quantity": 1}],
    },
    "POST /api/resident/orders/{order_id}/open": {},
    "POST /api/resident/orders/{order_id}/delegate": {"name": "x", "phone": "13800138000"},
    "POST /api/resident/vending/calls": {"district": "KB", "lat": 39.6, "lng": 109.79},
    "POST /api/resident/vending/sales": {"vehicleCode": "x", "slot": 1, "quantity": 1},
    "POST /api/merchant/orders/{order_id}/loaded": {},
    "POST /api/merchant/orders/{order_id}/proofs": {"kind": "confirmed", "said": "x"},
    "POST /api/merchant/orders/{order_id}/substitutions": {"goodsId": "x"},
    "POST /api/resident/orders/{order_id}/substitutions/{goods_id}/answer": {"isTaken": True},
    "POST /api/orders/{order_id}/substitutions/{goods_id}/answer": {"isTaken": True},
    "POST /api/merchant/goods/{goods_id}/stock": {"stock": 50},
    "POST /api/merchant/goods/csv": {"csv": "goods"},
    "POST /api/merchant/goods/catalogue": {
        "goods": [{"code": "m", "nameZh": "x", "priceFen": 1, "massG": 1, "litres": 1}]
    },
    "POST /api/merchant/desk/pause": {"reason": "break"},
    "POST /api/merchant/desk/busy": {"extraMinutes": 10},
    "POST /api/merchant/desk/licence": {"number": "JY1", "expiresOn": "2030-01-01"},
    "POST /api/merchant/desk/days": {"day": "2026-12-01", "openHours": ""},
    "POST /api/patrol/beats": {
        "nameZh": "x",
        "nameEn": "x",
        "district": "KB",
        "checkpoints": [{"nameZh": "x", "nameEn": "x", "lat": 39.6, "lng": 109.8}],
    },
    "POST /api/patrol/runs/{patrol_run_id}/acceptances": {"checkpointId": "home-gate", "reason": "x"},
    "POST /api/patrol/looks": {"lat": 39.6, "lng": 109.8, "reason": "x"},
    "POST /api/schedules": {"name": "x", "kind": "patrol_beat", "subjectId": "b-1", "times": ["06:00"]},
    "POST /api/dispatch/zones/{district}/plan-commits": {
        "reason": "a test",
        "runs": [{"vehicleNo": 7, "orders": [{"orderId": "x"}]}],
    },
    "POST /api/orders/{order_id}/dispatches": {"vehicleNo": 7, "reason": "a test"},
    "POST /api/orders/{order_id}/cancel": {"reason": "a test"},
    "POST /api/orders/{order_id}/rescue": {"outcome": "lost", "reason": "a test"},
    "POST /api/incidents": {
        "vehicleNo": 7,
        "incidentType": "crash",
        "happenedAt": "2026-07-01T01:00:00Z",
        "description": "a test",
    },
    "POST /api/desk-shifts": {},
    "POST /api/desk-shifts/closings": {"note": "a test"},
    "POST /api/desk-shifts/{shift_id}/readings": {},
    "POST /api/area-stops": {
        "geometry": {"type": "Polygon", "coordinates": [[[100, 30], [101, 30], [101, 31], [100, 30]]]},
        "reason": "a test",
    },
    **{
        f"POST /api/area-stops/{{area_stop_id}}/{verb}": {"version": 1, "reason": "a test"}
        for verb in ("release-requests", "refusals", "releases", "broken-glass")
    },
    "POST /api/work-orders": {"vehicleNo": 7, "kind": "repair", "cause": "a test"},
    "POST /api/work-orders/{work_order_id}/assignments": {"assignee": "somebody"},
    "POST /api/work-orders/{work_order_id}/cancellations": {"reason": "a test"},
    "POST /api/crew/jobs/{work_order_id}/hand-back": {"reason": "a test"},
    "POST /api/crew/jobs/{work_order_id}/done": {"note": "a test"},
    "POST /api/crew/jobs/{work_order_id}/cannot": {"reason": "a test"},
    "POST /api/vehicles/{vehicle_no}/commands": {"kind": "safe_stop", "reason": "a test"},
}
"""A body that is read without complaint, of the routes that take one."""


async def test_every_post_that_moves_something_asks_for_a_key_and_takes_it_for_one_body(
    api: Litestar, auth: AuthServices, somebody: Callable[..., Any]
) -> None:
    credentials = await somebody()()
    moving = [route for route in _posts(api) if str(route) not in MOVES_NOTHING]
    for number, route in enumerate(moving):
        headers, used = credentials[_role_of(route)], f"k-{number}"
        await _use_key(auth, headers, used)
        told = await _post(api, route, headers)
        assert (told.status_code, told.json()["code"]) == (400, "idempotency-key-missing"), route
        again = await _post(api, route, {**headers, "idempotency-key": used})
        assert (again.status_code, again.json()["code"]) == (409, "idempotency-key-reused"), route
    assert len(moving) >= 12


def test_every_exemption_names_a_route_that_there_is(api: Litestar) -> None:
    assert {str(route) for route in _posts(api)} >= MOVES_NOTHING.keys() | BODIES.keys()


def _posts(api: Litestar) -> list[WalkedRoute]:
    return [route for route in routes_of(api) if route.method not in ("GET", "HEAD", "WS", "ASGI")]


def _role_of(route: WalkedRoute) -> Role:
    """Return a role that may call the route and whose session counts there: staff, else the first."""
    assert route.scope is not None, f"{route} is open to anybody"
    may = sorted(role for role in Role if route.scope in ROLE_SCOPES[role] and role is not Role.LINK)
    return next((role for role in may if role in STAFF_ROLES), may[0])


async def _use_key(auth: AuthServices, headers: Headers, key: str) -> None:
    """Let the person have used the key for another request."""
    principal = await _who(auth, headers)
    async with auth.database.write() as tx:
        await once(tx, f"{principal.kind}:{principal.id}", key, "another body", at=auth.clock.wall())


async def _who(auth: AuthServices, headers: Headers) -> Principal:
    bearer = headers.get("authorization", "").removeprefix("Bearer ")
    session = headers.get("cookie", "").partition("=")[2]
    shown = (
        Credentials(bearer=bearer, sessions=()) if bearer else Credentials(bearer=None, sessions=(session,))
    )
    return await auth.people(shown)


async def _post(api: Litestar, route: WalkedRoute, headers: Headers) -> httpx.Response:
    transport = httpx.ASGITransport(cast(Any, api))
    async with httpx.AsyncClient(transport=transport, base_url="http://steppe.test") as client:
        return await client.request(
            route.method, route.address({}), json=BODIES.get(str(route)), headers=dict(headers)
        )
