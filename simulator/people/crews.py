"""The field crew: takes the next job, drives there, does it with its own hands, proves it done."""

import random
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from simulator.people.checks import VehicleChecks
from simulator.people.desk import StaffDesk
from simulator.people.pace import Pace

THINK_S = (20.0, 90.0)
"""City seconds before somebody sets out, from and to."""
DRIVES_MPS = 9.0
PARKS_S = (60.0, 180.0)
WITHOUT_WAY_S = 600.0
"""City seconds to a vehicle whose distance nobody knows."""
WORK_S = {
    "rescue": (300.0, 900.0),
    "tow": (1_200.0, 2_400.0),
    "unlock": (120.0, 300.0),
    "restock": (300.0, 900.0),
    "clean": (120.0, 300.0),
    "repair": (600.0, 1_800.0),
    "inspection": (600.0, 1_200.0),
}
"""City seconds of work at the vehicle, by kind; our own guess."""
NOTES = {
    "rescue": "车辆已能继续 / the vehicle can go on",
    "clean": "传感器已擦净 / sensor wiped",
    "inspection": "检查合格 / passed",
}
DONE = "已处理 / done"
BOX_DAYS = 14
"""Days for which what the van brings may be sold."""
_log = structlog.get_logger("simulator.people")


class Hands(Protocol):
    """What a person can do to a vehicle that stands in front of her."""

    def mend(self, vehicle_no: int) -> None:
        """Wipe its sensors and give it a fresh pack when it needs one."""
        ...

    def look_over(self, vehicle_no: int) -> tuple[str, ...]:
        """Return the lines of a check list that are not in order; a stranger's vehicle looks well."""
        ...


class JobVehicle(msgspec.Struct, frozen=True, rename="camel"):
    """Where the job is."""

    vehicle_no: int
    lat: float | None = None
    lng: float | None = None


class Job(msgspec.Struct, frozen=True, rename="camel"):
    """What the crew needs of a job."""

    work_order_id: str
    kind: str
    state: str
    is_mine: bool
    vehicle: JobVehicle
    distance_m: float | None = None
    calls: tuple[dict[str, object], ...] = ()


class LotInSlot(msgspec.Struct, frozen=True, rename="camel"):
    """Pieces of a lot."""

    shelf: int
    held: int


class SlotToFill(msgspec.Struct, frozen=True, rename="camel"):
    """A slot of a vending vehicle."""

    slot: int
    goods_id: str
    capacity: int
    temperature: str
    lots: tuple[LotInSlot, ...] = ()


class Shelf(msgspec.Struct, frozen=True, rename="camel"):
    """What a vending vehicle holds."""

    slots: tuple[SlotToFill, ...] = ()


class Crew:
    """One person with a van."""

    def __init__(self, desk: StaffDesk, pace: Pace, seed: int, hands: Hands | None) -> None:
        """Take who it is; without ``hands`` nobody's vehicles are simulated here."""
        self._desk = desk
        self._pace = pace
        self._hands = hands
        self._checks = VehicleChecks(desk, pace, seed, None if hands is None else hands.look_over)
        self._lot = random.Random(f"crew:{seed}:{desk.given.username}")  # noqa: S311 - a simulation
        self._here: tuple[float, float] | None = None
        self._due_ms: dict[tuple[str, str], int] = {}
        self.slowness = 1.0

    async def run(self) -> None:
        """Work until everybody goes home."""
        await self._pace.wall(self._lot.uniform(2, 12))
        while not self._pace.is_over:
            busy = await self._desk.log_in() and (await self._checks.go_round() or await self.look())
            pause_s = self._pace.poll_s(30 if busy else 90, least_s=2.0, most_s=12.0)
            await self._pace.wall(self._lot.uniform(0.85, 1.15) * pause_s)

    async def look(self) -> bool:
        """Take the next step of one's job, or the next job; return whether there is one."""
        place: dict[str, str | int | float] = {}
        if self._here is not None:
            place = {"lat": self._here[0], "lng": self._here[1]}
        answer = await self._desk.call("GET", "/api/crew/jobs", params=place)
        if not answer.is_good or not isinstance(answer.body, list):
            return False
        jobs = msgspec.convert(answer.body, list[Job])
        known = {job.work_order_id for job in jobs}
        self._due_ms = {key: due for key, due in self._due_ms.items() if key[0] in known}
        mine = [job for job in jobs if job.is_mine]
        if mine:
            await self._go_on_with(mine[0])
        elif jobs:
            await self._say(jobs[0], "take")
        return bool(jobs)

    async def _go_on_with(self, job: Job) -> None:
        if job.state == "assigned":
            if self._is_due(job, self._lot.uniform(*THINK_S)):
                await self._say(job, "start")
        elif job.state == "en_route":
            way_s = WITHOUT_WAY_S if job.distance_m is None else job.distance_m / DRIVES_MPS
            if self._is_due(job, way_s + self._lot.uniform(*PARKS_S)) and await self._say(job, "arrive"):
                self._stand_at(job.vehicle)
        elif job.state == "on_site" and self._is_due(job, self._lot.uniform(*WORK_S[job.kind])):
            await self._finish(job)

    def _stand_at(self, vehicle: JobVehicle) -> None:
        if vehicle.lat is not None and vehicle.lng is not None:
            self._here = vehicle.lat, vehicle.lng

    async def _finish(self, job: Job) -> None:
        if self._hands is not None:
            self._hands.mend(job.vehicle.vehicle_no)
        body: dict[str, object] = {"note": NOTES.get(job.kind, DONE)}
        if job.calls:
            body["goods"] = "resumed"
        if job.kind == "restock":
            await self._load(job.vehicle.vehicle_no)
        if await self._say(job, "done", body):
            _log.info("crew_done", kind=job.kind, vehicle=job.vehicle.vehicle_no)

    async def _load(self, vehicle_no: int) -> None:
        """Fill every slot of a vending vehicle from the van; each slot has a box of its own."""
        path = f"/api/vending/vehicles/{vehicle_no}"
        answer = await self._desk.call("GET", path)
        if not answer.is_good:
            return
        now_ms = self._pace.clock.now_ms()
        day = datetime.fromtimestamp(now_ms / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for slot in msgspec.convert(answer.body, Shelf).slots:
            missing = slot.capacity - sum(lot.shelf + lot.held for lot in slot.lots)
            if missing > 0:
                body: dict[str, object] = {
                    "slot": slot.slot,
                    "batch": f"{slot.goods_id}-{day:%y%m%d}-{BOX_DAYS}",
                    "expiresAt": (day + timedelta(days=BOX_DAYS)).isoformat(),
                    "quantity": missing,
                    "temperature": slot.temperature,
                }
                key = f"load-{vehicle_no}-{slot.slot}-{now_ms}"
                await self._desk.call("POST", f"{path}/loads", body=body, key=key)

    def _is_due(self, job: Job, span_s: float) -> bool:
        """Whether the time for the next step has come; the first look decides when that is."""
        now_ms = self._pace.clock.now_ms()
        key = (job.work_order_id, job.state)
        return now_ms >= self._due_ms.setdefault(key, now_ms + int(1000 * span_s * self.slowness))

    async def _say(self, job: Job, word: str, body: dict[str, object] | None = None) -> bool:
        path = f"/api/crew/jobs/{job.work_order_id}/{word}"
        # the state in the key: a job that was handed back may be taken again
        key = f"{word}-{job.work_order_id}-{self._pace.clock.now_ms()}"
        return (await self._desk.call("POST", path, body=body, key=key)).is_good
