"""A weather recall on both databases: everybody comes in once, who reaches least far first."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.ids import OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.tables import alarms
from fleet.commands.command import Command
from fleet.links.wire.commands import CommandKind, ReturnToDepot, SetSpeedCap
from fleet.vehicles.judge_vehicles import CityNow, judge_vehicles
from fleet.vehicles.kinds import Duty
from fleet.vehicles.store import VehicleStore
from fleet.weather.conditions import Weather, WeatherLimits
from fleet.weather.fact import FactKind, OwnLimits, ServiceLimits, WeatherFact
from fleet.weather.recall import Deed, RecallState
from fleet.weather.recall_store import RecallStore
from fleet.weather.store import WeatherStore
from services.tasks.states import StopKind
from services.weather_recall.call_vehicle import VehicleCaller
from services.weather_recall.recall_vehicles import RecallWatch
from tests.integration.services.orders.town import CITY, KB, Town

HOME: dict[str, Any] = {"lat": 39.59, "lng": 109.78}
"""Where the depot of the town stands."""


@pytest.fixture
def watch() -> Callable[[Town], RecallWatch]:
    def make(town: Town) -> RecallWatch:
        caller = VehicleCaller(town.database, town.clock, town.ways, town.reports)
        return RecallWatch(town.database, town.clock, town.listener, caller)

    return make


async def blows(town: Town, wind_mps: float) -> None:
    fact = WeatherFact(
        district=KB,
        source="desk",
        kind=FactKind.OBSERVED,
        valid_from=town.now,
        valid_to=town.now + timedelta(hours=1),
        weather=Weather(wind_mps=wind_mps),
        recorded_at=town.now,
    )
    async with town.database.write() as tx:
        await WeatherStore(tx).put(fact)


async def bears_wind(town: Town) -> None:
    async with town.database.write() as tx:
        limits = WeatherLimits(highest_wind_mps=12)
        for service in (ServiceKind.DELIVERY, ServiceKind.PATROL):
            await WeatherStore(tx).add_limits(
                ServiceLimits(service=service, version=1, limits=limits, by_name="x", reason="", at=town.now)
            )


async def called(town: Town) -> list[tuple[int, str]]:
    """Vehicles in the order in which they were called, with what they do now."""
    async with town.database.read() as tx:
        recalls = await RecallStore(tx).running()
        found = await RecallStore(tx).vehicles([each.recall_id for each in recalls])
    rows = [each for recall in recalls for each in found[recall.recall_id]]
    return [(int(each.vehicle_no), each.deed.value) for each in sorted(rows, key=lambda row: row.called_at)]


async def told(town: Town, number: int) -> list[str]:
    return [command.kind.value for command in await town.commands(number)]


async def body_of[T](town: Town, number: int, kind: CommandKind, type_: type[T]) -> T:
    found: list[Command] = await town.commands(number, kind)
    return msgspec.json.decode(found[0].body, type=type_)


async def reasons_of(town: Town, number: int) -> list[str]:
    now = CityNow(at=town.now, wall=town.clock.wall(), zone=CITY, fence_set_current=1)
    async with town.database.read() as tx:
        vehicle = await VehicleStore(tx).get(VehicleNo(number), EVERYTHING)
        (judged,) = await judge_vehicles(tx, [vehicle], town.listener.said, now)
    return [reason.code.value for reason in judged.reasons]


async def test_a_storm_brings_the_fleet_home_once_each_in_order_of_range_and_its_end_lets_it_out(
    any_town: Town, watch: Callable[[Town], RecallWatch]
) -> None:
    town = any_town
    await bears_wind(town)
    await town.add_vehicle(7, battery_ratio=0.9)
    await town.add_vehicle(8, battery_ratio=0.4)
    await town.add_vehicle(9, battery_ratio=0.6, **HOME)
    order = await town.order()
    await town.round()
    recalls, again = watch(town), watch(town)
    await blows(town, 11.9)
    assert await recalls.look_once() == {}
    await blows(town, 17)
    assert await recalls.look_once() == {"home": 2}
    assert [number for number, _ in await called(town)] == [8, 7], "who reaches least far is called first"
    assert (await body_of(town, 8, CommandKind.RETURN_TO_DEPOT, ReturnToDepot)).lat == HOME["lat"]
    assert await told(town, 9) == [], "at the depot nobody is called"
    assert (await again.look_once(), await recalls.look_once()) == ({}, {}), "once each, whoever looks"
    assert [len(await town.commands(n, CommandKind.RETURN_TO_DEPOT)) for n in (7, 8)] == [1, 1]
    assert (await town.read(order.order_id)).state.value == "accepted", "the order waits for another day"
    assert await town.task_of(7) is None
    assert await town.task_of(8) is None
    assert set(await reasons_of(town, 9)) == {"weather_limit", "weather_recall"}
    assert (await town.round())["waiting"] == 1
    assert (await town.round()).get("assigned", 0) == 0

    for number in (7, 8):
        town.listener.says(number, measured_at=town.now, **HOME)
    await blows(town, 5)
    assert await recalls.look_once() in ({}, {"sheltered": 2})
    town.clock.advance(16 * 60)
    await town.operators_stay()
    await blows(town, 5)
    await recalls.look_once()
    assert await called(town) == []
    assert "weather_recall" not in await reasons_of(town, 9)
    async with town.database.read() as tx:
        (recall,) = await RecallStore(tx).past(None)
        rows = (await tx.execute(select(audit_entries.c.action))).scalars()
        written = [action for action in rows if action.startswith(("weather", "vehicle.recalled"))]
    assert recall.state is RecallState.RELEASED
    assert written.count("weather_recall.started") == 1
    assert written.count("vehicle.recalled") >= 2


async def test_goods_on_board_are_handed_over_first_slowly_and_then_the_vehicle_comes_home(
    town: Town, watch: Callable[[Town], RecallWatch]
) -> None:
    await bears_wind(town)
    await town.add_vehicle(7)
    order = await town.order()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    recalls = watch(town)
    await blows(town, 17)
    assert await recalls.look_once() == {"finish": 1}
    assert await recalls.look_once() == {}
    assert (await body_of(town, 7, CommandKind.SET_SPEED_CAP, SetSpeedCap)).speed_mps == 2.0
    assert await town.task_of(7) is not None
    await vehicle.leave(StopKind.LOAD)
    await vehicle.reach(StopKind.HANDOVER)
    await vehicle.hand_over(order)
    await vehicle.leave(StopKind.HANDOVER)
    await vehicle.done()
    assert await recalls.look_once() == {"home": 1}
    assert [deed for _, deed in await called(town)] == [Deed.HOME.value]
    await blows(town, 5)
    await recalls.look_once()
    town.clock.advance(16 * 60)
    await blows(town, 5)
    await recalls.look_once()
    caps = [body.speed_mps for body in await _caps(town, 7)]
    assert caps[-1] is None, "the end of the recall lifts the cap"


async def _caps(town: Town, number: int) -> list[SetSpeedCap]:
    found = await town.commands(number, CommandKind.SET_SPEED_CAP)
    return [msgspec.json.decode(command.body, type=SetSpeedCap) for command in found]


async def test_a_vehicle_whose_battery_does_not_carry_it_home_stops_and_calls_a_person(
    town: Town, watch: Callable[[Town], RecallWatch]
) -> None:
    await bears_wind(town)
    await town.add_vehicle(7, battery_ratio=0.125, outside_c=-25.0)
    recalls = watch(town)
    await blows(town, 17)
    assert await recalls.look_once() == {"stay": 1}
    assert await told(town, 7) == ["safe_stop"]
    async with town.database.read() as tx:
        kinds = list((await tx.execute(select(alarms.c.kind))).scalars())
    assert kinds == ["weather_limit"]
    assert await recalls.look_once() == {}


async def test_a_crash_in_the_middle_of_a_call_leaves_nothing_and_the_next_look_calls(
    town: Town, watch: Callable[[Town], RecallWatch], monkeypatch: pytest.MonkeyPatch
) -> None:
    await bears_wind(town)
    for number in (7, 8):
        await town.add_vehicle(number, battery_ratio=0.5 + number / 100)
    recalls = watch(town)
    await blows(town, 17)

    async def dies(*_: Any, **__: Any) -> None:
        raise RuntimeError("the process died here")

    with monkeypatch.context() as dying:
        dying.setattr("services.weather_recall.call_vehicle.bind_vehicle", dies)
        with pytest.raises(RuntimeError):
            await recalls.look_once()
    assert await called(town) == []
    assert await told(town, 7) == []
    assert await watch(town).look_once() == {"home": 2}
    assert [number for number, _ in await called(town)] == [7, 8]
    async with town.database.read() as tx:
        vehicle = await VehicleStore(tx).get(VehicleNo(7), EVERYTHING)
    assert vehicle.duty is Duty.RETURNING


async def bears_less_wind(town: Town, operator: str, wind_mps: float) -> None:
    async with town.database.write() as tx:
        own = OwnLimits(
            operator=OperatorId(operator),
            service=ServiceKind.DELIVERY,
            version=1,
            limits=WeatherLimits(highest_wind_mps=wind_mps),
            by_name="x",
            reason="",
            at=town.now,
        )
        await WeatherStore(tx).add_own(own)


async def running(town: Town) -> list[tuple[str, str]]:
    async with town.database.read() as tx:
        return [(each.operator, each.state.value) for each in await RecallStore(tx).running()]


async def test_a_companys_stricter_limit_brings_in_its_own_vehicles_alone(
    any_town: Town, watch: Callable[[Town], RecallWatch]
) -> None:
    town = any_town
    await bears_wind(town)
    await bears_less_wind(town, "op-a", 8)
    await town.add_vehicle(7)
    await town.add_vehicle(8, operator="op-b")
    await blows(town, 9)
    assert await watch(town).look_once() == {"home": 1}
    assert await called(town) == [(7, "home")]
    assert await running(town) == [("op-a", "active")]
    assert set(await reasons_of(town, 7)) >= {"weather_limit", "weather_recall"}
    assert not {"weather_limit", "weather_recall"} & set(await reasons_of(town, 8)), (
        "another company bears it"
    )


async def test_a_storm_for_everybody_calls_nobody_a_second_time(
    town: Town, watch: Callable[[Town], RecallWatch]
) -> None:
    await bears_wind(town)
    await bears_less_wind(town, "op-a", 8)
    await town.add_vehicle(7)
    await town.add_vehicle(8, operator="op-b")
    recalls = watch(town)
    await blows(town, 9)
    await recalls.look_once()
    await blows(town, 17)
    assert await recalls.look_once() == {"home": 1}
    assert sorted(await running(town)) == [("", "active"), ("op-a", "active")]
    assert [len(await town.commands(n, CommandKind.RETURN_TO_DEPOT)) for n in (7, 8)] == [1, 1]


async def test_a_storm_for_everybody_needs_no_recall_of_a_company_beside_it(
    town: Town, watch: Callable[[Town], RecallWatch]
) -> None:
    await bears_wind(town)
    await bears_less_wind(town, "op-a", 8)
    await town.add_vehicle(7)
    await blows(town, 17)
    assert await watch(town).look_once() == {"home": 1}
    assert await running(town) == [("", "active")]


async def test_a_companys_recall_ends_when_its_own_limit_is_kept(
    town: Town, watch: Callable[[Town], RecallWatch]
) -> None:
    await bears_wind(town)
    await bears_less_wind(town, "op-a", 8)
    await town.add_vehicle(7)
    recalls = watch(town)
    await blows(town, 9)
    await recalls.look_once()
    await blows(town, 8)
    await recalls.look_once()
    assert await running(town) == [("op-a", "calming")]
    town.clock.advance(16 * 60)
    await blows(town, 8)
    await recalls.look_once()
    assert await running(town) == []
