"""One simulated vehicle: drives what it was told, stops when it must, says what happened.

Pure but for what it is handed: ``step`` moves it on by one report interval, ``obey`` takes a command,
``type_code`` is a person at its keypad. Time, weather and whether it hears the city are arguments.
"""

import math
import random
from datetime import UTC, datetime
from typing import Literal

import msgspec

from fleet.links.wire.messages import Command, LinkLoss
from fleet.links.wire.reports import (
    CommandResult,
    DoorOpened,
    Fault,
    LinkLossPolicy,
    TakeoverRequested,
)
from fleet.links.wire.status import CommandOutcome
from simulator.issued import GivenVehicle
from simulator.vehicles.asking import Asking
from simulator.vehicles.battery import Battery
from simulator.vehicles.doors import Doors
from simulator.vehicles.drive import EMERGENCY_BRAKE_MPS2, SAFE_BRAKE_MPS2, Motion
from simulator.vehicles.eyes import Eyes
from simulator.vehicles.fence_book import FenceBook
from simulator.vehicles.held_sales import forget_sales, type_sale_code
from simulator.vehicles.keypad import KeypadAnswer, check_code
from simulator.vehicles.memory import VehicleMemory
from simulator.vehicles.obey import obey
from simulator.vehicles.path import Point
from simulator.vehicles.reporting import ReportBook
from simulator.vehicles.sensors import Sensors
from simulator.vehicles.work import Work

SILENT_SLOW_MPS = 1.5
"""Speed after ``slow_after_s`` without hearing the city."""
EMPTY_RATIO = 0.03
"""Below this it stands and says so."""
FAULT_BATTERY_LOW = 101
FAULT_BATTERY_COLD = 102
FAULT_DRIVE = 1
FAULT_SENSOR_BLOCKED = 201
CREW_AFTER_S = 1_200.0
"""How long an empty vehicle waits for a crew with a fresh pack."""
WITHOUT_CREW_S = 6 * 3_600.0
"""The same where a crew is played and does not come."""
FRESH_PACK_RATIO = 0.7
STEP_S = 1.0


class Situation(msgspec.Struct, frozen=True):
    """What the world is to a vehicle in one step."""

    now_ms: int
    air_c: float
    is_heard: bool
    """Whether it hears the city now."""


