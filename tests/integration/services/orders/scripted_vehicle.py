"""A vehicle that reports what a test tells it to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from core.ids import CommandId, StopId
from fleet.commands.command import Command
from fleet.links.wire.commands import AssignTask, CommandKind
from services.orders.order import Order
from services.tasks.states import StopKind

if TYPE_CHECKING:
    from tests.integration.services.orders.town import Town


@dataclass
class ScriptedVehicle:
    """A vehicle that knows only the plan it was sent, and reports what a test tells it to."""

    town: "Town"
    number: int
    plan: AssignTask | None = None
    command_id: CommandId | None = None

    async def read_plan(self) -> Command:
        """Read the newest plan without a word."""
        command = (await self.town.commands(self.number, CommandKind.ASSIGN_TASK))[-1]
        self.plan = msgspec.json.decode(bytes(command.body), type=AssignTask)
        self.command_id = command.command_id
        return command

    async def take_plan(self, result: str = "accepted") -> AssignTask:
        """Read the newest plan and acknowledge it."""
        await self.read_plan()
        await self.answer(result)
        assert self.plan is not None
        return self.plan

    async def answer(self, result: str) -> str:
        """Acknowledge the plan that was read."""
        return await self.say("command_ack", {"commandId": self.command_id, "result": result})

    def stop(self, kind: StopKind) -> StopId:
        assert self.plan is not None
        return next(StopId(stop.stop_id) for stop in self.plan.stops if stop.kind == kind.value)

    async def say(self, kind: str, body: Mapping[str, Any], **changes: Any) -> str:
        assert self.plan is not None
        plan = {"task_id": self.plan.task_id, "epoch": self.plan.epoch, **changes}
        return await self.town.say(self.number, kind, body, **plan)

    async def reach(self, kind: StopKind, **changes: Any) -> str:
        body = {"stopId": self.stop(kind), "lat": 39.6, "lng": 109.8}
        return await self.say("stop_reached", body, **changes)

    async def leave(self, kind: StopKind, reason: str = "done", **changes: Any) -> str:
        return await self.say("stop_left", {"stopId": self.stop(kind), "reason": reason}, **changes)

    async def load(self, order: Order, **changes: Any) -> str:
        """Open, take the goods in, shut, leave the merchant."""
        box = {"orderId": order.order_id, "compartment": 3}
        await self.say("door_opened", {**box, "by": "merchant"}, **changes)
        outcome = await self.say("goods_loaded", box, **changes)
        await self.say("door_closed", box, **changes)
        await self.leave(StopKind.LOAD, **changes)
        return outcome

    async def hand_over(self, order: Order, **changes: Any) -> str:
        """Open and shut the order's door."""
        box = {"orderId": order.order_id, "compartment": 3}
        await self.say("door_opened", {**box, "by": "keypad", "generation": 1}, **changes)
        return await self.say("door_closed", {**box, "isEmpty": True}, **changes)

    async def done(self, **changes: Any) -> str:
        return await self.say("task_done", {"result": "succeeded"}, **changes)
