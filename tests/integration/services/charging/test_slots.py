"""Chargers on both databases: a slot has one vehicle, who needs it most comes first, nothing stays taken."""

import asyncio
import random
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import select

from core.database import Database
from core.errors import Conflict
from core.ids import DistrictCode, TaskId, VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.alarm import Alarm
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind, AlarmState
from fleet.alarms.store import AlarmStore
from fleet.links.wire.commands import CommandKind
from fleet.work_orders.open_work_order import follow_alarm
from fleet.work_orders.tables import work_orders
from services.charging.charger import (
    HOLDS_SLOT,
    Charger,
    Reservation,
    ReservationEvent,
    ReservationState,
    advance,
)
from services.charging.reserve import take_slot
from services.charging.stalled import FULL_RATIO, STALLED_AFTER, is_stalled, looked_at
from services.charging.store import ChargerStore
from services.charging.watch_charging import HEARD_WITHIN, ChargingWatch
from services.tasks.lose_task import lose_task
from services.tasks.states import StopKind
from tests.integration.fleet.builders import AT
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import KB, Town, later

CHARGERS = tuple(
    Charger(place_id=f"c-{n}", district=DistrictCode("KB"), slots=n, power_w=7000.0) for n in (1, 2, 3)
)


async def standing(town: Town) -> dict[int, tuple[str, int | None]]:
    async with town.database.read() as tx:
        living = await ChargerStore(tx).living([KB])
    return {int(each.vehicle_no): (each.state.value, each.slot) for each in living}


@pytest.mark.parametrize("seed", [1, 2])
async def test_no_slot_has_two_vehicles_and_no_vehicle_two_slots_however_many_ask_at_once(
    database: Database, seed: int
) -> None:
    """Vehicles ask for, come to and leave chargers at once and in any order."""
    lot = random.Random(seed)
    async with database.write() as tx:
        for charger in CHARGERS:
            await ChargerStore(tx).put(charger)

    async def live(number: int) -> None:
        for turn in range(4):
            charger = lot.choice(CHARGERS)
            try:
                async with database.write() as tx:
                    await take_slot(
                        tx,
                        charger,
                        VehicleNo(number),
                        TaskId(f"t-{number}-{turn}"),
                        reach_m=float(number),
                        preheat_s=0.0,
                        at=AT,
                    )
            except Conflict:
                continue
            for event in lot.choice([(), (ReservationEvent.GIVEN_UP,), (ReservationEvent.ARRIVED,)]):
                async with database.write() as tx:
                    held = await ChargerStore(tx).of_vehicle(VehicleNo(number))
                    assert held is not None
                    await ChargerStore(tx).save(held, advance(held, event, at=AT + timedelta(minutes=turn)))

    await asyncio.gather(*(live(number) for number in range(1, 10)))
    async with database.read() as tx:
        holding = await ChargerStore(tx).living(None, HOLDS_SLOT)
    taken = [(each.place_id, each.slot) for each in holding]
    assert len(taken) == len(set(taken)), "a slot has one vehicle"
    assert len({each.vehicle_no for each in holding}) == len(holding), "a vehicle has one slot"
    slots = {charger.place_id: charger.slots for charger in CHARGERS}
    assert all(each.slot is not None and 1 <= each.slot <= slots[each.place_id] for each in holding)
    assert len(holding) >= 3, "slots were given"


async def test_the_slot_goes_to_who_reaches_least_far_and_the_queue_follows_by_need(any_town: Town) -> None:
    town = any_town
    for number, ratio in ((7, 0.29), (8, 0.22), (9, 0.26)):
        await town.add_vehicle(number, battery_ratio=ratio)
    assert await town.idle.settle(KB) == {"charge": 1, "queued": 2}
    assert await standing(town) == {8: ("reserved", 1), 9: ("waiting", None), 7: ("waiting", None)}
    assert await town.idle.settle(KB) == {"queued": 2}, "asked again: the same places"
    vehicle = town.script(8)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.CHARGE)
    assert (await standing(town))[8] == ("charging", 1)
    town.listener.says(8, battery_ratio=0.9, measured_at=town.now)
    await vehicle.leave(StopKind.CHARGE)
    await vehicle.done()
    await town.idle.settle(KB)
    assert await standing(town) == {9: ("reserved", 1), 7: ("waiting", None)}


