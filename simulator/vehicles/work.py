"""Doing a plan: drive to a stop, do what is done there, drive on, and say each thing once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from fleet.links.wire.commands import AssignTask, SpeedLimit, StopPlan, SweepSpan
from fleet.links.wire.reports import (
    DoorClosed,
    GoodsLoaded,
    GoodsTaken,
    ReportBody,
    StopLeft,
    StopReached,
    TaskDone,
)
from simulator.vehicles.doors import OpenDoor
from simulator.vehicles.drive import Motion
from simulator.vehicles.fence_book import Span
from simulator.vehicles.memory import HomeMemory, TaskMemory
from simulator.vehicles.path import Path, Point, decode_polyline6, shifted, way_from

if TYPE_CHECKING:
    from simulator.vehicles.vehicle import Vehicle

CHARGED_RATIO = 0.9
"""A charge stop ends here (docs/delivery.md)."""
NO_WAITING = ("visit", "inspect", "sweep", "water", "dump")
"""Stops at which nobody is waited for: what there is to do takes its time and is done."""
SWAPPED_RATIO = 0.97
"""What a pack holds that a swap station puts in: a charge stop with ``wait_s`` is one (docs/charging.md)."""
COUNTER_WAIT_S = (30.0, 120.0)
"""How long a merchant takes to come for goods that were brought back."""


class Work:
    """What one vehicle is doing: a task, a way home, or nothing."""

    def __init__(self, vehicle: "Vehicle") -> None:
        self._vehicle = vehicle
        self._counter_at_ms: int | None = None
        self._no_stopping: tuple[Span, ...] = ()
        self._brush_down: tuple[Span, ...] = ()
        """Where on the way the brush is down."""
        self._looked_minute = 0
        self._open_fences: frozenset[str] = frozenset()
        """Fences with hours by which the way is planned."""
        if vehicle.memory.task is not None:
            self._take_up_again(vehicle.memory.task)
        elif vehicle.memory.home is not None:
            self._drive_home(vehicle.memory.home)

    def begin(self, plan: AssignTask) -> None:
        """Start on a plan instead of whatever is being done."""
        self.drop("replaced by another task")
        task = TaskMemory(plan=plan)
        for stop in plan.stops:
            for order in stop.orders:
                task.cargo.setdefault(order.order_id, "expected")
        self._vehicle.memory.task = task
        self._vehicle.is_charging = False
        self._set_out(task, 0)

    def reroute(self, stops: tuple[StopPlan, ...], epoch: int) -> str | None:
        """Take new legs to the remaining stops; return why not, or None."""
        task = self._vehicle.memory.task
        if task is None:
            return "no task"
        done = task.plan.stops[: task.stop_index + (task.phase == "at_stop")]
        known = {stop.stop_id for stop in task.plan.stops[len(done) :]}
        if not stops or not {stop.stop_id for stop in stops} <= known:
            return "stops are not those that remain"
        carried = {
            order.order_id
            for stop in task.plan.stops[len(done) :]
            for order in stop.orders
            if task.cargo[order.order_id] in ("expected", "on_board")
        }
        if not carried <= {order.order_id for stop in stops for order in stop.orders}:
            return "an order of the plan is left out"
        plan = task.plan
        task.plan = AssignTask(
            task_id=plan.task_id,
            epoch=epoch,
            kind=plan.kind,
            service=plan.service,
            stops=(*done, *stops),
        )
        if task.phase == "driving":
            self._set_out(task, len(done))
        return None

    def forget(self, orders: tuple[str, ...]) -> None:
        """Carry these orders no more unless they are on board; pass stops that are for nobody else."""
        task = self._vehicle.memory.task
        if task is None:
            return
        for order_id in orders:
            if task.cargo.get(order_id) == "expected":
                task.cargo[order_id] = "dropped"
        if task.phase == "driving" and not self._is_needed(task, task.stop_index):
            self._go_on(task, task.stop_index)

    def fences_changed(self) -> None:
        """Plan the way on anew: fences that the vehicle was just given may lie on it."""
        memory, motion = self._vehicle.memory, self._vehicle.motion
        if motion is None:
            return
        if memory.task is not None and memory.task.phase == "driving":
            motion.path = self._way(memory.task)
        elif memory.home is not None:
            motion.path = self._way_home(memory.home)
        motion.segment = motion.path.segment(motion.at_m)

    def _follow_hours(self, now_ms: int) -> None:
        """Plan the way on anew in the minute in which a fence begins or ends to hold."""
        minute = now_ms // 60_000
        if minute == self._looked_minute:
            return
        self._looked_minute = minute
        vehicle = self._vehicle
        if vehicle.fence_book.open_now(vehicle.memory.fences, now_ms) != self._open_fences:
            self.fences_changed()

    def may_stand_here(self) -> bool:
        """Whether no fence forbids stopping where the vehicle is on its way."""
        motion = self._vehicle.motion
        return motion is None or not any(a <= motion.at_m <= b for a, b in self._no_stopping)

    @property
    def is_brush_down(self) -> bool:
        """Whether it moves along a stretch that is to be swept."""
        motion = self._vehicle.motion
        if motion is None or motion.speed_mps == 0:
            return False
        return any(a <= motion.at_m <= b for a, b in self._brush_down)

    def go_home(self, home: HomeMemory) -> None:
        """Drive home instead of whatever is being done."""
        task = self._vehicle.memory.task
        if task is not None:
            self.report(TaskDone(result="failed", detail="sent home"))
        self.drop("sent home")
        self._vehicle.is_charging = False
        self._vehicle.memory.home = home
        self._drive_home(home)

    def drop(self, why: str) -> None:
        """Give up what is being done; a way home says so."""
        memory = self._vehicle.memory
        if memory.home is not None:
            self._vehicle.result(memory.home.command_id, detail=why, failed=True)
        memory.task = memory.home = None
        self._counter_at_ms = None

    def report(self, body: ReportBody) -> None:
        """State a fact about the task under way, or about nothing in particular."""
        task = self._vehicle.memory.task
        self._vehicle.reports.add(
            body,
            self._vehicle.now_ms,
            task_id=None if task is None else task.plan.task_id,
            epoch=None if task is None else task.plan.epoch,
        )

    def step(self, now_ms: int) -> None:
        """Do what is due now."""
        self._follow_hours(now_ms)
        for door in self._vehicle.doors.closing(now_ms):
            self._door_shut(door)
        memory, motion = self._vehicle.memory, self._vehicle.motion
        if memory.task is not None:
            memory.task.driven_m = 0.0 if motion is None else motion.at_m
            if memory.task.phase == "at_stop":
                self._at_stop(memory.task, now_ms)
            elif motion is not None and motion.is_there:
                self._arrive(memory.task, now_ms)
        elif memory.home is not None:
            memory.home.driven_m = 0.0 if motion is None else motion.at_m
            if motion is None or motion.is_there:
                self._come_home(memory.home)

    def _arrive(self, task: TaskMemory, now_ms: int) -> None:
        vehicle = self._vehicle
        task.phase, task.reached_ms, task.driven_m = "at_stop", now_ms, 0.0
        vehicle.motion = None
        lat, lng = vehicle.place()
        self.report(StopReached(stop_id=task.stop.stop_id, lat=lat, lng=lng))
        if task.stop.kind == "charge":
            vehicle.is_charging = task.stop.wait_s == 0
        if task.stop.kind == "return":
            wait_s = vehicle.lot.uniform(*COUNTER_WAIT_S)
            self._counter_at_ms = now_ms + int(1000 * min(wait_s, task.stop.wait_s or wait_s))

    def _at_stop(self, task: TaskMemory, now_ms: int) -> None:
        vehicle, stop = self._vehicle, task.stop
        if vehicle.doors.any_open:
            return
        waited_s = (now_ms - task.reached_ms) / 1000
        if self._is_done(task):
            self._leave(task, "done")
        elif stop.kind == "return" and self._counter_at_ms is not None and now_ms >= self._counter_at_ms:
            self._merchant_takes_back(task, now_ms)
        elif stop.kind == "charge" and stop.wait_s and waited_s >= stop.wait_s:
            vehicle.battery.ratio = SWAPPED_RATIO
            self._leave(task, "done")
        elif stop.kind != "charge" and waited_s >= stop.wait_s:
            if stop.kind == "inspect":
                self._inspect(stop, now_ms)
            self._leave(task, "done" if stop.kind in NO_WAITING else "waited_out")

    def _is_done(self, task: TaskMemory) -> bool:
        match task.stop.kind:
            case "load":
                return not task.waiting_here(("expected",))
            case "handover" | "return":
                return not task.waiting_here(("on_board",))
            case "charge":
                return task.stop.wait_s == 0 and self._vehicle.battery.ratio >= CHARGED_RATIO
            case "visit" | "inspect" | "sweep" | "water" | "dump":
                return False

    def _inspect(self, stop: StopPlan, now_ms: int) -> None:
        vehicle = self._vehicle
        number, there = vehicle.given.vehicle_no, (stop.lat, stop.lng)
        self.report(vehicle.eyes.look(number, stop.stop_id, there, vehicle.measured_place(), now_ms))

    def _leave(self, task: TaskMemory, reason: str) -> None:
        self._vehicle.is_charging = False
        self._counter_at_ms = None
        self.report(StopLeft(stop_id=task.stop.stop_id, reason="done" if reason == "done" else "waited_out"))
        self._go_on(task, task.stop_index + 1)

    def _go_on(self, task: TaskMemory, following: int) -> None:
        """Drive to the next stop that is for anybody, or be done."""
        onward = [n for n in range(following, len(task.plan.stops)) if self._is_needed(task, n)]
        if onward:
            task.phase = "driving"
            self._set_out(task, following, onward[0])
            return
        self.report(TaskDone())
        self._vehicle.memory.task = self._vehicle.motion = None

    def _is_needed(self, task: TaskMemory, number: int) -> bool:
        stop = task.plan.stops[number]
        if stop.kind == "load":
            return any(task.cargo.get(order.order_id) != "dropped" for order in stop.orders)
        if stop.kind in ("handover", "return"):
            return any(task.cargo.get(order.order_id) == "on_board" for order in stop.orders)
        return True

    def _merchant_takes_back(self, task: TaskMemory, now_ms: int) -> None:
        waiting = task.waiting_here(("on_board",))
        if waiting:
            self._vehicle.open_door(waiting[0].compartment, waiting[0].order_id, None, now_ms)

    def _door_shut(self, door: OpenDoor) -> None:
        task = self._vehicle.memory.task
        order_id = door.order_id
        if task is not None and order_id in task.cargo:
            if door.puts_in:
                task.cargo[order_id] = "on_board"
                task.plan = rides_in(task.plan, order_id, door.compartment)
                self.report(
                    GoodsLoaded(order_id=order_id, compartment=door.compartment, stop_id=door.stop_id)
                )
            elif door.takes_out:
                task.cargo[order_id] = "collected" if task.stop.kind == "handover" else "returned"
        # a slot holds more than its sensor can tell
        is_empty = None if door.sale_id else not self._holds(door.compartment)
        self.report(
            DoorClosed(
                compartment=door.compartment, stop_id=door.stop_id, order_id=order_id, is_empty=is_empty
            )
        )
        if door.sale_id:
            taken = self._vehicle.doors.taken(door)
            self.report(
                GoodsTaken(
                    sale_id=door.sale_id, compartment=door.compartment, quantity=taken, stop_id=door.stop_id
                )
            )

    def _holds(self, compartment: int) -> bool:
        return bool(self.loaded_bits() >> (compartment - 1) & 1)

    def loaded_bits(self) -> int:
        """Return the compartments with goods as bits, compartment n as bit n - 1."""
        task = self._vehicle.memory.task
        if task is None:
            return 0
        boxes = {
            order.compartment
            for stop in task.plan.stops
            for order in stop.orders
            if task.cargo.get(order.order_id) == "on_board"
        }
        return sum(1 << (box - 1) for box in boxes if 1 <= box <= 16)

    def _set_out(self, task: TaskMemory, first: int, until: int | None = None) -> None:
        """Drive to stop ``until``, along the legs from ``first`` on."""
        task.first_leg, task.stop_index = first, first if until is None else until
        task.phase, task.driven_m = "driving", 0.0
        task.way_from = self._vehicle.place()
        self._vehicle.motion = Motion(self._way(task), speed_mps=self._vehicle.speed_mps)

    def _way(self, task: TaskMemory) -> Path:
        legs = task.plan.stops[task.first_leg : task.stop_index + 1]
        points: list[Point] = []
        limits: list[SpeedLimit] = []
        sweeps: list[SweepSpan] = []
        along_m = 0.0
        for leg in legs:
            sweeps += [
                SweepSpan(from_m=span.from_m + along_m, to_m=span.to_m + along_m) for span in leg.sweeps or ()
            ]
            limits += [
                SpeedLimit(
                    from_m=limit.from_m + along_m, to_m=limit.to_m + along_m, speed_mps=limit.speed_mps
                )
                for limit in leg.limits
            ]
            points += decode_polyline6(leg.polyline6)
            along_m += leg.length_m
        return self._path(task.way_from, points, (task.stop.lat, task.stop.lng), limits, sweeps)

    def _path(
        self,
        start: Point | None,
        leg: list[Point],
        stop: Point,
        limits: list[SpeedLimit],
        sweeps: Sequence[SweepSpan] = (),
    ) -> Path:
        points, before_m = way_from(start or self._vehicle.place(), leg, stop)
        self._brush_down = tuple((span.from_m + before_m, span.to_m + before_m) for span in sweeps)
        bare = Path(points, (), 1.0)
        book, held, now_ms = self._vehicle.fence_book, self._vehicle.memory.fences, self._vehicle.now_ms
        self._open_fences = book.open_now(held, now_ms)
        fenced, self._no_stopping = book.along(held, bare, now_ms)
        known = shifted(limits, before_m, bare.length_m)
        return Path(points, (*known, *fenced), self._vehicle.given.top_speed_mps)

    def _drive_home(self, home: HomeMemory) -> None:
        path = self._way_home(home)
        self._vehicle.motion = Motion(path, at_m=home.driven_m, speed_mps=self._vehicle.speed_mps)

    def _way_home(self, home: HomeMemory) -> Path:
        home.way_from = home.way_from or self._vehicle.place()
        limits = [SpeedLimit(from_m=a, to_m=b, speed_mps=c) for a, b, c in home.limits]
        return self._path(home.way_from, decode_polyline6(home.polyline6), (home.lat, home.lng), limits)

    def _come_home(self, home: HomeMemory) -> None:
        self._vehicle.motion = None
        self._vehicle.memory.home = None
        self._vehicle.result(home.command_id)

    def _take_up_again(self, task: TaskMemory) -> None:
        """Go on after the vehicle's computer was off."""
        if task.phase == "driving":
            path = self._way(task)
            self._vehicle.motion = Motion(path, at_m=min(task.driven_m, path.length_m))
            self._vehicle.motion.segment = path.segment(self._vehicle.motion.at_m)
        elif task.stop.kind == "charge":
            self._vehicle.is_charging = task.stop.wait_s == 0
        elif task.stop.kind == "return":
            self._counter_at_ms = task.reached_ms


def rides_in(plan: AssignTask, order_id: str, compartment: int) -> AssignTask:
    """Return the plan with the order in this compartment at every stop: where its goods were put counts."""
    replace = msgspec.structs.replace
    stops = tuple(
        replace(
            stop,
            orders=tuple(
                replace(order, compartment=compartment) if order.order_id == order_id else order
                for order in stop.orders
            ),
        )
        for stop in plan.stops
    )
    return replace(plan, stops=stops)
