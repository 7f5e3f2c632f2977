"""All simulated vehicles of a city: makes their time pass, keeps their memories, answers their keypads."""

import asyncio
import contextlib
import random
import time

import structlog

from simulator.clock import CityClock
from simulator.issued import Issued
from simulator.link.cloud import MakerCloud
from simulator.memory_file import MemoryFile
from simulator.script import Breakdown, Script
from simulator.vehicles.fence_book import FenceBook
from simulator.vehicles.keypad import KeypadAnswer
from simulator.vehicles.memory import VehicleMemory
from simulator.vehicles.radio import Radio
from simulator.vehicles.vehicle import Vehicle
from simulator.weather import air_temperature_c

TICK_S = 0.1
"""Wall seconds between two steps of the world; at 10 city seconds a second every vehicle moves in each."""
SAVE_EVERY_S = 5.0
WEATHER_EVERY_MS = 60_000
BATTERY_AT_FIRST = (0.55, 0.98)
LONGEST_CATCH_UP_MS = 30_000
"""City time that is caught up in one tick; a machine that slept longer does not replay it."""

_log = structlog.get_logger("simulator.world")


class World:
    """The vehicles of a city with their makers' links."""

    def __init__(
        self,
        issued: Issued,
        gateway_url: str,
        memories: MemoryFile,
        *,
        seed: int,
        outages_per_hour: float,
        sensor_faults_per_hour: float = 0.0,
        has_crews: bool = False,
        takeovers_per_hour: float = 0.0,
        findings_per_100: float = 0.0,
        utc_offset_h: float = 8.0,
        clock: CityClock | None = None,
        script: Script | None = None,
    ) -> None:
        """Take who is played, with what; ``script`` is what is bound to happen beside what chance brings."""
        self._script = script or Script()
        self._broken: set[Breakdown] = set()
        self.clock = clock or CityClock()
        self._memories = memories
        self._seed = seed
        self._offset_h = utc_offset_h
        self._fence_book = FenceBook()
        memories.load_fences(self._fence_book)
        self._sensor_faults = sensor_faults_per_hour
        self._has_crews = has_crews
        self._takeovers = takeovers_per_hour
        self._findings = findings_per_100
        self.vehicles = self._vehicles(issued, memories.load())
        self.clouds = [
            MakerCloud(
                maker,
                own,
                {no: Radio(no, seed, outages_per_hour) for no in own},
                gateway_url,
                self.clock,
                utc_offset_h=utc_offset_h,
                script=self._script,
            )
            for maker in issued.makers
            if (own := {n: v for n, v in self.vehicles.items() if v.given.maker == maker.maker})
        ]
        self._by_code = {vehicle.given.code: vehicle for vehicle in self.vehicles.values()}
        self._air = (0, 10.0)
        self.tick_s = 0.0
        """Processor seconds spent in ticks, for whoever measures."""

    def __repr__(self) -> str:
        return f"World({len(self.vehicles)} vehicles of {len(self.clouds)} makers)"

    async def run(self, stop: asyncio.Event) -> None:
        """Make time pass until ``stop``; the links run beside."""
        links = [asyncio.create_task(cloud.run(stop)) for cloud in self.clouds]
        saved_s = time.monotonic()
        before_ms: int | None = None
        try:
            while not stop.is_set():
                before_ms = self._tick(before_ms)
                now_s = time.monotonic()
                self._save(everything=now_s - saved_s >= SAVE_EVERY_S)
                if now_s - saved_s >= SAVE_EVERY_S:
                    saved_s = now_s
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), TICK_S)
        finally:
            await asyncio.gather(*links)
            self._save(everything=True)

    def type_code(self, vehicle_code: str, code: str) -> KeypadAnswer | None:
        """Return what a vehicle's keypad answers; None when there is no such vehicle here."""
        vehicle = self._by_code.get(vehicle_code)
        if vehicle is None or not self.clock.is_known:
            return None
        return vehicle.type_code(code, self.clock.now_ms())

    def mend(self, vehicle_no: int) -> None:
        """Let a person who stands at a vehicle do what it needs; one that is not simulated here is left."""
        vehicle = self.vehicles.get(vehicle_no)
        if vehicle is not None:
            vehicle.mend()

    def look_over(self, vehicle_no: int) -> tuple[str, ...]:
        """Return what somebody who looks at a vehicle finds out of order, in the words of a check list."""
        vehicle = self.vehicles.get(vehicle_no)
        return ("sensors",) if vehicle is not None and vehicle.is_sensor_blocked else ()

    def assist(self, vehicle_no: int) -> None:
        """Let a remote operator help a vehicle that asked; one that is not simulated here is left."""
        vehicle = self.vehicles.get(vehicle_no)
        if vehicle is not None:
            vehicle.asking.assist(self.clock.now_ms())

    def vehicle(self, vehicle_code: str) -> Vehicle | None:
        """Return the vehicle with a printed code."""
        return self._by_code.get(vehicle_code)

    def _tick(self, before_ms: int | None) -> int | None:
        if not self.clock.is_known:
            return None
        now_ms = self.clock.now_ms()
        if before_ms is not None and not 0 <= now_ms - before_ms <= LONGEST_CATCH_UP_MS:
            _log.warning("time_jumped", by_s=(now_ms - before_ms) / 1000)
            for cloud in self.clouds:
                cloud.stand_still()
        started = time.process_time()
        self._break_down(now_ms)
        air_c = self._air_c(now_ms)
        for cloud in self.clouds:
            cloud.tick(now_ms, air_c)
        self.tick_s += time.process_time() - started
        return now_ms

    def _break_down(self, now_ms: int) -> None:
        """Let fail what is bound to; while nobody of a service drives, the failure of a drive waits."""
        for due in self._script.breakdowns:
            if due in self._broken or now_ms < due.at_ms:
                continue
            vehicle = self._to_break(due)
            if vehicle is not None:
                vehicle.break_down() if due.part == "drive" else vehicle.break_heater()
                self._broken.add(due)
                _log.info("broke_down", vehicle=vehicle.given.vehicle_no, part=due.part)

    def _to_break(self, due: Breakdown) -> Vehicle | None:
        own = [one for one in self.vehicles.values() if one.given.service == due.service]
        if due.part == "heater":
            return min(own, key=lambda one: one.battery.ratio, default=None)
        return next((one for one in own if one.speed_mps > 0), None)

    def _air_c(self, now_ms: int) -> float:
        at_ms, air_c = self._air
        if now_ms - at_ms >= WEATHER_EVERY_MS or now_ms < at_ms:
            scripted = self._script.air_c(now_ms)
            usual = air_temperature_c(now_ms, seed=self._seed, utc_offset_h=self._offset_h)
            air_c = usual if scripted is None else scripted
            self._air = (now_ms, air_c)
        return air_c

    def _save(self, *, everything: bool) -> None:
        due = [
            (number, vehicle.memory)
            for number, vehicle in self.vehicles.items()
            if everything or vehicle.reports.is_dirty
        ]
        self._memories.save_fences(self._fence_book)
        self._memories.save(due)
        for number, _ in due:
            self.vehicles[number].reports.written()

    def _vehicles(self, issued: Issued, known: dict[int, VehicleMemory]) -> dict[int, Vehicle]:
        lot = random.Random(self._seed)  # noqa: S311 - a simulation, not a secret
        vehicles = {}
        for given in issued.vehicles:
            ratio = lot.uniform(*BATTERY_AT_FIRST)
            memory = known.get(given.vehicle_no) or VehicleMemory(
                lat=given.lat, lng=given.lng, heading_deg=given.heading_deg, battery_ratio=ratio
            )
            vehicles[given.vehicle_no] = Vehicle(
                given,
                memory,
                self._seed,
                self._fence_book,
                sensor_faults_per_hour=self._sensor_faults,
                waits_for_crew=self._has_crews,
                takeovers_per_hour=self._takeovers,
                findings_per_100=self._findings,
            )
        return vehicles
