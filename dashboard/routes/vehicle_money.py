"""What vehicle-days earned and cost, with the formula of each number and the rates behind it."""

from datetime import date
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.parts import DashboardParts
from dashboard.schemas.vehicle_money import DayInMoney, RatesBody, RatesView
from dashboard.vehicle_money_desk import agree_rates, day_of_fleet, rates_listed

READ = ("not-authenticated", "forbidden", "invalid-input", "database-unavailable")


class VehicleMoney(Controller):
    """Vehicle-days in money, within reach."""

    path = "/api/settlement"
    tags = ("settlement",)

    @get(
        "/vehicle-days",
        operation_id="readDayInMoney",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ),
    )
    async def day(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        day: Annotated[date | None, QueryParameter(description="Without it the last that ended")] = None,
    ) -> DayInMoney:
        """Return revenue, energy, minutes and costs of every vehicle on a closed local day."""
        return await day_of_fleet(dashboard, principal, day)

    @get(
        "/rates",
        operation_id="listCostRates",
        guards=[requires(Scope.SETTLEMENT_READ)],
        responses=problem_responses(*READ),
    )
    async def rates(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> list[RatesView]:
        """Return every version of one's own company's rates, the newest first."""
        return await rates_listed(dashboard, principal)

    @post(
        "/rates",
        operation_id="agreeCostRates",
        status_code=HTTP_201_CREATED,
        guards=[requires(Scope.SETTLEMENT_MANAGE)],
        responses=problem_responses(*READ, *REPEATED, "origin-refused", "already-exists", "database-busy"),
    )
    async def agree(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[RatesBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> RatesView:
        """Reckon with these rates from now on; earlier days keep theirs."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await agree_rates(dashboard, principal, data, repeated)