class Vehicle:
    """State and behaviour of one vehicle."""

    def __init__(
        self,
        given: GivenVehicle,
        memory: VehicleMemory,
        seed: int,
        fence_book: FenceBook | None = None,
        *,
        sensor_faults_per_hour: float = 0.0,
        waits_for_crew: bool = False,
        takeovers_per_hour: float = 0.0,
        findings_per_100: float = 0.0,
    ) -> None:
        self.given = given
        self.memory = memory
        self.fence_book = fence_book or FenceBook()
        self.lot = random.Random(f"{seed}:{given.vehicle_no}")  # noqa: S311 - a simulation, not a secret
        self.reports = ReportBook(given.vehicle_no, memory)
        self._sensors = Sensors(given.vehicle_no, seed, sensor_faults_per_hour, waits_for_crew=waits_for_crew)
        self.asking = Asking(given.vehicle_no, seed, takeovers_per_hour)
        self.eyes = Eyes(seed, findings_per_100)
        self._crew_after_s = WITHOUT_CREW_S if waits_for_crew else CREW_AFTER_S
        self.doors = Doors(self.lot)
        self.battery = Battery(
            given.battery_wh,
            memory.battery_ratio,
            memory.battery_c,
            is_heater_broken=memory.is_heater_broken,
        )
        self.motion: Motion | None = None
        self.last_command = ""
        self.last_outcome = CommandOutcome.NONE
        self.silent_since_ms: int | None = None
        self.is_charging = False
        self.is_empty = memory.battery_ratio < EMPTY_RATIO
        self._empty_since_ms = 0
        self._is_mended = False
        self.lights = 0
        self.lights_until_ms = 0
        self.air_c = 15.0
        self.now_ms = 0
        self.is_in_keypad_use = 0
        self.stand_by_ms = 0
        """When a safe stop must stand at the latest, wherever that is."""
        self._awaiting_stand: list[str] = []
        self.keypad_key = bytes.fromhex(given.keypad_key)
        self.work = Work(self)
        self._drift = (0.0, 0.0)

    @property
    def speed_mps(self) -> float:
        """Its speed now."""
        return 0.0 if self.motion is None else self.motion.speed_mps

    @property
    def is_held(self) -> bool:
        """Whether a stop holds it until it is released."""
        return bool(self.memory.held_by)

    @property
    def is_sensor_blocked(self) -> bool:
        """Whether one of its sensors sees nothing; the others are enough to go on."""
        return self.memory.sensor_blocked_until_ms > 0

    @property
    def is_broken(self) -> bool:
        """Whether its drive has failed: it stands until somebody repairs it."""
        return self.memory.broken_since_ms > 0

    @property
    def is_stopped_by_silence(self) -> bool:
        """Whether it stands because it hears nothing from the city."""
        return self.silent_s >= self.memory.stop_after_s

    @property
    def silent_s(self) -> float:
        """City seconds since it last heard the city."""
        return 0.0 if self.silent_since_ms is None else (self.now_ms - self.silent_since_ms) / 1000

    def place(self) -> Point:
        """Return where it is."""
        return self.memory.lat, self.memory.lng

    def step(self, world: Situation) -> None:
        """Move on by one second of city time that ends at ``world.now_ms``."""
        self.now_ms, self.air_c = world.now_ms, world.air_c
        self._listen(world)
        driven_m = self._drive()
        self._use_energy(driven_m)
        self._look_at_sensors()
        self._look_ahead()
        if self.speed_mps == 0.0 and self._awaiting_stand:
            self._finish_stopping()
        self.work.step(self.now_ms)
        if self.lights and self.now_ms >= self.lights_until_ms:
            self.lights = 0

    def obey(self, command: Command, now_ms: int) -> None:
        """Take a command: acknowledge it, do it or say why not."""
        self.now_ms = max(self.now_ms, now_ms)
        obey(self, command, now_ms)

    def learn_policy(self, policy: LinkLoss, now_ms: int) -> None:
        """Hold the link-loss policy that the city wants and say so, once for each version."""
        if policy.version == self.memory.policy_version:
            return
        self.memory.policy_version = policy.version
        self.memory.slow_after_s, self.memory.stop_after_s = policy.slow_after_s, policy.stop_after_s
        self.reports.add(
            LinkLossPolicy(
                version=policy.version, slow_after_s=policy.slow_after_s, stop_after_s=policy.stop_after_s
            ),
            now_ms,
        )

    def type_code(self, code: str, now_ms: int) -> KeypadAnswer:
        """Return what the keypad answers to six typed digits; the right ones open a door."""
        task = self.memory.task
        at_handover = task is not None and task.phase == "at_stop" and task.stop.kind == "handover"
        if task is None or not at_handover:
            return type_sale_code(self, code, now_ms)
        self.is_in_keypad_use = 30
        waiting, at = task.waiting_here(("on_board",)), datetime.fromtimestamp(now_ms / 1000, UTC)
        answer = check_code(self.keypad_key, waiting, self.memory.tries, code, at)
        self.reports.is_dirty = True
        if answer.result == "opened" and answer.compartment is not None:
            if self.doors.is_open(answer.compartment):
                return msgspec.structs.replace(answer, result="open_already")
            self.open_door(answer.compartment, answer.order_id, answer.generation, now_ms)
        for failed in answer.counted:
            self.reports.add(failed, now_ms, task_id=task.plan.task_id, epoch=task.plan.epoch)
        return answer

    def open_door(
        self,
        compartment: int,
        order_id: str | None,
        generation: int | None,
        now_ms: int,
        *,
        sale_id: str = "",
        wanted: int = 0,
    ) -> None:
        """Open a compartment and say so; ``generation`` None means that a command opened it.

        With ``sale_id`` a buyer takes up to ``wanted`` pieces out of it.
        """
        task = self.memory.task
        stop = task.stop if task is not None and task.phase == "at_stop" else None
        kind = "" if stop is None else stop.kind
        is_here = stop is not None and any(order.order_id == order_id for order in stop.orders)
        self.doors.open(
            compartment,
            now_ms,
            order_id=order_id,
            stop_id=stop.stop_id if stop is not None else None,
            puts_in=is_here and kind == "load",
            takes_out=is_here and kind in ("handover", "return"),
            sale_id=sale_id,
            wanted=wanted,
        )
        self.reports.add(
            DoorOpened(
                compartment=compartment,
                stop_id=stop.stop_id if stop is not None else None,
                order_id=order_id,
                by="keypad" if generation is not None else "merchant" if kind == "return" else "command",
                generation=generation,
                sale_id=sale_id or None,
            ),
            now_ms,
            task_id=task.plan.task_id if task is not None else None,
            epoch=task.plan.epoch if task is not None else None,
        )

    def break_down(self) -> None:
        """Let its drive fail: it stands where it is, and says so once."""
        if not self.is_broken:
            self.memory.broken_since_ms = self.now_ms
            self.work.report(Fault(code=FAULT_DRIVE, fatal=True, detail="no torque from the drive"))

    def break_heater(self) -> None:
        """Let the heater of its pack fail; nobody notices before the pack is to be charged in the cold."""
        self.memory.is_heater_broken = self.battery.is_heater_broken = True

    def mend(self) -> None:
        """Let a person at the vehicle wipe its sensors, repair its drive and heater and change an empty pack;
        it says so itself."""
        self._is_mended = True
        self.memory.is_heater_broken = self.battery.is_heater_broken = False
        if self.is_sensor_blocked:
            self.memory.sensor_blocked_until_ms = self.now_ms

    def result(self, command_id: str, *, detail: str = "", failed: bool = False) -> None:
        """Say how a command ended."""
        word: Literal["succeeded", "failed"] = "failed" if failed else "succeeded"
        self.last_command = command_id
        self.last_outcome = CommandOutcome.FAILED if failed else CommandOutcome.SUCCEEDED
        self.reports.add(CommandResult(command_id=command_id, result=word, detail=detail), self.now_ms)

    def when_standing(self, command_id: str) -> None:
        """Say that a command succeeded as soon as the vehicle stands."""
        self._awaiting_stand.append(command_id)

    def measured_place(self) -> Point:
        """Return where its receiver says it is: within a metre, drifting slowly."""
        sigma = 0.25 if self.speed_mps else 0.02
        north, east = (0.9 * self._drift[0], 0.9 * self._drift[1])
        self._drift = north + self.lot.gauss(0, sigma), east + self.lot.gauss(0, sigma)
        lat, lng = self.place()
        return (
            lat + self._drift[0] / 111_195.0,
            lng + self._drift[1] / (111_195.0 * math.cos(math.radians(lat))),
        )

    def _listen(self, world: Situation) -> None:
        if world.is_heard:
            self.silent_since_ms = None
        elif self.silent_since_ms is None:
            self.silent_since_ms = world.now_ms

    def _drive(self) -> float:
        motion = self.motion
        if motion is None:
            return 0.0
        if self.memory.held_by == "emergency_stop":
            driven_m = motion.brake(STEP_S, EMERGENCY_BRAKE_MPS2)
        elif self._must_stand():
            if self._pulls_out():
                return self._moved(motion, motion.advance(STEP_S, SILENT_SLOW_MPS))
            driven_m = motion.brake(STEP_S, SAFE_BRAKE_MPS2)
        else:
            driven_m = motion.advance(STEP_S, self._cap_mps())
        return self._moved(motion, driven_m)

    def _moved(self, motion: Motion, driven_m: float) -> float:
        if driven_m:
            forget_sales(self)
            self.memory.lat, self.memory.lng = motion.place()
            self.memory.heading_deg = motion.heading_deg()
            self.memory.odometer_m += driven_m
        return driven_m

    def _must_stand(self) -> bool:
        return (
            self.is_held
            or self.memory.is_paused
            or self.is_stopped_by_silence
            or self.is_empty
            or self.is_broken
            or self.asking.is_standing
            or self.doors.any_open
        )

    def _pulls_out(self) -> bool:
        """Whether a safe stop may roll on a little, because nobody may stop where the vehicle is."""
        can_roll = not self.is_empty and not self.is_broken and not self.doors.any_open
        only_stop = self.memory.held_by == "safe_stop" and can_roll
        return only_stop and self.now_ms < self.stand_by_ms and not self.work.may_stand_here()

    def _cap_mps(self) -> float:
        caps = [self.given.top_speed_mps]
        if self.memory.speed_cap_mps is not None:
            caps.append(self.memory.speed_cap_mps)
        if self.silent_s >= self.memory.slow_after_s:
            caps.append(SILENT_SLOW_MPS)
        return min(caps)

    def _use_energy(self, driven_m: float) -> None:
        if self.is_charging:
            self.battery.charge(self.air_c, STEP_S)
        else:
            self.battery.use(driven_m, self.given.consumption_wh_km, self.air_c, STEP_S)
        if self.is_empty:
            self._wait_for_crew()
        if self.is_broken:
            self._wait_for_repair()
        self._is_mended = False
        self._look_at_pack()
        self.memory.battery_ratio = self.battery.ratio
        self.memory.battery_c = self.battery.temperature_c
        if self.battery.ratio < EMPTY_RATIO and not self.is_empty:
            self.is_empty, self._empty_since_ms = True, self.now_ms
            self.work.report(Fault(code=FAULT_BATTERY_LOW, fatal=True, detail="battery empty"))

    def _look_at_pack(self) -> None:
        is_cold = self.battery.is_too_cold_to_charge
        if is_cold and self.is_charging and not self.memory.said_too_cold:
            self.memory.said_too_cold = True
            self.work.report(Fault(code=FAULT_BATTERY_COLD, detail="the pack's heater has failed: no charge"))
        elif self.memory.said_too_cold and not is_cold:
            self.memory.said_too_cold = False
            self.work.report(Fault(code=FAULT_BATTERY_COLD, is_cleared=True, detail="the pack is warm"))

    def _look_at_sensors(self) -> None:
        until_ms = self.memory.sensor_blocked_until_ms
        if until_ms and self.now_ms >= until_ms:
            self.memory.sensor_blocked_until_ms = 0
            self.work.report(Fault(code=FAULT_SENSOR_BLOCKED, is_cleared=True, detail="wiped"))
        elif not until_ms and (until_ms := self._sensors.blocked_until(self.now_ms)):
            self.memory.sensor_blocked_until_ms = until_ms
            self.work.report(Fault(code=FAULT_SENSOR_BLOCKED, detail="dust or ice on the front lidar"))

    def _look_ahead(self) -> None:
        self.asking.pass_time(self.now_ms)
        is_driving = self.speed_mps > 0 and not self._must_stand()
        if is_driving and self.asking.drove(STEP_S, self.now_ms):
            self.work.report(TakeoverRequested(reason="way_blocked", detail="construction on the lane"))

    def _wait_for_crew(self) -> None:
        """A crew comes with a fresh pack, or somebody does when nobody plays the crew."""
        if self._is_mended or self.now_ms - self._empty_since_ms >= self._crew_after_s * 1000:
            self.is_empty, self.battery.ratio = False, FRESH_PACK_RATIO
            self.work.report(Fault(code=FAULT_BATTERY_LOW, is_cleared=True, detail="pack changed"))

    def _wait_for_repair(self) -> None:
        if self._is_mended or self.now_ms - self.memory.broken_since_ms >= self._crew_after_s * 1000:
            self.memory.broken_since_ms = 0
            self.work.report(Fault(code=FAULT_DRIVE, is_cleared=True, detail="drive repaired"))

    def _finish_stopping(self) -> None:
        for command_id in self._awaiting_stand:
            self.result(command_id)
        self._awaiting_stand = []
