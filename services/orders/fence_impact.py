"""Which open orders a fence would touch: those with an end inside."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import select

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction
from geofences import geo, shapes
from geofences.fences import FenceDraft
from geofences.preview import TouchedOrder
from services.delivery.tables import merchants, pickup_points
from services.orders.states import TERMINAL
from services.orders.tables import orders


class OrderImpact:
    """``geofences.impact.FenceImpact`` over the orders."""

    async def touched(self, tx: Transaction, draft: FenceDraft, reach: Reach) -> Sequence[TouchedOrder]:
        """Return the open orders within reach that are loaded or handed over inside, by id."""
        rows = (
            await tx.execute(
                select(
                    orders.c.order_id,
                    merchants.c.lat.label("from_lat"),
                    merchants.c.lng.label("from_lng"),
                    pickup_points.c.lat.label("to_lat"),
                    pickup_points.c.lng.label("to_lng"),
                )
                .join(merchants, merchants.c.merchant_id == orders.c.merchant_id)
                .join(pickup_points, pickup_points.c.pickup_point_id == orders.c.pickup_point_id)
                .where(
                    orders.c.state.not_in(sorted(TERMINAL)),
                    within(orders.c.district, reach.districts),
                    within(orders.c.operator, reach.operators),
                )
                .order_by(orders.c.order_id)
            )
        ).all()
        shape = shapes.to_geos(draft.area)
        starts = geo.covers(shape, np.array([r.from_lat for r in rows]), np.array([r.from_lng for r in rows]))
        ends = geo.covers(shape, np.array([r.to_lat for r in rows]), np.array([r.to_lng for r in rows]))
        found = []
        for row, starts_in, ends_in in zip(rows, starts.tolist(), ends.tolist(), strict=True):
            if starts_in:
                found.append(TouchedOrder(order_id=row.order_id, end="pickup"))
            if ends_in:
                found.append(TouchedOrder(order_id=row.order_id, end="dropoff"))
        return found
