"""What a simulated vehicle does with a plan (docs/delivery.md), told as timelines of reports."""

from functools import partial

import pytest

from fleet.links.wire.commands import CommandKind, OpenCompartment, Reroute, ReturnToDepot
from fleet.links.wire.reports import CodeFailed, CommandAck, DoorClosed, DoorOpened, StopReached
from simulator.vehicles.memory import decode_memory, encode_memory
from simulator.vehicles.reporting import as_struct
from simulator.vehicles.vehicle import Vehicle
from tests.simulated import CODES, HOME, Drive, a_delivery, a_plan, a_stop, a_vehicle


def at_merchant() -> Drive:
    drive = Drive(a_vehicle())
    drive.assign(a_delivery())
    drive.until_at("s-load")
    return drive


def at_pickup_point() -> Drive:
    drive = at_merchant()
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=1, order_id="o1"))
    drive.until_at("s-hand")
    drive.said()
    return drive


def is_free(drive: Drive) -> bool:
    return drive.vehicle.memory.task is None


def test_a_delivery_from_the_plan_to_the_end() -> None:
    drive = at_merchant()
    assert drive.words() == ["CommandAck accepted", "CommandResult succeeded", "StopReached s-load"]
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=1, order_id="o1"))
    drive.until_at("s-hand")
    assert drive.words() == [
        "CommandAck accepted",
        "DoorOpened command",
        "CommandResult succeeded",
        "GoodsLoaded s-load",
        "DoorClosed s-load",
        "StopLeft done",
        "StopReached s-hand",
    ]
    assert drive.vehicle.type_code(CODES[1], drive.now_ms).result == "opened"
    drive.until(lambda: is_free(drive))
    assert drive.words() == [
        "DoorOpened keypad",
        "DoorClosed s-hand",
        "StopLeft done",
        "TaskDone succeeded",
    ]


def test_doors_say_what_is_in_the_compartment() -> None:
    drive = at_pickup_point()
    loaded = [r for r in map(as_struct, drive.vehicle.memory.reports) if isinstance(r, DoorClosed)]
    assert [door.is_empty for door in loaded] == [False]
    drive.vehicle.type_code(CODES[1], drive.now_ms)
    drive.until(lambda: is_free(drive))
    collected = [r for r in drive.said() if isinstance(r, DoorClosed)]
    assert [door.is_empty for door in collected] == [True]


def test_goods_that_nobody_collects_are_brought_back() -> None:
    drive = at_pickup_point()
    drive.until_at("s-back")
    assert drive.words() == ["StopLeft waited_out", "StopReached s-back"]
    drive.until(lambda: is_free(drive))
    assert drive.words() == [
        "DoorOpened merchant",
        "DoorClosed s-back",
        "StopLeft done",
        "TaskDone succeeded",
    ]


def test_a_vehicle_that_nobody_loads_leaves_with_nothing_to_do() -> None:
    drive = at_merchant()
    drive.said()
    drive.until(lambda: is_free(drive))
    assert drive.words() == ["StopLeft waited_out", "TaskDone succeeded"]


def test_the_door_waits_for_nobody_else_and_holds_the_vehicle() -> None:
    drive = at_merchant()
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=1, order_id="o1"))
    drive.pass_time(5)
    assert drive.vehicle.doors.any_open
    assert drive.vehicle.speed_mps == 0.0


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_a_fresh_code_opens_without_any_network(generation: int) -> None:
    drive = at_pickup_point()
    drive.is_heard = False
    answer = drive.vehicle.type_code(CODES[generation], drive.now_ms)
    assert (answer.result, answer.generation) == ("opened", generation)
    opened = next(r for r in drive.said() if isinstance(r, DoorOpened))
    assert opened.generation == generation


def test_five_wrong_codes_lock_a_generation_and_the_next_one_still_opens() -> None:
    drive = at_pickup_point()
    answers = [drive.vehicle.type_code("999999", drive.now_ms).result for _ in range(5)]
    assert answers == ["wrong", "wrong", "wrong", "wrong", "locked"]
    assert [r.tries for r in drive.said() if isinstance(r, CodeFailed)] == [1, 2, 3, 4, 5]
    assert drive.vehicle.type_code(CODES[1], drive.now_ms).result == "wrong"
    assert drive.vehicle.type_code(CODES[2], drive.now_ms).result == "opened"


def test_after_fifteen_wrong_codes_nothing_opens_any_more() -> None:
    drive = at_pickup_point()
    for _ in range(15):
        drive.vehicle.type_code("999999", drive.now_ms)
    for code in CODES.values():
        assert drive.vehicle.type_code(code, drive.now_ms).result == "locked"


