"""A simulated vending vehicle of the town; its commands and reports are those of the wire."""

import msgspec

from core.ids import VehicleNo
from fleet.links.wire.commands import CommandKind
from fleet.links.wire.messages import Command as WireCommand
from services.delivery.keypad import keypad_key
from simulator.issued import GivenVehicle, IssuedBox
from simulator.vehicles.memory import VehicleMemory
from simulator.vehicles.vehicle import Situation, Vehicle
from tests.integration.services.orders.town import KEYPAD_ROOT, Town
from tests.integration.services.vending.shelf import SELLER

SLOTS = 6


class PlayedSeller:
    """One vehicle without a link: a test carries commands to it and reports from it when it wants to."""

    def __init__(self, town: Town, number: int = SELLER) -> None:
        self.town = town
        given = GivenVehicle(
            vehicle_no=number,
            code=f"seller-{number}",
            maker="m",
            service="vending",
            district="KB",
            lat=39.6,
            lng=109.785,
            boxes=tuple(IssuedBox(number=n) for n in range(1, SLOTS + 1)),
            keypad_key=keypad_key(KEYPAD_ROOT, VehicleNo(number)).hex(),
        )
        self.vehicle = Vehicle(given, VehicleMemory(lat=given.lat, lng=given.lng), seed=2)

    @property
    def now_ms(self) -> int:
        return int(self.town.now.timestamp() * 1000)

    async def listen(self) -> int:
        """Take every command that waits; return how many there were."""
        number = self.vehicle.given.vehicle_no
        waiting = await self.town.commands(number)
        for command in waiting:
            told = WireCommand(
                command_id=command.command_id,
                vehicle_no=number,
                kind=CommandKind(command.kind),
                issued_at_ms=int(command.issued_at.timestamp() * 1000),
                expires_at_ms=None
                if command.expires_at is None
                else int(command.expires_at.timestamp() * 1000),
                epoch=command.epoch,
                stop_epoch=command.stop_epoch,
                body=command.body,
            )
            self.vehicle.obey(told, self.now_ms)
        return len(waiting)

    def type_code(self, code: str) -> str:
        return self.vehicle.type_code(code, self.now_ms).result

    def pass_time(self, seconds: int) -> None:
        """Let time pass for the town and the vehicle."""
        for _ in range(seconds):
            self.town.clock.advance(1.0)
            self.vehicle.step(Situation(self.now_ms, 15.0, True))

    async def speak(self) -> list[tuple[str, str]]:
        """Send every report that waits; return their kinds with what became of them."""
        outcomes = []
        for report in list(self.vehicle.memory.reports):
            body = msgspec.json.decode(report.body)
            outcome = await self.town.say(
                report.vehicle_no, report.kind.value, body, task_id=report.task_id, epoch=report.epoch
            )
            self.vehicle.reports.stored(report.report_seq)
            outcomes.append((report.kind.value, outcome))
        return outcomes
