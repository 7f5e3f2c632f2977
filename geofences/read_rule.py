"""The effective rule at a place and at any moment, past, present or to come."""

import asyncio
from collections.abc import Sequence
from datetime import datetime

from core.auth.principal import Reach
from core.database import Database
from core.errors import Invalid
from core.ids import OperatorId
from core.kinds import ServiceKind
from geofences.fences import Fence
from geofences.index import FenceIndex
from geofences.rules import EffectiveRule
from geofences.shapes import bounding_box
from geofences.store import FenceStore


async def read_rule(
    database: Database,
    lat: float,
    lng: float,
    *,
    at: datetime,
    service: ServiceKind,
    operator: OperatorId | None,
    reach: Reach,
) -> EffectiveRule:
    """Return what holds for a vehicle of this service and operator there and then.

    Judged by the versions that were (or will be) in force at that moment, as far as the reach goes; one that
    somebody publishes later is not foreseen. Raises ``Invalid`` for an operator outside the reach,
    ``Unavailable`` without the database.
    """
    if operator is not None and reach.operators is not None and operator not in reach.operators:
        raise Invalid(
            "invalid-input",
            f"{operator} is not an operator of yours",
            field="operator",
            limit=", ".join(sorted(reach.operators)),
        )
    async with database.read() as tx:
        fences = await FenceStore(tx).listed(at=at, reach=reach)
    return await asyncio.to_thread(_rule, fences, lat, lng, at, service, operator)


def _rule(
    fences: Sequence[Fence],
    lat: float,
    lng: float,
    at: datetime,
    service: ServiceKind,
    operator: OperatorId | None,
) -> EffectiveRule:
    near = [fence for fence in fences if _may_hold(fence, lat, lng)]
    return FenceIndex.build(near).rules_at(lat, lng, at, service, operator)


def _may_hold(fence: Fence, lat: float, lng: float) -> bool:
    west, south, east, north = bounding_box([fence.area])
    return south <= lat <= north and west <= lng <= east