def test_wrong_codes_are_remembered_over_a_loss_of_power() -> None:
    drive = at_pickup_point()
    for _ in range(5):
        drive.vehicle.type_code("999999", drive.now_ms)
    kept = decode_memory(encode_memory(drive.vehicle.memory))
    again = Drive(Vehicle(drive.vehicle.given, kept, seed=1))
    assert again.vehicle.type_code(CODES[1], drive.now_ms).result == "wrong"


def test_away_from_a_pickup_point_the_keypad_does_nothing() -> None:
    drive = at_merchant()
    assert drive.vehicle.type_code(CODES[1], drive.now_ms).result == "nothing_here"
    assert Drive(a_vehicle()).vehicle.type_code(CODES[1], 0).result == "nothing_here"


def test_an_open_door_is_not_opened_twice() -> None:
    drive = at_pickup_point()
    drive.vehicle.type_code(CODES[1], drive.now_ms)
    assert drive.vehicle.type_code(CODES[1], drive.now_ms).result == "open_already"


def test_several_orders_share_a_run() -> None:
    drive = Drive(a_vehicle())
    drive.assign(
        a_plan(
            a_stop("s1", "load", 100.0, orders=("a", "b")),
            a_stop("s2", "handover", 300.0, start_m=100.0, orders=("a",)),
            a_stop("s3", "handover", 500.0, start_m=300.0, orders=("b",)),
            a_stop("s4", "return", 100.0, start_m=500.0, orders=("a", "b")),
        )
    )
    drive.until_at("s1")
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=2, order_id="b"))
    drive.until_at("s3")
    assert "StopReached s2" not in drive.words(), "nothing of order a is on board: its stop is passed by"
    assert drive.vehicle.work.loaded_bits() == 0b10


def test_goods_ride_in_the_free_compartment_that_the_merchant_chose() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_delivery())
    drive.until_at("s-load")
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=3, order_id="o1"))
    drive.until_at("s-hand")
    assert drive.vehicle.work.loaded_bits() == 0b100
    opened = drive.vehicle.type_code(CODES[1], drive.now_ms)
    assert (opened.result, opened.compartment) == ("opened", 3)


def test_nothing_is_put_to_another_orders_goods() -> None:
    drive = Drive(a_vehicle())
    drive.assign(
        a_plan(
            a_stop("s1", "load", 100.0, orders=("a", "b")),
            a_stop("s2", "handover", 300.0, start_m=100.0, orders=("a", "b")),
        )
    )
    drive.until_at("s1")
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=2, order_id="a"))
    refused = [r for r in map(as_struct, drive.vehicle.memory.reports) if isinstance(r, CommandAck)][-1]
    assert (refused.result, refused.detail) == ("rejected", "another order rides in compartment 2")


def test_a_charge_ends_at_ninety_per_cent_and_a_visit_after_its_wait() -> None:
    drive = Drive(a_vehicle(battery_ratio=0.5))
    stops = (
        a_stop("c", "charge", 50.0, wait_s=0.0),
        a_stop("v", "visit", 100.0, start_m=50.0, wait_s=30.0),
    )
    drive.assign(a_plan(*stops, kind="charging"))
    drive.until_at("c")
    assert drive.vehicle.is_charging
    drive.until_at("v")
    assert drive.vehicle.battery.ratio == pytest.approx(0.9, abs=0.01)
    assert drive.until(lambda: is_free(drive)) == pytest.approx(30, abs=2)


def test_a_swap_station_gives_a_fresh_pack_after_its_time() -> None:
    drive = Drive(a_vehicle(battery_ratio=0.2))
    drive.assign(a_plan(a_stop("c", "charge", 50.0, wait_s=240.0), kind="charging"))
    drive.until_at("c")
    assert not drive.vehicle.is_charging
    assert drive.until(lambda: is_free(drive)) == pytest.approx(240, abs=2)
    assert drive.vehicle.battery.ratio == pytest.approx(0.97, abs=0.01)


def test_a_new_plan_ends_the_old_one_and_says_so() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(a_stop("far", "visit", 900.0)))
    drive.pass_time(20)
    drive.said()
    drive.assign(a_plan(a_stop("near", "visit", 200.0), task_id="t2", epoch=2))
    assert drive.words() == ["CommandAck accepted", "CommandResult succeeded"]
    drive.until_at("near")
    reports = drive.vehicle.memory.reports
    assert (reports[-1].task_id, reports[-1].epoch) == ("t2", 2)


def test_home_is_no_task_and_any_task_ends_it() -> None:
    drive = Drive(a_vehicle())
    leg = a_stop("x", "visit", 900.0)
    home = ReturnToDepot(
        lat=leg.lat, lng=leg.lng, polyline6=leg.polyline6, length_m=900, expected_s=200, limits=leg.limits
    )
    drive.give(CommandKind.RETURN_TO_DEPOT, home)
    drive.pass_time(20)
    assert drive.vehicle.speed_mps > 4
    drive.assign(a_plan(a_stop("near", "visit", 300.0)))
    assert drive.words() == [
        "CommandAck accepted",
        "CommandAck accepted",
        "CommandResult failed",
        "CommandResult succeeded",
    ]
    drive.until_at("near")


