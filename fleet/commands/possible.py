"""Whether a vehicle can take a command now, and every reason why not: what a screen disables and says."""

from enum import StrEnum

import msgspec

from fleet.commands.kinds import (
    ALLOWED_AT_SCENE,
    ALLOWED_WHILE_STOPPED,
    KIND_RULES,
    PLATFORM_ONLY,
    STOPS,
)
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.kinds import Connection, ControlMode, Duty, Lifecycle
from fleet.vehicles.vehicle import Vehicle


class Hindrance(StrEnum):
    """Why a command is not offered; named in zh and en in fleet.names."""

    LINK_DOWN = "link_down"
    HELD_BY_STOP = "held_by_stop"
    NOT_HELD = "not_held"
    SCENE_HOLD = "scene_hold"
    DECOMMISSIONED = "decommissioned"
    MANUAL_ON_SITE = "manual_on_site"
    NO_TASK = "no_task"
    PLATFORM_ONLY = "platform_only"
    NOT_PLANNED_HERE = "not_planned_here"
    """Nobody in this installation works out the stops and legs that the command needs."""


NEEDS_TASK = frozenset({CommandKind.PAUSE, CommandKind.RESUME, CommandKind.REROUTE})


class Situation(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the vehicle besides its row."""

    connection: Connection
    control_mode: ControlMode | None
    has_task: bool
    plans: frozenset[CommandKind] = frozenset()
    """Planned kinds for which a planner is plugged in."""


def hindrances(vehicle: Vehicle, kind: CommandKind, situation: Situation) -> tuple[Hindrance, ...]:
    """Return every reason why a person cannot give this command now; empty means he can.

    A stop is hindered by nothing but the end of the vehicle's life: it waits for a vehicle out of reach.
    """
    found = []
    if vehicle.lifecycle is Lifecycle.DECOMMISSIONED:
        found.append(Hindrance.DECOMMISSIONED)
    if kind in STOPS:
        return tuple(found)
    rule = KIND_RULES[kind]
    checks = (
        (kind in PLATFORM_ONLY, Hindrance.PLATFORM_ONLY),
        (rule.is_planned and kind not in situation.plans, Hindrance.NOT_PLANNED_HERE),
        (rule.needs_link and situation.connection is not Connection.ONLINE, Hindrance.LINK_DOWN),
        (vehicle.is_scene_held and kind not in ALLOWED_AT_SCENE, Hindrance.SCENE_HOLD),
        (vehicle.is_held_by_stop and kind not in ALLOWED_WHILE_STOPPED, Hindrance.HELD_BY_STOP),
        (kind is CommandKind.RELEASE and not vehicle.is_held_by_stop, Hindrance.NOT_HELD),
        (kind is CommandKind.POWER_DOWN and not _is_held(vehicle), Hindrance.NOT_HELD),
        (kind in NEEDS_TASK and not situation.has_task, Hindrance.NO_TASK),
        (_is_driven_by_hand(vehicle, situation) and _moves(kind), Hindrance.MANUAL_ON_SITE),
    )
    found += [reason for is_hindered, reason in checks if is_hindered]
    return tuple(found)


def _is_held(vehicle: Vehicle) -> bool:
    return vehicle.is_held_by_stop or vehicle.is_scene_held


def _is_driven_by_hand(vehicle: Vehicle, situation: Situation) -> bool:
    return situation.control_mode is ControlMode.ON_SITE_MANUAL and vehicle.duty is not Duty.CHARGING


def _moves(kind: CommandKind) -> bool:
    return kind not in ALLOWED_WHILE_STOPPED or kind is CommandKind.RELEASE
