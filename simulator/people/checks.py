"""The round before work: somebody walks along the vehicles and says of each line whether it is in order."""

import random
from collections.abc import Callable

import msgspec
import structlog

from simulator.people.desk import StaffDesk
from simulator.people.pace import Pace

EVERY_S = 600.0
"""City seconds between two looks at who still needs a check."""
A_ROUND = 20
"""Vehicles that a person checks before looking at the list of jobs again."""
SAYS = {"sensors": "传感器有遮挡 / sensor covered"}
FOUND = "不正常 / not in order"
_log = structlog.get_logger("simulator.people")


class CheckLine(msgspec.Struct, frozen=True, rename="camel"):
    """What the city answers itself."""

    item: str
    is_ok: bool


class ToCheck(msgspec.Struct, frozen=True, rename="camel"):
    """A vehicle without a passed check."""

    vehicle_no: int
    looks: tuple[str, ...]
    system: tuple[CheckLine, ...]


class ToCheckPage(msgspec.Struct, frozen=True):
    """Vehicles that still need one."""

    items: tuple[ToCheck, ...]


class VehicleChecks:
    """One person's part of the round."""

    def __init__(
        self, desk: StaffDesk, pace: Pace, seed: int, look_over: Callable[[int], tuple[str, ...]] | None
    ) -> None:
        """Take who walks and how a vehicle is looked at; without that every vehicle looks well."""
        self._desk = desk
        self._pace = pace
        self._look_over = look_over
        self._lot = random.Random(f"checks:{seed}:{desk.given.username}")  # noqa: S311 - a simulation
        self._next_ms = 0

    async def go_round(self) -> bool:
        """Check some vehicles that need it and that the city would let pass; return whether more may wait."""
        now_ms = self._pace.clock.now_ms()
        if now_ms < self._next_ms:
            return False
        path = "/api/readiness/vehicles?stands=missing&stands=failed&limit=200"
        answer = await self._desk.call("GET", path)
        if not answer.is_good:
            return False
        # what the city itself finds wrong is for others to put right: the round comes by again
        well = [
            one
            for one in msgspec.convert(answer.body, ToCheckPage).items
            if all(line.is_ok for line in one.system)
        ]
        self._lot.shuffle(well)
        passed = 0
        for one in well[:A_ROUND]:
            passed += await self._check(one, now_ms)
        if passed:
            _log.info("checked", who=self._desk.given.username, vehicles=passed)
        if len(well) > A_ROUND:
            return True
        self._next_ms = now_ms + int(1000 * EVERY_S)
        return False

    async def _check(self, one: ToCheck, now_ms: int) -> bool:
        wrong = () if self._look_over is None else self._look_over(one.vehicle_no)
        body: dict[str, object] = {
            "lines": [
                {"item": item, "isOk": False, "note": SAYS.get(item, FOUND)}
                if item in wrong
                else {"item": item, "isOk": True}
                for item in one.looks
            ]
        }
        path = f"/api/readiness/vehicles/{one.vehicle_no}/checks"
        key = f"check-{one.vehicle_no}-{now_ms}"
        return (await self._desk.call("POST", path, body=body, key=key)).is_good