async def test_a_task_that_ends_without_a_word_frees_its_slot_and_who_no_longer_asks_leaves_the_queue(
    town: Town,
) -> None:
    for number, ratio in ((7, 0.2), (8, 0.25)):
        await town.add_vehicle(number, battery_ratio=ratio)
    await town.idle.settle(KB)
    task = await town.task_of(7)
    assert task is not None
    async with town.database.write() as tx:
        await lose_task(tx, task, "vehicle_fault", town.reports.effects(task), at=town.now)
    assert 7 not in await standing(town)
    town.listener.says(7, battery_ratio=0.9, measured_at=town.now)
    town.listener.says(8, battery_ratio=0.9, measured_at=town.now)
    await town.idle.settle(KB)
    assert await standing(town) == {}, "a crew changed its pack meanwhile"


async def test_a_charge_that_does_not_rise_calls_a_crew_and_is_forgotten_when_it_does(any_town: Town) -> None:
    town = any_town
    await town.add_vehicle(7, battery_ratio=0.25)
    await town.idle.settle(KB)
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.CHARGE)
    watch = ChargingWatch(town.database, town.clock, town.listener)

    async def after(minutes: int, ratio: float, *, heard: bool = True) -> tuple[list[AlarmState], list[str]]:
        later(town, 60 * minutes)
        if heard:
            town.listener.says(7, battery_ratio=ratio, measured_at=town.now)
        await watch.look_once()
        await AlarmFollowUp(town.database, town.clock, [follow_alarm]).work_once()
        async with town.database.read() as tx:
            alarms = await AlarmStore(tx).standing_of_kinds([AlarmKind.CHARGE_STALLED])
            work = await tx.execute(select(work_orders.c.kind, work_orders.c.state))
            return [alarm.state for alarm in alarms], [f"{kind} {state}" for kind, state in work]

    assert await after(0, 0.25) == ([], [])
    assert await after(25, 0.26) == ([], []), "a percent is a rise"
    assert await after(29, 0.262) == ([], [])
    assert await after(2, 0.262, heard=False) == ([AlarmState.OPEN], ["repair open"])
    assert await after(8, 0.262, heard=False) == ([AlarmState.OPEN], ["repair open"]), "silent: nobody knows"
    assert await after(1, 0.28) == ([], ["repair cannot"]), "nobody had set out"


async def test_a_vehicle_that_is_full_and_one_that_left_raise_nothing(town: Town) -> None:
    at = town.now
    full = Reservation(
        reservation_id="r", place_id="c-1", vehicle_no=VehicleNo(7), district=KB, reach_m=0.0, asked_at=at,
        state=ReservationState.CHARGING, arrived_at=at, risen_ratio=0.96, risen_at=at,
    )  # fmt: skip
    assert not is_stalled(full, at=at + 9 * STALLED_AFTER)
    cold = msgspec.structs.replace(full, risen_ratio=0.3, preheat_s=600.0)
    assert not is_stalled(cold, at=at + STALLED_AFTER)
    assert is_stalled(cold, at=at + STALLED_AFTER + timedelta(seconds=600))


async def test_a_cold_battery_is_warmed_on_the_way_and_a_closed_charger_takes_nobody(town: Town) -> None:
    await town.add_vehicle(7, battery_ratio=0.3, battery_c=-12.0, outside_c=-20.0)
    async with town.database.write() as tx:
        (charger,) = await ChargerStore(tx).of_district(KB)
        await ChargerStore(tx).switch(charger, is_open=False)
    assert await town.idle.settle(KB) == {"not_settled": 1}
    async with town.database.write() as tx:
        await ChargerStore(tx).switch(charger, is_open=True)
    assert await town.idle.settle(KB) == {"charge": 1}
    assert len(await town.commands(7, CommandKind.PREHEAT)) == 1
    async with town.database.read() as tx:
        (held,) = await ChargerStore(tx).living([KB], (ReservationState.RESERVED,))
    assert held.preheat_s == 17 * 170


