"""How often vehicles of a company and model are inspected."""

from litestar import Controller, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from core import audit
from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.errors import Forbidden
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.schemas.inspection_rules import InspectionRuleBody, InspectionRules, inspection_rules
from fleet.vehicles.inspection_store import InspectionStore
from fleet.vehicles.inspections import InspectionRule

_READS = ("invalid-input", "not-authenticated", "forbidden", "unavailable")


class InspectionRuleRoutes(Controller):
    """Intervals of inspections: the rule that names most of a vehicle decides."""

    path = "/api/inspection-rules"
    tags = ("vehicles",)

    @get(
        "/",
        operation_id="listInspectionRules",
        guards=[requires(Scope.VEHICLES_READ)],
        responses=problem_responses(*_READS),
    )
    async def list_rules(self, dashboard: NamedDependency[DashboardParts]) -> InspectionRules:
        """Return every rule."""
        async with dashboard.database.read() as tx:
            return inspection_rules(await InspectionStore(tx).rules())

    @put(
        "/",
        operation_id="putInspectionRule",
        guards=[requires(Scope.VEHICLES_MANAGE)],
        responses=problem_responses(*_READS),
    )
    async def put_rule(
        self,
        data: JSONBody[InspectionRuleBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> InspectionRules:
        """Set the interval of a company and a model; people of a company set their own alone."""
        if principal.operator is not None and principal.operator != data.operator:
            raise Forbidden("forbidden", "a company sets the intervals of its own vehicles", field="operator")
        rule = InspectionRule(
            operator=data.operator, hardware_model=data.hardware_model, every_days=data.every_days
        )
        async with dashboard.database.write() as tx:
            await InspectionStore(tx).put_rule(rule)
            about = f"inspection_rule:{rule.operator}:{rule.hardware_model}"
            fields = {"every_days": rule.every_days}
            await audit.record(tx, principal, "inspection_rule.set", about, fields, at=dashboard.clock.now())
            return inspection_rules(await InspectionStore(tx).rules())
