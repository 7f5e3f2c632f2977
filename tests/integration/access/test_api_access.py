"""The api: every route of its table as nobody and as every role; what is open to anybody, by name."""

from collections.abc import Callable
from typing import Any

import pytest
from litestar import Litestar

from core.auth.roles import Role
from tests.integration.access.walk import routes_of, walk

OPEN_TO_ANYBODY = {
    "GET /",
    "GET /api/codes/{code}",
    "GET /api/config",
    "GET /api/demo/log-ins",
    "GET /api/demo/phone",
    "GET /api/demo/shops",
    "GET /api/geo/districts",
    "GET /api/geo/grounds/{town}",
    "GET /api/geo/roads/{town}",
    "GET /api/openapi.json",
    "GET /api/operators",
    "GET /city",
    "GET /city/{rest}",
    "GET /console",
    "GET /console/{rest}",
    "GET /crew",
    "GET /crew/{rest}",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /merchant",
    "GET /merchant/{rest}",
    "GET /phone",
    "GET /phone-worker.js",
    "GET /phone.webmanifest",
    "GET /phone/{rest}",
    "GET /patrol",
    "GET /patrol/{rest}",
    "GET /planning",
    "GET /planning/{rest}",
    "GET /fences",
    "GET /fences/{rest}",
    "GET /records",
    "GET /records/{rest}",
    "GET /scan",
    "GET /scan/{rest}",
    "GET /privacy",
    "GET /privacy/{rest}",
    "POST /api/links/session",
    "POST /api/merchant/logout",
    "POST /api/merchant/session",
    "POST /api/notices/receipts",
    "POST /api/residents/codes",
    "POST /api/residents/login",
    "POST /api/residents/logout",
    "POST /api/staff/login",
    "POST /api/street/feedback",
    "POST /api/street/feedback/open",
    "POST /api/street/police",
    "POST /api/street/police/open",
    "POST /api/waybills/choose",
    "POST /api/waybills/decline",
    "POST /api/waybills/open",
    "POST /api/staff/logout",
}
"""Whoever makes a route public adds it here and says why in the change."""

MACHINES = frozenset({Role.MAKER, Role.DEVICE})
"""Their tokens are for the gateway; the api does not know them."""


def test_what_is_open_to_anybody_is_listed_by_name(api: Litestar) -> None:
    found = {str(route) for route in routes_of(api) if route.scope is None}
    assert found - {"GET /assets/{name}", "HEAD /assets/{name}"} == OPEN_TO_ANYBODY


@pytest.mark.slow
async def test_every_route_answers_every_role_as_the_table_says(
    api: Litestar, somebody: Callable[..., Any]
) -> None:
    assert await walk(api, somebody(), {}, unknown_here=MACHINES) == []