async def test_nobody_begins_a_round_that_the_battery_does_not_bring_it_back_from(town: Town) -> None:
    await town.add_vehicle(9, service=ServiceKind.VENDING, battery_ratio=0.4, outside_c=-20.0, lat=39.9)
    assert (await town.idle.settle(KB))["too_far"] == 1
    assert await town.task_of(9) is None


async def at_its_charger(town: Town, ratio: float) -> ScriptedVehicle:
    """Vehicle 7 on the charger, its battery as the platform sees it first."""
    await town.add_vehicle(7, battery_ratio=ratio)
    await town.idle.settle(KB)
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.CHARGE)
    await ChargingWatch(town.database, town.clock, town.listener).look_once()
    return vehicle


async def stalled_alarms(town: Town) -> list[Alarm]:
    async with town.database.read() as tx:
        return await AlarmStore(tx).standing_of_kinds([AlarmKind.CHARGE_STALLED])


async def test_of_a_vehicle_that_fell_silent_at_the_charger_nobody_knows_whether_it_charges(
    town: Town,
) -> None:
    await at_its_charger(town, 0.25)
    watch = ChargingWatch(town.database, town.clock, town.listener)
    later(town, 40 * 60)
    assert await watch.look_once() == 0
    assert await stalled_alarms(town) == []
    town.listener.says(7, battery_ratio=0.25, measured_at=town.now - HEARD_WITHIN, battery_c=-8.0)
    assert await watch.look_once() == 1
    [alarm] = await stalled_alarms(town)
    assert dict(alarm.details) == {"place_id": "c-1", "slot": 1, "battery_ratio": 0.25, "battery_c": -8.0}


async def test_the_alarm_of_a_charge_that_did_not_rise_is_over_when_the_vehicle_leaves(town: Town) -> None:
    vehicle = await at_its_charger(town, 0.25)
    watch = ChargingWatch(town.database, town.clock, town.listener)
    later(town, 31 * 60)
    town.listener.says(7, battery_ratio=0.25, measured_at=town.now)
    assert (await watch.look_once(), len(await stalled_alarms(town))) == (1, 1)
    assert await watch.look_once() == 0, "raised once"
    await vehicle.leave(StopKind.CHARGE)
    await vehicle.done()
    assert await watch.look_once() == 1
    assert await stalled_alarms(town) == []


@pytest.mark.parametrize(
    ("ratio", "is_rise"), [(0.304, False), (0.3125, True), (0.2, False)], ids=["noise", "a rise", "less"]
)
def test_only_a_rise_above_the_highest_charge_begins_the_time_anew(ratio: float, is_rise: bool) -> None:
    known = Reservation(
        reservation_id="r", place_id="c-1", vehicle_no=VehicleNo(7), district=KB, reach_m=0.0, asked_at=AT,
        state=ReservationState.CHARGING, arrived_at=AT, risen_ratio=0.3, risen_at=AT,
    )  # fmt: skip
    seen = looked_at(known, ratio, at=AT + STALLED_AFTER)
    assert (seen is known) is not is_rise
    assert is_stalled(seen, at=AT + STALLED_AFTER) is not is_rise
    unseen = msgspec.structs.replace(known, risen_ratio=None, risen_at=None)
    assert not is_stalled(unseen, at=AT + 9 * STALLED_AFTER)
    nearly = msgspec.structs.replace(known, risen_ratio=0.94)
    full = msgspec.structs.replace(known, risen_ratio=FULL_RATIO)
    assert [is_stalled(each, at=AT + STALLED_AFTER) for each in (nearly, full)] == [True, False]
