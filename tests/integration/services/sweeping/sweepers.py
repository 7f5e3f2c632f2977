"""A yard that is swept: its zone, its worker, and a simulated sweeper whose positions are archived."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from core import keys
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.clock import ms_of_moment
from core.ids import OperatorId, SweepingRunId, SweepingZoneId, VehicleNo
from core.kinds import ServiceKind
from core.redis import Redis
from fleet.links.wire.commands import AssignTask, CommandKind
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Records, entry_fields
from fleet.weather.conditions import Weather
from fleet.weather.fact import FactKind, WeatherFact
from fleet.weather.store import WeatherStore
from geofences import shapes
from services.routing.polyline import encode
from services.routing.route import GeoPoint, Route
from services.sweeping.call_home import WaysHome
from services.sweeping.hold_back import HoldBack
from services.sweeping.ledger import CellSwept
from services.sweeping.run import SweepingRun
from services.sweeping.run_store import RunStore
from services.sweeping.save_zone import save_zone
from services.sweeping.start_run import start_run
from services.sweeping.work_on import SETTLE_MS, SweepingWorker
from services.sweeping.zone import Drawing, StoredPlan, SweepingZone, ZoneKind, plan_id_of
from services.sweeping.zone_store import ZoneStore
from services.tasks.states import StopKind
from simulator.vehicles.records import position_records, position_row, status_marks, status_records
from simulator.vehicles.vehicle import Vehicle
from tests.history import Written
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import CITY, KB, StraightRoads, Town
from tests.simulated import Drive, a_vehicle

ZONE = SweepingZoneId("yard")
SWEEPER = 7
PARTITIONS = 4
RECENT_MS, BOTH_MS = 30_000, 40_000
"""What is in the stream alone, and what is in it at all."""
AREA = shapes.rectangle(39.602, 109.781, 18.0, 11.0, 30.0)


class DrawnRoads(StraightRoads):
    """Roads straight everywhere, with the line that a vehicle drives."""

    def _leg(self, a: GeoPoint, b: GeoPoint, speed_mps: float) -> Route:
        route = super()._leg(a, b, speed_mps)
        return msgspec.structs.replace(route, polyline6=encode([(a.lat, a.lng), (b.lat, b.lng)]))


class OnDisk:
    """The history holds everything up to a moment that a test sets."""

    def __init__(self) -> None:
        self.until_ms = 1 << 60

    async def has_passed(self, city_ms: int, /) -> bool:
        return city_ms <= self.until_ms


class Yard:
    """One zone of one operator."""

    def __init__(self, town: Town, history: Path) -> None:
        self.town = town
        self.history = Written(history)
        self.mark = OnDisk()
        self.worker = SweepingWorker(town.database, town.clock, history, self.mark, CITY)
        self.streams: Redis | None = None
        """Where the newest half minute goes that a sweeper measured; None: to the disk with the rest."""
        self._unwritten: list[Records] = []
        self.lead = a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-a"))

    async def draw(self, **changes: Any) -> SweepingZone:
        """Draw the zone, or its next version."""
        drawing = Drawing(kind=ZoneKind.GROUND, area=AREA)
        zone = SweepingZone(
            zone_id=ZONE,
            district=KB,
            operator=OperatorId("op-a"),
            name_zh="示例广场",
            name_en="Sample square",
            drawing=msgspec.structs.replace(drawing, **changes),
            changed_at=self.town.now,
        )
        async with self.town.database.write() as tx:
            known = await ZoneStore(tx).find(ZONE)
            version = 0 if known is None else known.version
            return await save_zone(tx, self.lead, zone, version=version, at=self.town.now)

    async def planned(self, **changes: Any) -> SweepingZone:
        """Draw the zone and have it planned."""
        zone = await self.draw(**changes)
        assert await self.worker.go_on() == {"planned": 1}
        return zone

    async def start(self, vehicle_no: int | None = None) -> SweepingRun:
        wanted = None if vehicle_no is None else VehicleNo(vehicle_no)
        async with self.town.database.write() as tx:
            return await start_run(tx, self.lead, ZONE, wanted, at=self.town.now)

    async def plan(self, version: int = 1) -> StoredPlan:
        async with self.town.database.read() as tx:
            return await ZoneStore(tx).plan(plan_id_of(ZONE, version))

    async def run(self, run_id: SweepingRunId) -> SweepingRun:
        async with self.town.database.read() as tx:
            return await RunStore(tx).get(run_id, EVERYTHING)

    async def runs(self) -> list[SweepingRun]:
        """Return every run, the newest first."""
        async with self.town.database.read() as tx:
            return await RunStore(tx).newest(EVERYTHING)

    async def cells(self, run_id: SweepingRunId) -> list[CellSwept]:
        async with self.town.database.read() as tx:
            return await RunStore(tx).cells(run_id)

    async def sweeper(self, **said: Any) -> None:
        await self.town.add_vehicle(SWEEPER, service=ServiceKind.SWEEPING, **{"outside_c": 18.0, **said})

    async def weather(self, **said: Any) -> None:
        """Have the duty officer say the weather of the next two hours."""
        at = self.town.now
        fact = WeatherFact(
            district=KB,
            source="desk",
            kind=FactKind.OBSERVED,
            valid_from=at,
            valid_to=at + timedelta(hours=2),
            weather=Weather(**said),
            recorded_at=at,
        )
        async with self.town.database.write() as tx:
            await WeatherStore(tx).put(fact)

    def hold_back(self) -> HoldBack:
        """Return who holds runs back in the weather."""
        town = self.town
        ways = WaysHome(town.database, town.ways, town.listener)
        return HoldBack(town.database, town.clock, ways)

    async def begin(self) -> None:
        """Let the sweeper take its plan and leave for the first pass."""
        script = self.town.script(SWEEPER)
        await script.take_plan()
        await script.reach(StopKind.VISIT)
        await script.leave(StopKind.VISIT)

    async def settle(self) -> dict[str, int]:
        return await self.town.idle.settle(KB)

    async def drive(
        self, vehicle: Vehicle, *, brush_fails_after_m: float = 1e9, until_m: float = 1e9
    ) -> AssignTask:
        """Have a simulated sweeper do its newest plan to the end, or sweep so far; archive what it measured,
        and report."""
        town = self.town
        [*_, command] = await town.commands(SWEEPER, CommandKind.ASSIGN_TASK)
        plan = msgspec.json.decode(bytes(command.body), type=AssignTask)
        drive = Drive(vehicle)
        drive.now_ms = ms_of_moment(town.now)
        drive.assign(plan)
        began_ms, swept_m = drive.now_ms, 0.0
        rows, statuses, marks = [], [], None
        while vehicle.memory.task is not None and swept_m < until_m:
            assert drive.now_ms - began_ms < 3_600_000, "it never ended"
            drive.pass_time(1)
            vehicle.battery.ratio = 0.8
            swept_m += vehicle.speed_mps * vehicle.work.is_brush_down
            is_broken = swept_m > brush_fails_after_m
            rows.append(position_row(vehicle, drive.now_ms))
            said = (status_marks(vehicle), is_broken)
            if said != marks or (drive.now_ms - began_ms) % 25_000 == 0:
                marks = said
                statuses.append(_status(vehicle, drive.now_ms, is_broken=is_broken))
        town.clock.advance((drive.now_ms - began_ms) / 1000)
        await self._archive(rows, statuses, drive.now_ms)
        await self._report(vehicle)
        return plan

    async def _archive(self, rows: Sequence[Any], statuses: Sequence[Any], now_ms: int) -> None:
        positions = np.zeros(len(rows), STREAM_POSITION)
        base_ms, records = position_records(list(rows))
        for name in records.dtype.names or ():
            if name in (positions.dtype.names or ()):
                positions[name] = records[name]
        positions["measured_ms"] = [row[0] for row in rows]
        status = np.zeros(len(statuses), STREAM_STATUS)
        for number, (at_ms, record) in enumerate(statuses):
            status["measured_ms"][number], status["status"][number] = at_ms, record
        assert base_ms <= now_ms
        if self.streams is not None:
            fields = entry_fields(
                now_ms, _since(positions, now_ms - BOTH_MS), _since(status, now_ms - BOTH_MS)
            )
            await self.streams.xadd(keys.telemetry(SWEEPER % PARTITIONS), fields)
            self._unwritten = [_since(positions, now_ms - RECENT_MS), _since(status, now_ms - RECENT_MS)]
            positions, status = (
                every[: len(every) - len(newest)]
                for every, newest in zip((positions, status), self._unwritten, strict=True)
            )
        self.history.raw(positions, now_ms + 1000, status)

    def archive_rest(self) -> None:
        """Put on disk what was in the stream alone."""
        positions, status = self._unwritten
        self.history.raw(positions, ms_of_moment(self.town.now) + 5000, status)

    async def _report(self, vehicle: Vehicle) -> None:
        for report in list(vehicle.memory.reports):
            await self.town.say(
                SWEEPER,
                report.kind.value,
                msgspec.json.decode(report.body),
                task_id=report.task_id,
                epoch=report.epoch,
            )
            vehicle.reports.stored(report.report_seq)

    def settle_history(self) -> None:
        """Let so much time pass that a run that ended is measured."""
        self.town.clock.advance(timedelta(milliseconds=SETTLE_MS).total_seconds() + 1)


def _since(records: Records, ms: int) -> Records:
    return records[records["measured_ms"] > ms]


def _status(vehicle: Vehicle, now_ms: int, *, is_broken: bool) -> tuple[int, Any]:
    record = status_records([vehicle], now_ms, now_ms, hour=12)[0]
    if is_broken:
        record["brush"] = 0
    return now_ms, record


def a_sweeper() -> Vehicle:
    return a_vehicle(service="sweeping")
