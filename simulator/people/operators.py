"""Remote safety operators: sign in, stay there, look after the vehicles they are given, go off shift."""

import asyncio
import random
from typing import Any, Protocol

import msgspec
import structlog

from simulator.issued import GivenStaff
from simulator.people.api import Api
from simulator.people.desk import StaffDesk
from simulator.people.pace import Pace, Sessions
from simulator.script import Script

SHIFT_S = (3 * 3600.0, 3.8 * 3600.0)
BREAK_S = (1500.0, 2700.0)
"""Length of a shift and of the break after it, city seconds, from and to."""
BEAT_S = 8.0
"""Wall seconds between heartbeats; after 30 the operator is lost."""
THINK_S = (3.0, 12.0)
ANSWER_S = (600.0, 1200.0)
"""City seconds until an operator answers an alarm that nobody else has answered: people at a console come
first."""
LOOK_EVERY_BEATS = 4
QUEUE_EVERY_BEATS = 2
HELP_S = (60.0, 150.0)
"""City seconds that helping a vehicle takes, from and to."""
NOBODY_WATCHED = "no remote operator could take the vehicle"
"""Reason of the stops that the city gives by itself; an operator who has such a vehicle lets it go on."""
_log = structlog.get_logger("simulator.people")


class Console(Protocol):
    """The maker's own console, by which an operator helps a vehicle."""

    def assist(self, vehicle_no: int) -> None:
        """Choose a way for a vehicle that asked."""
        ...


class Watched(msgspec.Struct, frozen=True, rename="camel"):
    """A vehicle in an operator's care."""

    vehicle_no: int


class Shift(msgspec.Struct, frozen=True, rename="camel"):
    """What the city answers to a heartbeat."""

    vehicles: tuple[Watched, ...] = ()


