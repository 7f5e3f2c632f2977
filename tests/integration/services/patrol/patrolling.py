"""A patrol vehicle that goes round as a test tells it to, and what a test wants to know of its runs."""

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.database import Transaction
from core.ids import OperatorId, VehicleNo
from core.kinds import ServiceKind
from core.repeatable import Repeated, answer_once, answered_before
from fleet.links.wire.commands import AssignTask, CommandKind, StopPlan
from fleet.vehicles.judge_vehicles import CityNow
from services.patrol.beat import Beat, Checkpoint
from services.patrol.edit_beat import Draft, make_beat
from services.patrol.look_now import Looker, Wish
from services.patrol.run import Evidence, Run, RunPoint
from services.patrol.run_store import RunStore
from services.patrol.start_run import start_run
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import CITY, KB, Town

LEAD = a_principal(Role.SHIFT_LEAD)
PLACES = {"gate": 39.601, "pump": 39.602, "park": 39.603}


def a_draft(**changes: Any) -> Draft:
    """A gate, a pump house and a car park along one road."""
    draft = Draft(
        name_zh="夜巡",
        name_en="Night beat",
        district=KB,
        is_shuffled=False,
        checkpoints=tuple(
            Checkpoint(checkpoint_id=name, name_zh=name, name_en=name, lat=lat, lng=109.79, dwell_s=30)
            for name, lat in PLACES.items()
        ),
    )
    return msgspec.structs.replace(draft, **changes)


@dataclass
class Patrol:
    """A town with one patrol vehicle, number 9."""

    town: Town
    plan: AssignTask | None = None
    beat_run: Run = field(init=False)

    def __post_init__(self) -> None:
        town = self.town
        self.looker = Looker(
            town.database,
            town.clock,
            town.ways,
            town.listener,
            lambda: CityNow(
                at=town.now, wall=town.clock.wall(), zone=ZoneInfo(str(CITY)), fence_set_current=1
            ),
            time_zone="Asia/Shanghai",
            areas_at=town.areas_at,
        )

    @classmethod
    async def of(cls, town: Town, *numbers: int) -> "Patrol":
        for number in numbers or (9,):
            await town.add_vehicle(number, service=ServiceKind.PATROL, lat=39.6, lng=109.79)
        return cls(town)

    async def beat(self, **changes: Any) -> Beat:
        async with self.town.database.write() as tx:
            return await make_beat(
                tx,
                LEAD,
                a_draft(**changes),
                operator=OperatorId("op-a"),
                time_zone="Asia/Shanghai",
                at=self.town.now,
            )

    async def start(self, **changes: Any) -> Run:
        beat = await self.beat(**changes)
        async with self.town.database.write() as tx:
            return await start_run(tx, LEAD, beat.beat_id, at=self.town.now)

    async def give(self, number: int = 9) -> list[str]:
        """Let dispatch give work and the vehicle take it; return where it is to stop."""
        assert await self.town.idle.settle(KB) == {"round": 1}
        return await self.take(number)

    async def take(self, number: int = 9) -> list[str]:
        command = (await self.town.commands(number, CommandKind.ASSIGN_TASK))[-1]
        self.plan = msgspec.json.decode(bytes(command.body), type=AssignTask)
        await self.say("command_ack", {"commandId": command.command_id, "result": "accepted"}, number=number)
        await self.say(
            "command_result", {"commandId": command.command_id, "result": "succeeded"}, number=number
        )
        task = await self.town.task_of(number)
        assert task is not None
        names = {str(stop.stop_id): stop.place_id for stop in task.stops}
        assert {stop.kind for stop in self.plan.stops} == {"inspect"}
        return [names[stop.stop_id] for stop in self.plan.stops]

    def stop(self, number: int) -> StopPlan:
        assert self.plan is not None
        return self.plan.stops[number]

    async def say(self, kind: str, body: Any, *, number: int = 9, plan: AssignTask | None = None) -> str:
        told = plan or self.plan
        assert told is not None
        return await self.town.say(number, kind, body, task_id=told.task_id, epoch=told.epoch)

    async def inspect(self, index: int, *, number: int = 9, north_m: float = 0.0, **saw: Any) -> str:
        """Reach a stop of the plan, take evidence, drive on; return what the evidence was worth."""
        stop = self.stop(index)
        place = {"stopId": stop.stop_id, "lat": stop.lat + north_m / 111_195, "lng": stop.lng}
        await self.say("stop_reached", place, number=number)
        media = [{"kind": "photo", "reference": f"vehicle/{number}/{index}.jpg", "sha256": "0" * 64}]
        outcome = await self.say("evidence_captured", {**place, "media": media, **saw}, number=number)
        await self.say("stop_left", {"stopId": stop.stop_id}, number=number)
        return outcome

    async def done(self, number: int = 9) -> str:
        return await self.say("task_done", {"result": "succeeded"}, number=number)

    async def look(self, *, lat: float = 39.61, vehicle_no: int | None = None) -> Run:
        wish = Wish(
            lat=lat,
            lng=109.79,
            reason="有人报告冒烟",
            vehicle_no=None if vehicle_no is None else VehicleNo(vehicle_no),
        )
        planned = await self.looker.plan(LEAD, wish)
        async with self.town.database.write() as tx:
            return await self.looker.begin(tx, LEAD, planned)

    async def look_by_key(self, key: str) -> str:
        """Order a look as the api does: the same key once; return the run's id."""
        wish = Wish(lat=39.61, lng=109.79, reason="有人报告冒烟")
        repeated = Repeated(principal_key="staff:staff-1", idempotency_key=key, request_hash="h")
        known = await answered_before(self.town.database, repeated, str)
        if known is not None:
            return known
        planned = await self.looker.plan(LEAD, wish)

        async def work(tx: Transaction) -> str:
            return (await self.looker.begin(tx, LEAD, planned)).run_id

        return await answer_once(
            self.town.database, repeated, str, work, status=201, wall=self.town.clock.wall()
        )

    async def run(self, run: Run) -> Run:
        async with self.town.database.read() as tx:
            return await RunStore(tx).get(run.run_id, EVERYTHING)

    async def points(self, run: Run) -> dict[str, RunPoint]:
        async with self.town.database.read() as tx:
            return {p.point.checkpoint_id: p for p in await RunStore(tx).points(run.run_id)}

    async def states(self, run: Run) -> list[str]:
        return [
            f"{point.state.value}:{point.reason.value}" if point.reason else point.state.value
            for point in (await self.points(run)).values()
        ]

    async def evidence(self, run: Run) -> list[Evidence]:
        async with self.town.database.read() as tx:
            return await RunStore(tx).evidence(run.run_id)
