"""What operators do about dispatch by hand: plans looked at and given, decisions replayed."""

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.ids import DecisionId, DistrictCode
from core.repeatable import Repeated, answer_once, answered_before
from dashboard.parts import DashboardParts
from dashboard.schemas.dispatch_plans import (
    CommitPlan,
    DecisionLines,
    DecisionReplay,
    DispatchPlan,
    OtherWeights,
    PlanView,
    decision_lines,
    plan_view,
    replay_view,
    wishes_of,
)
from dashboard.schemas.dispatch_zones import weights_of
from services.dispatch.replay_decision import replay_decision
from services.dispatch.set_weights import must_say_why
from services.dispatch.store import DecisionStore
from services.dispatch.zone_reach import must_see_zone
from services.orders.store import OrderStore

NEWEST = 50
"""Decisions of a list."""


class DispatchDesk:
    """Looks at and gives an operator's own plan."""

    def __init__(self, parts: DashboardParts, principal: Principal) -> None:
        """Take the stores and who acts."""
        self._parts = parts
        self._principal = principal
        self._reach = reach_of(principal)

    async def preview(self, district: DistrictCode, plan: DispatchPlan) -> PlanView:
        """Return what would be given now; nothing is stored. Raises NotFound, Invalid, Unavailable."""
        at = self._parts.clock.now()
        await self._must_see(district)
        looked = await self._parts.by_hand.look(self._principal, district, wishes_of(plan))
        return plan_view([each.judged for each in looked], at)

    async def carry_out(self, district: DistrictCode, plan: CommitPlan, repeated: Repeated) -> PlanView:
        """Give what is still true, once, and say what moved. Raises NotFound, Invalid, Conflict."""
        database, clock, principal = self._parts.database, self._parts.clock, self._principal
        before = await answered_before(database, repeated, PlanView)
        if before is not None:
            return before
        said = must_say_why(plan.reason)
        await self._must_see(district)
        looked = await self._parts.by_hand.look(principal, district, wishes_of(plan), reason=said)

        async def work(tx: Transaction) -> PlanView:
            return plan_view(await self._parts.by_hand.give(tx, principal, looked, said), clock.now())

        return await answer_once(database, repeated, PlanView, work, status=200, wall=clock.wall())

    async def decisions(self, district: DistrictCode) -> DecisionLines:
        """Return the newest decisions of a zone about orders within the reach. Raises NotFound."""
        await self._must_see(district)
        async with self._parts.database.read() as tx:
            found = await DecisionStore(tx).newest(district, limit=NEWEST)
            seen = await OrderStore(tx).of_ids([each.order_id for each in found], self._reach)
        return decision_lines([each for each in found if each.order_id in seen])

    async def replay(self, decision_id: DecisionId, data: OtherWeights) -> DecisionReplay:
        """Return a decision with other weights. Raises NotFound, Invalid, Conflict."""
        weights = weights_of(data.weights)
        found = await replay_decision(self._parts.database, decision_id, weights, self._reach)
        return replay_view(*found)

    async def _must_see(self, district: DistrictCode) -> None:
        async with self._parts.database.read() as tx:
            await must_see_zone(tx, district, self._reach)