class Operator:
    """One person at one desk."""

    def __init__(
        self,
        given: GivenStaff,
        api: Api,
        pace: Pace,
        seed: int,
        sessions: Sessions,
        door: asyncio.Semaphore,
        console: Console | None = None,
        script: Script | None = None,
    ) -> None:
        """Take who it is; ``door`` lets few log in at a time, because each log-in costs the city 0.1 s.

        ``console`` is the maker's, by which vehicles are helped; None where none are simulated.
        """
        self._console = console
        self._script = script or Script()
        self._helping: tuple[str, int] | None = None
        self._desk = StaffDesk(given, api, pace, sessions, door)
        self._pace = pace
        self._lot = random.Random(f"operator:{seed}:{given.username}")  # noqa: S311 - a simulation
        self._cared_for: set[int] = set()
        self._answer_ms: dict[str, int] = {}
        self.beat_s, self.answer_s = BEAT_S, ANSWER_S

    async def run(self) -> None:
        """Work shifts until everybody goes home."""
        await self._pace.wall(self._lot.uniform(0, 10))
        # who is here at the start has been here for a while: not everybody rests at the same time
        share = self._lot.uniform(0.2, 1.0)
        while not self._pace.is_over:
            if not await self._desk.log_in() or not await self._begin():
                await self._pace.wall(self._lot.uniform(5, 15))
                continue
            ends_ms = self._pace.clock.now_ms() + int(1000 * share * self._lot.uniform(*SHIFT_S))
            share = 1.0
            if await self._serve(ends_ms):
                await self._desk.call("POST", "/api/remote-operators/sign-off")
                if not self._pace.is_over:
                    await self._pace.city(self._lot.uniform(*BREAK_S), least_wall_s=5.0)

    async def _begin(self) -> bool:
        self._cared_for = set()
        return (await self._desk.call("POST", "/api/remote-operators/sign-in")).is_good

    async def _serve(self, ends_ms: int) -> bool:
        """Keep heartbeats going to the end of the shift; return False when the city thinks it has none."""
        beats = self._lot.randrange(LOOK_EVERY_BEATS)
        while not self._pace.is_over and self._pace.clock.now_ms() < ends_ms:
            if self._script.is_away(self._desk.given.username, self._pace.clock.now_ms()):
                # who walks out tells nobody: the city finds out by the heartbeats that stay away
                await self._pace.wall(self.beat_s)
                continue
            answer = await self._desk.call("POST", "/api/remote-operators/heartbeat")
            if answer.status in (401, 403, 409):
                return False
            if answer.is_good:
                shift = msgspec.convert(answer.body, Shift)
                numbers = {vehicle.vehicle_no for vehicle in shift.vehicles}
                for number in sorted(numbers - self._cared_for):
                    await self._let_go_on(number)
                self._cared_for = numbers
                beats += 1
                if beats % QUEUE_EVERY_BEATS == 0 or self._helping is not None:
                    await self._work_the_queue()
                if numbers and beats % LOOK_EVERY_BEATS == 0:
                    await self._answer_alarms(numbers)
            await self._pace.wall(self.beat_s * self._lot.uniform(0.85, 1.1))
        return True

    async def _work_the_queue(self) -> None:
        """Go on with the vehicle that one helps, or take the next that asks for somebody."""
        if self._helping is not None:
            takeover_id, due_ms = self._helping
            if self._pace.clock.now_ms() >= due_ms:
                self._helping = None
                body = {"words": "已选定绕行路径 / chose a way round"}
                await self._desk.call("POST", f"/api/interventions/{takeover_id}/resolve", body=body)
            return
        answer = await self._desk.call("GET", "/api/interventions")
        if not answer.is_good or not isinstance(answer.body, dict):
            return
        waiting = [each for each in answer.body.get("items", ()) if each.get("mayClaim")]
        if waiting:
            await self._help(waiting[0])

    async def _help(self, asked: dict[str, Any]) -> None:
        path = f"/api/interventions/{asked['takeoverId']}"
        if not (await self._desk.call("POST", f"{path}/claim")).is_good:
            return
        if not (await self._desk.call("POST", f"{path}/begin", body={"mode": "assist"})).is_good:
            return
        if self._console is not None:
            self._console.assist(asked["vehicleNo"])
        span_ms = int(1000 * self._lot.uniform(*HELP_S))
        self._helping = asked["takeoverId"], self._pace.clock.now_ms() + span_ms

    async def _answer_alarms(self, numbers: set[int]) -> None:
        """Acknowledge what concerns the vehicles in one's care, after a while."""
        answer = await self._desk.call("GET", "/api/alarms", params={"state": "waiting", "limit": 100})
        if not answer.is_good or not isinstance(answer.body, dict):
            return
        now_ms = self._pace.clock.now_ms()
        waiting = [a for a in answer.body.get("items", ()) if a.get("vehicleNo") in numbers]
        self._answer_ms = {
            a["alarmId"]: self._answer_ms.get(
                a["alarmId"], now_ms + int(1000 * self._lot.uniform(*self.answer_s))
            )
            for a in waiting
        }
        for alarm_id, due_ms in self._answer_ms.items():
            if now_ms >= due_ms:
                body = {"comment": "已查看 / looked at"}
                await self._desk.call("POST", f"/api/alarms/{alarm_id}/acknowledge", body=body)

    async def _let_go_on(self, vehicle_no: int) -> None:
        """Release a vehicle that stands only because nobody had been there to watch it."""
        answer = await self._desk.call("GET", f"/api/vehicles/{vehicle_no}/commands", params={"limit": 20})
        if not answer.is_good or not isinstance(answer.body, dict):
            return
        stops = [c for c in answer.body.get("items", ()) if _concerns_stopping(c)]
        if not stops or stops[0].get("kind") == "release" or stops[0].get("reason") != NOBODY_WATCHED:
            return
        await self._pace.city(self._lot.uniform(*THINK_S))
        body = {"kind": "release", "reason": "远程安全员已到岗 / a remote operator is watching", "params": {}}
        key = f"release-{stops[0].get('commandId')}"
        path = f"/api/vehicles/{vehicle_no}/commands"
        await self._desk.call("POST", path, body=body, key=key)


def _concerns_stopping(command: dict[str, Any]) -> bool:
    return command.get("kind") in ("safe_stop", "emergency_stop", "release")
