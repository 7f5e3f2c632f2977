"""What a vehicle remembers when its power is cut: numbers it must not use twice, its plan, its stops."""

from typing import Literal

import msgspec

from fleet.links.wire.commands import AssignTask, SaleCodes, StopOrder, StopPlan
from fleet.links.wire.messages import Report

KNOWN_COMMANDS = 400
"""Ids kept to notice a command that comes twice; a vehicle is given some dozens a day."""
SEQ_GAP_AFTER_CRASH = 2_000
"""Position numbers skipped when the last ones used are not known for sure (half an hour at 1 Hz)."""

type Cargo = Literal["expected", "dropped", "on_board", "collected", "returned"]
type Phase = Literal["driving", "at_stop"]


class TaskMemory(msgspec.Struct, kw_only=True):
    """The plan under way."""

    plan: AssignTask
    stop_index: int = 0
    phase: Phase = "driving"
    driven_m: float = 0.0
    """Along the way to the present stop."""
    way_from: tuple[float, float] | None = None
    """Where the way to the present stop began."""
    first_leg: int = 0
    """Stops between this one and the present are passed without stopping."""
    reached_ms: int = 0
    plan_version: int = 0
    """Of the newest stops that took the place of those of the plan; 0 while it is as it was given."""
    cargo: dict[str, Cargo] = {}
    """By order id."""

    @property
    def stop(self) -> StopPlan:
        """The stop that it drives to or stands at."""
        return self.plan.stops[self.stop_index]

    def waiting_here(self, states: tuple[Cargo, ...]) -> tuple[StopOrder, ...]:
        """Return the orders of the present stop whose goods are in one of these states."""
        return tuple(order for order in self.stop.orders if self.cargo.get(order.order_id) in states)


class HomeMemory(msgspec.Struct, kw_only=True):
    """The way home that it was sent on."""

    command_id: str
    polyline6: str
    lat: float
    lng: float
    limits: tuple[tuple[float, float, float], ...] = ()
    driven_m: float = 0.0
    way_from: tuple[float, float] | None = None


class VehicleMemory(msgspec.Struct, kw_only=True):
    """Everything of one vehicle that must outlive its computer."""

    lat: float
    lng: float
    heading_deg: float = 0.0
    battery_ratio: float = 0.8
    battery_c: float = 10.0
    odometer_m: float = 0.0
    position_seq: int = 0
    status_seq: int = 0
    report_seq: int = 0
    reports: list[Report] = []
    """Made and not yet stored by the city, oldest first."""
    known_commands: list[str] = []
    epoch: int = 0
    stop_epoch: int = 0
    held_by: Literal["", "safe_stop", "emergency_stop", "power_down"] = ""
    is_paused: bool = False
    speed_cap_mps: float | None = None
    policy_version: int = 0
    slow_after_s: float = 10.0
    stop_after_s: float = 30.0
    fence_set_version: int = 0
    fences: list[str] = []
    """Keys in the fence book of the fences held."""
    task: TaskMemory | None = None
    home: HomeMemory | None = None
    broken_since_ms: int = 0
    """When its drive failed; 0 while it is sound."""
    is_heater_broken: bool = False
    """Whether the heater of its pack has failed; noticed when it is to be charged in the cold."""
    said_too_cold: bool = False
    sensor_blocked_until_ms: int = 0
    """0: every sensor sees."""
    tries: dict[str, dict[int, int]] = {}
    """Wrong codes by order or sale, and generation."""
    sales: dict[str, SaleCodes] = {}
    """Sales collected with a code while it stands here, by sale."""


def encode_memory(memory: VehicleMemory) -> bytes:
    """Return the memory as JSON: the bodies of reports are JSON already."""
    return msgspec.json.encode(memory)


def decode_memory(data: bytes) -> VehicleMemory:
    """Return the memory. Raises msgspec.DecodeError when it is another version's."""
    return msgspec.json.decode(data, type=VehicleMemory)
