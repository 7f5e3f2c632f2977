"""A simulated vehicle, its plans and commands, for tests."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from fleet.links.wire.commands import (
    AssignTask,
    CommandBody,
    CommandKind,
    SpeedLimit,
    StopKind,
    StopOrder,
    StopPlan,
    Verifier,
)
from fleet.links.wire.messages import Command, body_of
from fleet.links.wire.reports import ReportBody
from simulator.issued import GivenVehicle, IssuedBox
from simulator.vehicles.keypad import digest_of
from simulator.vehicles.memory import VehicleMemory
from simulator.vehicles.reporting import as_struct
from simulator.vehicles.vehicle import Situation, Vehicle

KEY = "0f" * 32
HOME = (39.6000, 109.7800)
"""Where the vehicle stands at first."""
CODES = {1: "111111", 2: "222222", 3: "333333"}
"""The pickup code of each generation of every order."""
START_MS = 1_782_871_200_000
_ids = itertools.count(1)


def a_vehicle(service: str = "delivery", **memory_fields: Any) -> Vehicle:
    given = GivenVehicle(
        vehicle_no=7,
        code="EDS-KB-D-0007-X",
        maker="m",
        service=service,
        district="KB",
        lat=HOME[0],
        lng=HOME[1],
        boxes=tuple(IssuedBox(number=n) for n in range(1, 7)),
        keypad_key=KEY,
        software="3.8.0",
        top_speed_kmh=20,
    )
    kept = VehicleMemory(lat=HOME[0], lng=HOME[1], **memory_fields)
    return Vehicle(given, kept, seed=1)


def polyline6(points: Sequence[tuple[float, float]]) -> str:
    out: list[str] = []
    before = (0, 0)
    for point in points:
        now = (round(point[0] * 1e6), round(point[1] * 1e6))
        for value in (now[0] - before[0], now[1] - before[1]):
            bits = ~(value << 1) if value < 0 else value << 1
            while bits >= 0x20:
                out.append(chr((0x20 | (bits & 0x1F)) + 63))
                bits >>= 5
            out.append(chr(bits + 63))
        before = now
    return "".join(out)


def a_stop(
    stop_id: str,
    kind: StopKind,
    north_m: float,
    *,
    start_m: float = 0.0,
    wait_s: float = 120.0,
    orders: Sequence[str] = (),
    limit_mps: float = 5.0,
) -> StopPlan:
    """A stop straight north of home; its leg starts ``start_m`` north of home."""
    degree_m = 111_195.0
    start, end = HOME[0] + start_m / degree_m, HOME[0] + north_m / degree_m
    length_m = abs(north_m - start_m)
    return StopPlan(
        stop_id=stop_id,
        seq=1,
        kind=kind,
        lat=end,
        lng=HOME[1],
        polyline6=polyline6([(start, HOME[1]), (end, HOME[1])]),
        length_m=length_m,
        expected_s=length_m / 5,
        limits=(SpeedLimit(from_m=0.0, to_m=length_m, speed_mps=limit_mps),),
        wait_s=wait_s,
        orders=tuple(
            StopOrder(
                order_id=order,
                compartment=_box(order),
                verifiers=tuple(
                    Verifier(generation=g, digest=digest_of(bytes.fromhex(KEY), order, g, code))
                    for g, code in CODES.items()
                )
                if kind == "handover"
                else (),
            )
            for order in orders
        ),
    )


def _box(order: str) -> int:
    """The compartment of an order: a is in 1, b in 2 and so on, every other name in 1."""
    return ord(order) - ord("a") + 1 if len(order) == 1 else 1


def a_plan(*stops: StopPlan, task_id: str = "t1", epoch: int = 1, **fields: Any) -> AssignTask:
    said: dict[str, Any] = {"kind": "delivery", "service": "delivery"} | fields
    return AssignTask(task_id=task_id, epoch=epoch, stops=stops, **said)


def a_delivery(order: str = "o1", **fields: Any) -> AssignTask:
    return a_plan(
        a_stop("s-load", "load", 100.0, orders=(order,)),
        a_stop("s-hand", "handover", 300.0, start_m=100.0, orders=(order,)),
        a_stop("s-back", "return", 100.0, start_m=300.0, orders=(order,)),
        **fields,
    )


def a_command(
    kind: CommandKind,
    body: CommandBody,
    *,
    command_id: str | None = None,
    now_ms: int = START_MS,
    ttl_s: float | None = 60.0,
    epoch: int = 0,
    stop_epoch: int = 0,
) -> Command:
    return Command(
        command_id=command_id or f"00000000-0000-7000-8000-{next(_ids):012d}",
        vehicle_no=7,
        kind=kind,
        issued_at_ms=now_ms,
        expires_at_ms=None if ttl_s is None else now_ms + int(ttl_s * 1000),
        epoch=epoch,
        stop_epoch=stop_epoch,
        body=body_of(body),
    )


class Drive:
    """Time that passes for one vehicle, and everything it says, in order."""

    def __init__(self, vehicle: Vehicle, *, air_c: float = 15.0) -> None:
        self.vehicle = vehicle
        self.now_ms = START_MS
        self.air_c = air_c
        self.is_heard = True
        self.top_mps = 0.0
        self._read = 0

    def give(self, kind: CommandKind, body: CommandBody, **fields: Any) -> Command:
        command = a_command(kind, body, **({"now_ms": self.now_ms} | fields))
        self.vehicle.obey(command, self.now_ms)
        return command

    def assign(self, plan: AssignTask) -> Command:
        return self.give(CommandKind.ASSIGN_TASK, plan, epoch=plan.epoch)

    def pass_time(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.now_ms += 1000
            self.vehicle.step(Situation(self.now_ms, self.air_c, self.is_heard))
            self.top_mps = max(self.top_mps, self.vehicle.speed_mps)

    def until(self, claim: Callable[[], bool], within_s: float = 3600.0) -> float:
        """Let time pass until a claim holds; return the seconds it took."""
        start_ms = self.now_ms
        while not claim():
            assert self.now_ms - start_ms < within_s * 1000, "it never came to that"
            self.pass_time(1)
        return (self.now_ms - start_ms) / 1000

    def until_at(self, stop_id: str) -> float:
        def is_there() -> bool:
            task = self.vehicle.memory.task
            return task is not None and task.phase == "at_stop" and task.stop.stop_id == stop_id

        return self.until(is_there)

    def said(self) -> list[ReportBody]:
        """Everything said since the last time this was asked."""
        reports = self.vehicle.memory.reports
        fresh = [as_struct(report) for report in reports if report.report_seq > self._read]
        self._read = self.vehicle.memory.report_seq
        return fresh

    def words(self) -> list[str]:
        """The same as short words: kind, and what tells apart."""
        return [_word(body) for body in self.said()]


def _word(body: ReportBody) -> str:
    name = type(body).__name__
    told = msgspec.structs.asdict(body)
    for field in ("result", "reason", "by", "stop_id"):
        if told.get(field):
            return f"{name} {told[field]}"
    return name
