"""A frozen zone gives no new work, says who froze it, and is woken when it is thawed."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.roles import Role
from core.database import Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, VersionMismatch
from core.ids import VehicleNo
from core.kinds import ServiceKind
from core.outbox import outbox
from services.dispatch.dispatch_zone import ZoneDispatcher
from services.dispatch.fleet_member import FleetMember
from services.dispatch.freeze import ZoneFreeze
from services.dispatch.freeze_zone import freeze_zone
from services.dispatch.give_run import GivenRun, RunGiver
from services.dispatch.settle_idle import IdleKeeper
from services.dispatch.store import DecisionStore
from services.dispatch.travel import TravelTimes
from services.dispatch.work import Work, WorkStop, where
from services.dispatch.zone_store import ZoneStore
from services.orders.states import OrderState
from services.places.place import PlaceKind
from services.places.store import PlaceStore
from services.routing.route import GeoPoint
from services.tasks.states import TaskKind
from services.tasks.task import Task
from tests.integration.fleet.builders import CITY, a_principal, a_working_vehicle
from tests.integration.services.orders.town import KB, KEYPAD_ROOT, Town

LEAD = a_principal(Role.SHIFT_LEAD, name="值班长")


async def put(town: Town, is_frozen: bool, version: int, who: Any = LEAD, reason: str = "暴雪") -> ZoneFreeze:
    return await freeze_zone(
        town.database, who, KB, is_frozen=is_frozen, version=version, reason=reason, at=town.now
    )


async def test_a_frozen_zone_gives_no_order_and_no_round_and_says_who_froze_it_until_it_is_thawed(
    any_town: Town,
) -> None:
    town = any_town
    await town.add_vehicle(7)
    await town.add_vehicle(8, service=ServiceKind.SWEEPING)
    await put(town, True, 0)
    order = await town.order()
    assert (await town.round())["assigned"] == 0
    assert await keeper_with_work(town).settle(KB) == {}
    waiting = await town.read(order.order_id)
    assert (waiting.state, waiting.reason) == (OrderState.ACCEPTED, "zone_frozen")
    async with town.database.read() as tx:
        [decision] = await DecisionStore(tx).of_order(order.order_id)
    assert decision.explanation.text_zh == "值班长已暂停本旗区派车：暴雪"
    await put(town, False, 1, reason="雪停")
    async with town.database.read() as tx:
        woken = (await tx.execute(select(outbox.c.payload).where(outbox.c.topic == "dispatch.wanted"))).all()
        said = (await tx.execute(select(audit_entries.c.action, audit_entries.c.reason))).all()
    assert [row.payload for row in woken][-1] == {"zone": "KB"}
    assert {("zone.frozen", "暴雪"), ("zone.thawed", "雪停")} <= {tuple(row) for row in said}
    assert (await town.round())["assigned"] == 1
    assert sum((await keeper_with_work(town).settle(KB)).values()) == 1


class OneVisit:
    """Has a drive to the depot for whoever asks."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def next_work(self, member: FleetMember, *, at: datetime) -> Work | None:
        async with self.town.database.read() as tx:
            [depot] = await PlaceStore(tx).of_kind(PlaceKind.DEPOT, KB)
        leg = await self.town.ways.leg(where(member), GeoPoint(depot.lat, depot.lng))
        assert leg is not None
        return Work(kind=TaskKind.SWEEPING, stops=(WorkStop(place=depot, leg=leg),))

    async def claimed(self, tx: Transaction, task: Task, work: Work) -> None:
        pass


def keeper_with_work(town: Town) -> IdleKeeper:
    sources = {ServiceKind.SWEEPING: OneVisit(town)}
    return IdleKeeper(town.database, town.clock, town.fleet, town.ways, sources)


class FrozenMeanwhile(RunGiver):
    """Gives as always, but somebody freezes the zone between the choice and the claim."""

    town: Town

    async def give(self, run: GivenRun) -> bool:
        await put(self.town, True, 0)
        return await super().give(run)


async def test_what_a_round_chose_before_the_freeze_is_not_given_after_it_and_kept_work_goes_on(
    any_town: Town,
) -> None:
    town = any_town
    await town.add_vehicle(7)
    await town.add_vehicle(8)
    under_way = await town.order()
    await town.round()
    late = await town.order(resident="r-2")
    giver = FrozenMeanwhile(town.database, town.clock, town.ways, keypad_root=KEYPAD_ROOT, zone=CITY)
    giver.town = town
    late_round = ZoneDispatcher(
        town.database, town.clock, town.fleet, TravelTimes(town.ways), town.solver, giver
    )
    assert (await late_round.run_round(KB))["lost"] == 1
    assert (await town.read(late.order_id)).state is OrderState.ACCEPTED
    kept = await town.read(under_way.order_id)
    vehicle = town.script(int(kept.vehicle_no or VehicleNo(0)))
    await vehicle.take_plan()
    assert (await town.read(under_way.order_id)).state is not OrderState.ACCEPTED


async def test_a_freeze_is_refused_with_the_reason(town: Town) -> None:
    await town.add_vehicle(7)
    with pytest.raises(Invalid):
        await put(town, True, 0, reason=" ")
    with pytest.raises(Conflict):
        await put(town, False, 0)
    with pytest.raises(VersionMismatch):
        await put(town, True, 3)
    with pytest.raises(NotFound):
        await put(town, True, 0, who=a_principal(Role.SHIFT_LEAD, operator="op-b"))
    async with town.database.write() as tx:
        await a_working_vehicle(tx, 9, operator="op-b")
    with pytest.raises(Forbidden):
        await put(town, True, 0, who=a_principal(Role.SHIFT_LEAD, operator="op-a"))
    async with town.database.read() as tx:
        assert await ZoneStore(tx).freezes(KB) == []