def test_home_is_reached_and_reported() -> None:
    drive = Drive(a_vehicle())
    leg = a_stop("x", "visit", 200.0)
    home = ReturnToDepot(
        lat=leg.lat, lng=leg.lng, polyline6=leg.polyline6, length_m=200, expected_s=60, limits=leg.limits
    )
    drive.give(CommandKind.RETURN_TO_DEPOT, home)
    drive.until(lambda: drive.vehicle.memory.home is None)
    assert drive.words() == ["CommandAck accepted", "CommandResult succeeded"]


def test_a_vehicle_sent_home_gives_its_task_up() -> None:
    drive = at_merchant()
    drive.said()
    home = ReturnToDepot(lat=HOME[0], lng=HOME[1], polyline6="", length_m=100, expected_s=30)
    drive.give(CommandKind.RETURN_TO_DEPOT, home)
    assert drive.words() == ["CommandAck accepted", "TaskDone failed"]


def test_with_goods_on_board_neither_home_nor_another_task_is_taken() -> None:
    drive = at_pickup_point()
    home = ReturnToDepot(lat=HOME[0], lng=HOME[1], polyline6="", length_m=100, expected_s=30)
    drive.give(CommandKind.RETURN_TO_DEPOT, home)
    drive.assign(a_delivery("o2", task_id="t2", epoch=2))
    assert [r.detail for r in drive.said() if isinstance(r, CommandAck)] == [
        "goods on board",
        "goods of another task on board",
    ]


def test_new_legs_lead_to_the_same_stops() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(a_stop("a", "visit", 600.0), a_stop("b", "visit", 900.0, start_m=600.0)))
    drive.pass_time(30)
    drive.said()
    stops = (a_stop("a", "visit", 400.0), a_stop("b", "visit", 500.0, start_m=400.0))
    drive.give(CommandKind.REROUTE, Reroute(task_id="t1", epoch=1, stops=stops), epoch=1)
    assert drive.words() == ["CommandAck accepted", "CommandResult succeeded"]
    drive.until_at("a")
    reached = next(r for r in drive.said() if isinstance(r, StopReached))
    assert reached.lat == pytest.approx(stops[0].lat, abs=1e-5)


def two_shops() -> Drive:
    drive = Drive(a_vehicle())
    drive.assign(
        a_plan(
            a_stop("shop-a", "load", 100.0, orders=("a",)),
            a_stop("shop-b", "load", 200.0, start_m=100.0, orders=("b",)),
            a_stop("door-b", "handover", 300.0, start_m=200.0, orders=("b",)),
            a_stop("door-a", "handover", 400.0, start_m=300.0, orders=("a",)),
            a_stop("back-a", "return", 100.0, start_m=400.0, orders=("a",)),
        )
    )
    drive.until_at("shop-a")
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=1, order_id="a"))
    drive.pass_time(60)
    return drive


def test_an_order_that_is_dropped_is_neither_waited_for_nor_driven_to() -> None:
    drive = two_shops()
    drive.said()
    drive.give(CommandKind.REROUTE, Reroute(task_id="t1", epoch=1, dropped=("b",)), epoch=1)
    drive.until_at("door-a")
    reached = [report.stop_id for report in drive.said() if isinstance(report, StopReached)]
    assert reached == ["door-a"]


def test_the_only_order_that_is_dropped_on_the_way_ends_the_task() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_delivery())
    drive.pass_time(5)
    drive.give(CommandKind.REROUTE, Reroute(task_id="t1", epoch=1, dropped=("o1",)), epoch=1)
    assert "TaskDone succeeded" in drive.words()
    assert is_free(drive)


def test_goods_on_board_are_brought_to_their_door_although_they_were_dropped_too_late() -> None:
    drive = two_shops()
    drive.give(CommandKind.REROUTE, Reroute(task_id="t1", epoch=1, dropped=("a",)), epoch=1)
    drive.until_at("shop-b")
    drive.until_at("door-a")


def test_after_a_loss_of_power_the_plan_goes_on_where_it_was() -> None:
    drive = at_pickup_point()
    drive.until_at("s-back")
    half_way = Drive(a_vehicle())
    half_way.assign(a_plan(a_stop("far", "visit", 800.0)))
    half_way.pass_time(60)
    for before, stop_id in ((drive, "s-back"), (half_way, "far")):
        memory = decode_memory(encode_memory(before.vehicle.memory))
        after = Drive(Vehicle(before.vehicle.given, memory, seed=1))
        after.now_ms = before.now_ms
        assert after.vehicle.place() == before.vehicle.place()
        after.until_at(stop_id)
        after.until(partial(is_free, after))
        numbers = [report.report_seq for report in memory.reports]
        assert numbers == list(range(1, len(numbers) + 1))
