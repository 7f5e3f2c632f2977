"""What a simulated vehicle does when an order joins the plan that it drives (docs/wire-protocol.md, 5)."""

import pytest

from fleet.links.wire.commands import CommandKind, OpenCompartment, Reroute, StopPlan
from fleet.links.wire.reports import CommandAck, CommandResult, StopReached
from simulator.vehicles.memory import decode_memory, encode_memory
from simulator.vehicles.vehicle import Vehicle
from tests.simulated import Drive, a_plan, a_stop, a_vehicle

SHOP = a_stop("shop-a", "load", 100.0, orders=("a",))
DOOR = a_stop("door-a", "handover", 400.0, start_m=100.0, orders=("a",))
BACK = a_stop("back-a", "return", 100.0, start_m=400.0, orders=("a",))
NEW_SHOP = a_stop("shop-b", "load", 200.0, start_m=100.0, orders=("b",))
NEW_DOOR = a_stop("door-b", "handover", 300.0, start_m=200.0, orders=("b",))
DOOR_AFTER = a_stop("door-a", "handover", 400.0, start_m=300.0, orders=("a",))
BACK_BOTH = a_stop("back-b", "return", 200.0, start_m=100.0, orders=("b",))
AMENDED = (SHOP, NEW_SHOP, NEW_DOOR, DOOR_AFTER, BACK, BACK_BOTH)


def on_the_way() -> Drive:
    drive = Drive(a_vehicle())
    drive.assign(a_plan(SHOP, DOOR, BACK))
    drive.pass_time(5)
    drive.said()
    return drive


def amend(drive: Drive, *stops: StopPlan, version: int = 5) -> None:
    body = Reroute(task_id="t1", epoch=1, stops=stops, plan_version=version)
    drive.give(CommandKind.REROUTE, body, epoch=1)


def load(drive: Drive, box: int, order: str) -> None:
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=box, order_id=order))


def result(drive: Drive) -> tuple[str, str]:
    said = next(report for report in drive.said() if isinstance(report, CommandResult))
    return said.result, said.detail


def test_an_order_that_joins_on_the_way_is_loaded_and_driven_to_in_its_place() -> None:
    drive = on_the_way()
    amend(drive, *AMENDED)
    assert drive.words() == ["CommandAck accepted", "CommandResult succeeded"]
    drive.until_at("shop-a")
    load(drive, 1, "a")
    drive.until_at("shop-b")
    load(drive, 2, "b")
    drive.until_at("door-b")
    drive.until_at("door-a")
    reached = [report.stop_id for report in drive.said() if isinstance(report, StopReached)]
    assert reached == ["shop-a", "shop-b", "door-b", "door-a"]


def test_the_way_to_the_present_stop_is_not_begun_anew() -> None:
    drive = on_the_way()
    before = drive.vehicle.memory.task
    assert before is not None
    driven_m, way_from = before.driven_m, before.way_from
    assert driven_m > 0
    amend(drive, *AMENDED)
    after = drive.vehicle.memory.task
    assert after is not None
    assert (after.driven_m, after.way_from, after.stop.polyline6) == (driven_m, way_from, SHOP.polyline6)


def test_at_the_shop_the_vehicle_waits_for_both() -> None:
    drive = on_the_way()
    drive.until_at("shop-a")
    both = a_stop("shop-a", "load", 100.0, orders=("a", "b"))
    amend(drive, both, a_stop("door-b", "handover", 300.0, start_m=100.0, orders=("b",)), DOOR_AFTER, BACK)
    drive.said()
    load(drive, 1, "a")
    drive.pass_time(60)
    assert drive.vehicle.memory.task is not None
    assert drive.vehicle.memory.task.stop.stop_id == "shop-a"
    load(drive, 2, "b")
    drive.until_at("door-b")


@pytest.mark.parametrize(
    ("stops", "detail"),
    [
        ((DOOR_AFTER, BACK), "the first stop is not the present one"),
        ((), "the first stop is not the present one"),
        ((a_stop("shop-a", "load", 100.0, orders=("b",)), NEW_DOOR), "an order of the plan is left out"),
    ],
    ids=["passed already", "nothing", "forgets the order"],
)
def test_a_plan_that_does_not_go_on_from_here_is_not_taken(stops: tuple[StopPlan, ...], detail: str) -> None:
    drive = on_the_way()
    task = drive.vehicle.memory.task
    assert task is not None
    before = task.plan
    amend(drive, *stops)
    assert result(drive) == ("failed", detail)
    assert task.plan == before


def test_an_order_for_a_box_with_goods_in_it_is_not_taken() -> None:
    drive = on_the_way()
    drive.until_at("shop-a")
    load(drive, 2, "a")
    drive.until_at("door-a")
    drive.said()
    amend(drive, DOOR, NEW_SHOP, NEW_DOOR, BACK, BACK_BOTH)
    assert result(drive) == ("failed", "another order rides in the compartment")


def test_goods_stay_in_the_box_in_which_they_are_whatever_the_new_stops_say() -> None:
    drive = on_the_way()
    drive.until_at("shop-a")
    load(drive, 3, "a")
    drive.until_at("door-a")
    amend(drive, DOOR, NEW_SHOP, NEW_DOOR, BACK, BACK_BOTH)
    task = drive.vehicle.memory.task
    assert task is not None
    boxes = {order.compartment for stop in task.plan.stops for order in stop.orders if order.order_id == "a"}
    assert boxes == {3}


def test_an_older_version_of_the_plan_is_superseded_and_a_dead_plan_is_refused() -> None:
    drive = on_the_way()
    amend(drive, *AMENDED, version=6)
    drive.said()
    amend(drive, SHOP, DOOR, BACK, version=6)
    acks = [(ack.result, ack.detail) for ack in drive.said() if isinstance(ack, CommandAck)]
    assert acks == [("superseded", "plan 6 is held")]
    free = Drive(a_vehicle())
    amend(free, *AMENDED)
    assert result(free) == ("failed", "no task")


def test_a_box_that_the_vehicle_does_not_have_is_refused_at_once() -> None:
    drive = on_the_way()
    amend(drive, SHOP, a_stop("door-z", "handover", 300.0, start_m=100.0, orders=("z",)), DOOR_AFTER, BACK)
    assert [ack.result for ack in drive.said() if isinstance(ack, CommandAck)] == ["rejected"]


def test_new_legs_that_forget_an_order_to_come_are_not_taken() -> None:
    drive = on_the_way()
    amend(drive, *AMENDED)
    drive.said()
    stale = Reroute(task_id="t1", epoch=1, stops=(SHOP, DOOR, BACK))
    drive.give(CommandKind.REROUTE, stale, epoch=1)
    assert result(drive) == ("failed", "an order of the plan is left out")


def test_after_a_loss_of_power_the_amended_plan_is_the_plan() -> None:
    drive = on_the_way()
    amend(drive, *AMENDED)
    memory = decode_memory(encode_memory(drive.vehicle.memory))
    assert memory.task is not None
    assert memory.task.plan_version == 5
    after = Drive(Vehicle(drive.vehicle.given, memory, seed=1))
    after.now_ms = drive.now_ms
    after.until_at("shop-a")
    load(after, 1, "a")
    after.until_at("shop-b")
