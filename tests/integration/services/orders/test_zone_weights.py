"""The weights of a zone: kept version by version, and what the next round decides by."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.roles import Role
from core.errors import Forbidden, Invalid, NotFound, VersionMismatch
from core.ids import DistrictCode, OperatorId
from services.dispatch.set_weights import set_weights
from services.dispatch.store import DecisionStore
from services.dispatch.weights import Weights
from services.dispatch.zone_store import ZoneStore
from tests.integration.fleet.builders import a_principal, a_working_vehicle
from tests.integration.services.orders.town import KB, Town

LEAD = a_principal(Role.SHIFT_LEAD)


async def put(town: Town, weights: Weights, *, version: int, who: Any = LEAD, reason: str = "夜间") -> int:
    made = await set_weights(town.database, who, KB, weights, version=version, reason=reason, at=town.now)
    return made.version


async def test_the_next_round_decides_by_the_zones_weights_and_the_decision_names_their_version(
    any_town: Town,
) -> None:
    town = any_town
    await town.add_vehicle(7, lat=39.609, lng=109.79, battery_ratio=0.3)
    await town.add_vehicle(8, lat=39.60, lng=109.79, battery_ratio=0.9)
    assert await put(town, Weights(low_battery_ratio=0.9, low_battery_s=7200.0), version=0) == 1
    order = await town.order()
    await town.round()
    read = await town.read(order.order_id)
    assert read.vehicle_no == 8, "the nearer one has too little battery for these weights"
    async with town.database.read() as tx:
        [decision] = await DecisionStore(tx).of_order(order.order_id)
    assert decision.explanation.weights_version == 1
    [loser] = decision.explanation.candidates
    assert [(t.name, t.weight) for t in loser.terms if t.name == "battery"] == [("battery", 7200.0)]


async def test_versions_are_added_one_by_one_and_never_changed(any_town: Town) -> None:
    town = any_town
    await town.add_vehicle(7)
    both = await asyncio.gather(
        put(town, Weights(late=3.0), version=0),
        put(town, Weights(late=4.0), version=0),
        return_exceptions=True,
    )
    assert sorted(type(each).__name__ for each in both) == ["VersionMismatch", "int"], both
    assert await put(town, Weights(), version=1, reason="回到默认") == 2
    with pytest.raises(VersionMismatch):
        await put(town, Weights(late=9.0), version=1)
    async with town.database.read() as tx:
        history = await ZoneStore(tx).weights_history(KB)
        newest = await ZoneStore(tx).newest_weights([KB, DistrictCode("ZG")])
        noted = select(audit_entries.c.fields).where(audit_entries.c.action == "weights.set")
        fields = (await tx.execute(noted.order_by(audit_entries.c.id))).scalars().all()
    assert [(each.version, each.reason) for each in history] == [(2, "回到默认"), (1, "夜间")]
    assert {zone: each.version for zone, each in newest.items()} == {"KB": 2}
    assert fields[1]["changed"]["late"] == [history[1].weights.late, 2.0]


async def test_who_does_not_run_the_whole_zone_may_not_tune_it(town: Town) -> None:
    await town.add_vehicle(7)
    other = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-b"))
    elsewhere = a_principal(Role.SHIFT_LEAD, districts=frozenset({DistrictCode("ZG")}))
    for who in (other, elsewhere):
        with pytest.raises(NotFound):
            await put(town, Weights(), version=0, who=who)
    async with town.database.write() as tx:
        await a_working_vehicle(tx, 8, operator="op-b")
    with pytest.raises(Forbidden):
        await put(town, Weights(), version=0, who=other)
    with pytest.raises(Invalid, match="say why"):
        await put(town, Weights(), version=0, reason="  ")
