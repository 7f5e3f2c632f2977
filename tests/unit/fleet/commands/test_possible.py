"""Which commands a person can give now, and every reason why not."""

from datetime import UTC, datetime

import msgspec
import pytest

from core.ids import DeviceId, DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.commands.kinds import KIND_RULES, PLATFORM_ONLY, STOPS
from fleet.commands.possible import Hindrance, Situation, hindrances
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.kinds import Connection, ControlMode, Lifecycle
from fleet.vehicles.vehicle import Vehicle

AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
VEHICLE = Vehicle(
    vehicle_no=VehicleNo(7),
    service=ServiceKind.DELIVERY,
    district=DistrictCode("KB"),
    operator=OperatorId("op-a"),
    maker=MakerId("maker-a"),
    device_id=DeviceId("device-7"),
    maker_serial="A-7",
    hardware_model="LD-2",
    partition=7,
    lifecycle=Lifecycle.IN_SERVICE,
    registered_at=AT,
    changed_at=AT,
)
SITUATION = Situation(
    connection=Connection.ONLINE,
    control_mode=ControlMode.AUTONOMOUS,
    has_task=True,
    plans=frozenset({CommandKind.REROUTE, CommandKind.RETURN_TO_DEPOT}),
)


def found(
    kind: CommandKind, vehicle: dict[str, object] | None = None, situation: dict[str, object] | None = None
) -> tuple[Hindrance, ...]:
    return hindrances(
        msgspec.structs.replace(VEHICLE, **(vehicle or {})),
        kind,
        msgspec.structs.replace(SITUATION, **(situation or {})),
    )


def test_a_vehicle_at_work_takes_everything_but_a_release_and_what_only_the_platform_gives() -> None:
    hindered = {kind for kind in KIND_RULES if found(kind)}
    assert hindered == {CommandKind.RELEASE, CommandKind.POWER_DOWN, *PLATFORM_ONLY}


@pytest.mark.parametrize("kind", sorted(STOPS))
def test_a_stop_is_never_refused_while_the_vehicle_lives(kind: CommandKind) -> None:
    worst = {"is_held_by_stop": True, "is_scene_held": True, "lifecycle": Lifecycle.SUSPENDED}
    assert found(kind, worst, {"connection": Connection.OFFLINE, "control_mode": None}) == ()
    assert found(kind, {"lifecycle": Lifecycle.DECOMMISSIONED}) == (Hindrance.DECOMMISSIONED,)


@pytest.mark.parametrize(
    ("kind", "vehicle", "situation", "expected"),
    [
        (CommandKind.PAUSE, {}, {"connection": Connection.STALE}, Hindrance.LINK_DOWN),
        (CommandKind.PAUSE, {}, {"has_task": False}, Hindrance.NO_TASK),
        (CommandKind.RESUME, {"is_held_by_stop": True}, {}, Hindrance.HELD_BY_STOP),
        (CommandKind.RETURN_TO_DEPOT, {}, {"plans": frozenset()}, Hindrance.NOT_PLANNED_HERE),
        (CommandKind.RELEASE, {}, {}, Hindrance.NOT_HELD),
        (CommandKind.POWER_DOWN, {}, {}, Hindrance.NOT_HELD),
        (CommandKind.OPEN_COMPARTMENT, {"is_scene_held": True}, {}, Hindrance.SCENE_HOLD),
        (CommandKind.RESUME, {}, {"control_mode": ControlMode.ON_SITE_MANUAL}, Hindrance.MANUAL_ON_SITE),
        (CommandKind.ASSIGN_TASK, {}, {}, Hindrance.PLATFORM_ONLY),
    ],
)
def test_each_hindrance_has_its_cause(
    kind: CommandKind, vehicle: dict[str, object], situation: dict[str, object], expected: Hindrance
) -> None:
    assert found(kind, vehicle, situation) == (expected,)


def test_a_held_vehicle_can_be_released_spoken_through_and_opened() -> None:
    for kind in (CommandKind.RELEASE, CommandKind.SPEAK, CommandKind.OPEN_COMPARTMENT):
        assert found(kind, {"is_held_by_stop": True}) == ()


def test_at_a_scene_only_lights_speech_power_recordings_and_stops_are_left() -> None:
    taken = {kind for kind in KIND_RULES if not found(kind, {"is_scene_held": True})}
    assert taken == {
        CommandKind.LIGHTS_HORN,
        CommandKind.SPEAK,
        CommandKind.POWER_DOWN,
        CommandKind.PRESERVE_RECORDING,
        *STOPS,
    }


def test_a_recording_is_asked_for_although_the_link_is_down() -> None:
    assert found(CommandKind.PRESERVE_RECORDING, {}, {"connection": Connection.OFFLINE}) == ()
