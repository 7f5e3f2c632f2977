"""Never late, never twice, never an old order after a newer one."""

import msgspec
import pytest

from fleet.links.wire.commands import (
    AssignTask,
    CommandBody,
    CommandKind,
    LightsHorn,
    OpenCompartment,
    Pause,
    Preheat,
    PreserveRecording,
    Speak,
    UpdateFences,
)
from fleet.links.wire.messages import Command, LinkLoss
from fleet.links.wire.reports import CommandAck, LinkLossPolicy
from tests.simulated import START_MS, Drive, a_command, a_delivery, a_plan, a_stop, a_vehicle


def acks(drive: Drive) -> list[tuple[str, str]]:
    return [(body.result, body.detail) for body in drive.said() if isinstance(body, CommandAck)]


def test_a_command_past_its_time_is_not_executed() -> None:
    drive = Drive(a_vehicle())
    drive.pass_time(100)
    drive.vehicle.obey(a_command(CommandKind.ASSIGN_TASK, a_delivery(), now_ms=START_MS), drive.now_ms)
    assert acks(drive) == [("expired", "40 s too late")]
    assert drive.vehicle.memory.task is None


def test_the_same_command_again_changes_nothing() -> None:
    drive = Drive(a_vehicle())
    command = drive.assign(a_delivery())
    drive.pass_time(30)
    way = drive.vehicle.motion
    drive.vehicle.obey(command, drive.now_ms)
    assert [word for word, _ in acks(drive)] == ["accepted", "duplicate"]
    assert drive.vehicle.motion is way


def test_an_older_plan_is_superseded() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_delivery(epoch=3))
    drive.assign(a_delivery(task_id="old", epoch=2))
    assert acks(drive)[-1] == ("superseded", "epoch 3 is held")
    assert drive.vehicle.memory.task is not None
    assert drive.vehicle.memory.task.plan.task_id == "t1"


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (a_plan(), "a plan without stops"),
        (a_plan(a_stop("s", "visit", 10.0), service="sweeping"), "this is a delivery vehicle"),
        (
            a_plan(a_stop("s", "load", 10.0, orders=("a", "b", "c", "d", "e", "f", "g"))),
            "compartments are 1 to 6",
        ),
        (
            a_plan(msgspec.structs.replace(a_stop("s", "visit", 10.0), polyline6="\x01")),
            "polyline: '\\x01' does not belong into a polyline",
        ),
    ],
    ids=["no stops", "another service", "too many boxes", "broken way"],
)
def test_a_plan_that_cannot_be_driven_is_rejected_with_the_reason(plan: AssignTask, why: str) -> None:
    drive = Drive(a_vehicle())
    drive.assign(plan)
    assert acks(drive) == [("rejected", why)]


def test_an_empty_battery_takes_no_task_but_to_the_charger() -> None:
    drive = Drive(a_vehicle(battery_ratio=0.05))
    drive.assign(a_delivery())
    assert acks(drive) == [("rejected", "battery at 5%")]
    drive.assign(a_plan(a_stop("c", "charge", 50.0), kind="charging"))
    assert acks(drive) == [("accepted", "")]


def test_a_body_with_an_unknown_field_is_rejected_whole() -> None:
    drive = Drive(a_vehicle())
    command = Command(
        command_id="c",
        vehicle_no=7,
        kind=CommandKind.PREHEAT,
        issued_at_ms=0,
        expires_at_ms=START_MS + 60_000,
        body=msgspec.Raw(b'{"targetC": 20, "andAlso": "jump"}'),
    )
    drive.vehicle.obey(command, START_MS)
    ((word, detail),) = acks(drive)
    assert word == "rejected"
    assert "andAlso" in detail


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (CommandKind.SPEAK, Speak(text_zh="您好")),
        (CommandKind.LIGHTS_HORN, LightsHorn(lights=4, horn_s=1.0)),
        (CommandKind.PREHEAT, Preheat(target_c=10.0)),
        (CommandKind.UPDATE_FENCES, UpdateFences(fence_set_version=12, fences=())),
        (CommandKind.PRESERVE_RECORDING, PreserveRecording(incident_id="i", from_ms=0, to_ms=1)),
        (CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=3)),
    ],
)
def test_what_is_done_at_once_is_said_to_be_done(kind: CommandKind, body: CommandBody) -> None:
    drive = Drive(a_vehicle())
    drive.give(kind, body)
    assert drive.words() in (
        ["CommandAck accepted", "CommandResult succeeded"],
        ["CommandAck accepted", "DoorOpened command", "CommandResult succeeded"],
    )


def test_fences_held_are_those_last_sent() -> None:
    drive = Drive(a_vehicle())
    drive.give(CommandKind.UPDATE_FENCES, UpdateFences(fence_set_version=12, fences=()))
    assert drive.vehicle.memory.fence_set_version == 12


@pytest.mark.parametrize(
    ("compartment", "order", "why"),
    [
        (9, None, "compartments are 1 to 6"),
        (1, "somebody's", "not at a stop of this order"),
    ],
)
def test_a_door_that_may_not_open_stays_shut(compartment: int, order: str | None, why: str) -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_delivery())
    drive.until_at("s-load")
    drive.said()
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=compartment, order_id=order))
    ((word, detail),) = acks(drive)
    assert word == "rejected"
    assert detail.startswith(why)


def test_no_door_opens_on_the_way() -> None:
    drive = Drive(a_vehicle())
    drive.assign(a_delivery())
    drive.pass_time(10)
    drive.give(CommandKind.OPEN_COMPARTMENT, OpenCompartment(compartment=1))
    assert acks(drive)[-1] == ("rejected", "moving")


def test_without_a_task_there_is_nothing_to_pause() -> None:
    drive = Drive(a_vehicle())
    drive.give(CommandKind.PAUSE, Pause())
    assert acks(drive) == [("rejected", "no task")]


def test_a_link_loss_policy_is_stated_once_for_each_version() -> None:
    drive = Drive(a_vehicle())
    for version in (1, 1, 2):
        drive.vehicle.learn_policy(LinkLoss(version=version, slow_after_s=3, stop_after_s=9), START_MS)
    assert drive.said() == [
        LinkLossPolicy(version=1, slow_after_s=3, stop_after_s=9),
        LinkLossPolicy(version=2, slow_after_s=3, stop_after_s=9),
    ]
    assert drive.vehicle.memory.stop_after_s == 9
