"""Simulated vehicles and the real gateway."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fleet.links.wire.commands import CommandKind, OpenCompartment
from tests.integration.simulator.conftest import NUMBERS, City, on_time
from tests.simulated import CODES, a_command, a_delivery, a_plan, a_stop

type Eventually = Callable[..., Awaitable[Any]]
type Start = Callable[..., Any]


async def test_every_vehicle_reports_once_a_city_second_without_a_gap(
    city: City, start_world: Start, eventually: Eventually
) -> None:
    async with start_world():

        async def enough() -> bool:
            found = await city.positions()
            return set(found) == set(NUMBERS) and min(map(len, found.values())) >= 30

        await eventually(enough, within=10)
        found = await city.positions()
        for numbers in found.values():
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_a_vehicle_states_the_policy_that_the_welcome_wants(
    city: City, start_world: Start, eventually: Eventually
) -> None:
    async with start_world() as world:
        for number in NUMBERS:

            async def stated(number: int = number) -> bool:
                return "link_loss_policy" in await city.kinds(number)

            await eventually(stated, within=10)
        assert world.vehicles[7].memory.policy_version == 3


@pytest.mark.slow
async def test_a_delivery_is_driven_and_reported_in_order(
    city: City, start_world: Start, eventually: Eventually
) -> None:
    async with start_world() as world:
        await eventually(lambda: world.clouds[0].is_up, within=10)
        plan = a_delivery()
        await city.tell(on_time(city, a_command(CommandKind.ASSIGN_TASK, plan, epoch=1)))

        async def stands_at(count: int) -> bool:
            return (await city.kinds(7)).count("stop_reached") == count

        await eventually(lambda: stands_at(1), within=20)
        door = OpenCompartment(compartment=1, order_id="o1")
        await city.tell(on_time(city, a_command(CommandKind.OPEN_COMPARTMENT, door)))
        await eventually(lambda: stands_at(2), within=30)
        answer = world.type_code("EDS-KB-D-0007-X", CODES[2])
        assert answer is not None
        assert (answer.result, answer.generation) == ("opened", 2)

        async def is_done() -> bool:
            return "task_done" in await city.kinds(7)

        await eventually(is_done, within=20)
        reports = await city.reports(7)
        numbers = [seq for seq, _ in reports]
        assert numbers == list(range(1, len(numbers) + 1))
        assert [kind for _, kind in reports if kind not in ("command_ack", "command_result")] == [
            "link_loss_policy",
            "stop_reached",
            "door_opened",
            "goods_loaded",
            "door_closed",
            "stop_left",
            "stop_reached",
            "door_opened",
            "door_closed",
            "stop_left",
            "task_done",
        ]


async def test_nothing_is_missing_after_the_gateway_was_away(
    city: City, start_world: Start, eventually: Eventually
) -> None:
    async with start_world() as world:

        async def is_heard() -> bool:
            found = await city.positions()
            return all(found.get(number) for number in NUMBERS)

        await eventually(is_heard, within=10)
        # Near enough to be there before the link-loss policy slows it (10 city seconds) and stops it (30).
        plan = a_plan(a_stop("s", "visit", 15.0, wait_s=1.0))
        await city.tell(on_time(city, a_command(CommandKind.ASSIGN_TASK, plan, epoch=1)))
        await eventually(lambda: world.vehicles[7].memory.task is not None, within=10)
        await city.stop()
        await eventually(lambda: world.vehicles[7].memory.task is None, within=40)
        made = {number: vehicle.memory.position_seq for number, vehicle in world.vehicles.items()}
        await city.start()

        async def caught_up() -> bool:
            found = await city.positions()
            return all(made[number] <= max(found.get(number, [0])) for number in NUMBERS)

        await eventually(caught_up, within=20)
        for number, numbers in (await city.positions()).items():
            assert set(range(1, made[number] + 1)) <= set(numbers)

        async def told() -> bool:
            return "task_done" in await city.kinds(7)

        await eventually(told, within=10)
        assert world.clouds[0].sessions >= 2


@pytest.mark.slow
async def test_a_vehicle_that_loses_its_network_tells_everything_later(
    city: City, start_world: Start, eventually: Eventually
) -> None:
    async with start_world(outages_per_hour=200.0) as world:
        await eventually(lambda: world.clouds[0].is_up, within=10)

        async def enough() -> bool:
            found = await city.positions()
            return set(found) == set(NUMBERS) and min(map(len, found.values())) >= 120

        await eventually(enough, within=60)
        for numbers in (await city.positions()).values():
            assert sorted(numbers) == list(range(1, max(numbers) + 1))


async def test_numbers_go_on_when_the_simulator_is_started_again(
    city: City, start_world: Start, eventually: Eventually
) -> None:
    async def reported(least: int) -> bool:
        return len((await city.positions()).get(7, ())) >= least

    async with start_world() as world:
        await eventually(lambda: reported(5), within=10)
        await eventually(lambda: not world.vehicles[7].memory.reports, within=10)
    before = await city.positions()
    async with start_world() as world:
        assert world.vehicles[7].memory.report_seq == 1
        assert world.vehicles[7].memory.policy_version == 3
        await eventually(lambda: reported(len(before[7]) + 5), within=10)
    after = await city.positions()
    assert len(set(after[7])) == len(after[7])
    assert (await city.kinds(7)).count("link_loss_policy") == 1


async def test_with_a_wrong_secret_nobody_is_let_in_and_no_time_passes(
    city: City, start_world: Start, eventually: Eventually
) -> None:
    async with start_world(secret="guessed") as world:
        await eventually(lambda: "link" in world.clouds[0].refused, within=10)
        assert not world.clock.is_known
        assert await city.positions() == {}
