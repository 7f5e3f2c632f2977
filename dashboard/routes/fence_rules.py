"""What holds at a place: many fences, one rule."""

from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import OperatorId
from core.kinds import ServiceKind
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import moment_of
from dashboard.schemas.fence_rules import RuleView, rule_view
from geofences.read_rule import read_rule


@get(
    "/api/fences/rule",
    operation_id="readFenceRule",
    tags=["fences"],
    guards=[requires(Scope.FENCES_READ)],
    responses=problem_responses("invalid-input", "not-authenticated", "forbidden", "unavailable"),
)
async def read_fence_rule(
    principal: NamedDependency[Principal],
    dashboard: NamedDependency[DashboardParts],
    lat: Annotated[float, QueryParameter(ge=-90, le=90)],
    lng: Annotated[float, QueryParameter(ge=-180, le=180)],
    service: FromQuery[ServiceKind],
    operator: Annotated[str | None, QueryParameter(max_length=64)] = None,
    at: FromQuery[datetime | None] = None,
) -> RuleView:
    """Return the rule at a place and a moment (default: now) and the fence that decided each part."""
    rule = await read_rule(
        dashboard.database,
        lat,
        lng,
        at=moment_of(at, dashboard.clock),
        service=service,
        operator=None if operator is None else OperatorId(operator),
        reach=reach_of(principal),
    )
    return rule_view(rule)
