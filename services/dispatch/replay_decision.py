"""Replaying a kept decision with other weights; nothing is changed by it."""

import asyncio

from core.auth.principal import EVERYTHING, Reach
from core.database import Database
from core.ids import DecisionId
from services.delivery.store import CatalogueStore
from services.dispatch.assignment import assign
from services.dispatch.replay import Replayed, replay
from services.dispatch.store import Decision, DecisionStore
from services.dispatch.weights import Weights, check_weights
from services.dispatch.zone_store import ZoneStore
from services.orders.store import OrderStore


async def replay_decision(
    database: Database, decision_id: DecisionId, weights: Weights, reach: Reach
) -> tuple[Decision, Weights, Replayed]:
    """Return a decision, the weights that held, and its round by other weights.

    The round are the decisions of the zone that were taken at the same moment; what was found unchanged for
    a waiting order then is not kept again and is not among them. Orders out of reach take part and are not
    shown. Raises NotFound, Invalid naming field and limit, Conflict for decisions that kept too little.
    """
    check_weights(weights)
    async with database.read() as tx:
        decision = await DecisionStore(tx).get(decision_id)
        await OrderStore(tx).get(decision.order_id, reach)
        together = await DecisionStore(tx).of_round(decision.district, decision.at)
        orders = await OrderStore(tx).of_ids([each.order_id for each in together], EVERYTHING)
        shown = await OrderStore(tx).of_ids([each.order_id for each in together], reach)
        shops = await CatalogueStore(tx).merchants_by_id(
            [order.merchant_id for order in orders.values()], EVERYTHING
        )
        old = await ZoneStore(tx).weights_of(decision.district, decision.explanation.weights_version)
    kinds = {order_id: shops[order.merchant_id].kind for order_id, order in orders.items()}
    explanations = [each.explanation for each in together]
    found = await asyncio.to_thread(replay, decision.explanation, explanations, old, weights, kinds, assign)
    seen = tuple(each for each in found.orders if each.order_id in shown)
    return decision, old, Replayed(orders=seen, vehicles=found.vehicles)
