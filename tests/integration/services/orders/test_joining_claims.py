"""The claim of an order that joins a run: what moved meanwhile, who was faster, a process that was killed."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.ids import FenceId, VehicleNo
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.register_vehicle import suspend_vehicle
from fleet.vehicles.store import VehicleStore
from services.dispatch.dispatch_zone import ZoneDispatcher
from services.dispatch.explanation import Explanation
from services.dispatch.freeze_zone import freeze_zone
from services.dispatch.give_run import LOST_RACE
from services.dispatch.joins.choose import Join
from services.dispatch.joins.give_join import ReadyJoin, RunJoiner
from services.dispatch.travel import TravelTimes
from services.dispatch.waiting import Waiting
from services.orders.cancel_order import cancel_order
from services.orders.states import OrderState as S
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.joining import (
    BACK,
    LOAD,
    a_parcel,
    milk_under_way,
    state,
    take,
    the_task,
)
from tests.integration.services.orders.test_shared_runs import at
from tests.integration.services.orders.town import CITY, KB, KEYPAD_ROOT, Town

ROOT = Path(__file__).parents[4]


class MovedMeanwhile(RunJoiner):
    """Joins as always, but something happens between the choice and the claim."""

    happens: Callable[[], Awaitable[None]]

    async def ready(self, join: Join, waiting: Waiting, explanation: Explanation) -> ReadyJoin | None:
        found = await super().ready(join, waiting, explanation)
        await self.happens()
        return found


def late_dispatcher(town: Town, happens: Callable[[], Awaitable[None]]) -> ZoneDispatcher:
    joiner = MovedMeanwhile(town.database, town.clock, town.ways, keypad_root=KEYPAD_ROOT, zone=CITY)
    joiner.happens = happens
    travel = TravelTimes(town.ways)
    return ZoneDispatcher(
        town.database, town.clock, town.fleet, travel, town.solver, town.giver, joiner=joiner
    )


@pytest.mark.parametrize("what", ["lost", "a stop is reached", "frozen", "held", "out of service"])
async def test_what_moves_between_the_choice_and_the_claim_keeps_the_order_waiting(
    any_town: Town, what: str
) -> None:
    town = any_town
    _, vehicle = await milk_under_way(town)
    parcel = await a_parcel(town)

    async def frozen() -> None:
        await freeze_zone(
            town.database,
            a_principal(Role.SHIFT_LEAD),
            KB,
            is_frozen=True,
            version=0,
            reason="x",
            at=town.now,
        )

    async def held() -> None:
        async with town.database.write() as tx:
            await VehicleStore(tx).raise_stop_epoch(VehicleNo(7), 9, held=True, at=town.now)

    async def out_of_service() -> None:

        async with town.database.write() as tx:
            await suspend_vehicle(tx, None, VehicleNo(7), EVERYTHING, reason="x", at=town.now)

    async def lost() -> None:
        await vehicle.say("fault", {"code": 3, "fatal": True})

    async def reached() -> None:
        await at(vehicle, LOAD)

    deeds = {
        "lost": lost,
        "a stop is reached": reached,
        "frozen": frozen,
        "held": held,
        "out of service": out_of_service,
    }
    counts = await late_dispatcher(town, deeds[what]).run_round(KB)
    assert (counts["assigned"], counts["lost"]) == (0, 1)
    assert await state(town, parcel) is S.ACCEPTED
    assert await town.commands(7, CommandKind.REROUTE) == []


async def test_the_claim_asks_again_whether_the_permit_covers_the_new_stops(town: Town) -> None:
    await milk_under_way(town)
    await a_parcel(town)

    class Elsewhere(RunJoiner):
        async def ready(self, join: Join, waiting: Waiting, explanation: Explanation) -> ReadyJoin | None:
            found = await super().ready(join, waiting, explanation)
            assert found is not None
            elsewhere = msgspec.structs.replace(join, areas=frozenset({FenceId("area-9")}))
            return msgspec.structs.replace(found, join=elsewhere)

    joiner = Elsewhere(town.database, town.clock, town.ways, keypad_root=KEYPAD_ROOT, zone=CITY)
    dispatcher = ZoneDispatcher(
        town.database, town.clock, town.fleet, TravelTimes(town.ways), town.solver, town.giver, joiner=joiner
    )
    assert (await dispatcher.run_round(KB))["lost"] == 1


async def test_rounds_that_race_add_an_order_once(racers: list[Town]) -> None:
    town = racers[0]
    milk, _ = await milk_under_way(town)
    parcel = await a_parcel(town)
    counts = await asyncio.gather(*(racer.dispatcher.run_round(KB) for racer in racers))
    assert sum(count["assigned"] for count in counts) == 1
    task = await the_task(town, milk)
    assert [stop.kind for stop in task.stops].count(BACK) == 1
    assert set(task.orders()) == {milk.order_id, parcel.order_id}
    assert len(await town.commands(7, CommandKind.REROUTE)) == 1


async def test_of_two_orders_that_race_for_one_run_one_joins_and_the_run_is_whole(
    racers: list[Town],
) -> None:
    town = racers[0]
    milk, _ = await milk_under_way(town)
    parcels = [await a_parcel(town), await a_parcel(town)]
    counts = await asyncio.gather(*(racer.dispatcher.run_round(KB) for racer in racers))
    states = [await state(town, each) for each in parcels]
    assert sorted(states) == [S.ACCEPTED, S.ASSIGNED]
    assert sum(count["assigned"] for count in counts) == 1
    assert len((await the_task(town, milk)).orders()) == 2


async def test_joining_against_cancelling_leaves_no_vehicle_with_a_cancelled_order(
    racers: list[Town],
) -> None:
    town = racers[0]
    milk, _ = await milk_under_way(town)
    parcel = await a_parcel(town)

    async def cancel(racer: Town) -> None:
        try:
            async with racer.database.write() as tx:
                await cancel_order(
                    tx, parcel.order_id, EVERYTHING, by="r", reason="x", actor="r", at=racer.now, rate=1.0
                )
        except LOST_RACE:
            return

    await asyncio.gather(racers[0].dispatcher.run_round(KB), cancel(racers[1]), cancel(racers[2]))
    now, task = await town.read(parcel.order_id), await the_task(town, milk)
    rides = parcel.order_id in task.orders()
    assert rides is (now.state is S.ASSIGNED)


@pytest.mark.parametrize("point", ["before_claim", "between_claims", "before_commit", "after_commit"])
async def test_a_round_killed_while_an_order_joins_adds_it_once_or_not_at_all(town: Town, point: str) -> None:
    milk, vehicle = await milk_under_way(town)
    parcel = await a_parcel(town)
    url = str(town.database._writer.url.render_as_string())
    words = ["-m", "tests.integration.services.orders.join_process", url, str(town.now), point]
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, *words], cwd=ROOT, capture_output=True, check=False, timeout=60
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()[-2000:]
    is_given = point == "after_commit"
    assert (await state(town, parcel) is S.ASSIGNED) is is_given
    assert len(await town.commands(7, CommandKind.REROUTE)) == int(is_given)
    assert len((await the_task(town, milk)).orders()) == 1 + int(is_given)
    await town.round()
    await take(town, vehicle)
    assert await state(town, parcel) is S.PICKING_UP
    assert set((await the_task(town, milk)).orders()) == {milk.order_id, parcel.order_id}
