"""Vehicles of wood: they stand until sent home, obey at once, and keep reports until they are stored.

They speak the public protocol of docs/wire-protocol.md, so that a run needs no drive of minutes: a plan is
carried out stop by stop within a second. What they remember survives a cut link, as on a real vehicle.
"""

import asyncio
import itertools
from collections import deque
from dataclasses import dataclass, field

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from fleet.links.wire import messages, reports
from fleet.links.wire.commands import (
    AssignTask,
    CommandKind,
    OpenCompartment,
    ReturnToDepot,
    StopPlan,
    UpdateFences,
)
from fleet.links.wire.frame import encode_frame
from fleet.links.wire.messages import Command, Hello, Report, ReportStored, ToVehicle, Welcome
from fleet.links.wire.positions import POSITION_BYTES, POSITION_SECTION, new_positions
from fleet.links.wire.reports import ReportKind
from fleet.links.wire.status import STATUS_BYTES, STATUS_SECTION, new_status

REPORT_EVERY_S = 0.5
STEP_S = 0.1


@dataclass
class WoodenVehicle:
    """What one vehicle knows and must not forget."""

    vehicle_no: int
    lat: float
    lng: float
    epoch: int = 0
    fence_set: int = 0
    report_seq: int = 0
    held: deque[Report] = field(default_factory=deque)
    seen: set[str] = field(default_factory=set)
    driving: asyncio.Task[None] | None = None
    done_tasks: list[str] = field(default_factory=list)


class WoodenFleet:
    """All vehicles of one maker's key, over one link that is made again whenever it breaks."""

    def __init__(self, gateway: str, key_id: str, secret: str, vehicles: list[WoodenVehicle]) -> None:
        self._gateway = gateway
        self._key = {"keyId": key_id, "secret": secret}
        self._by_no = {vehicle.vehicle_no: vehicle for vehicle in vehicles}
        self._frame_seq = itertools.count(1)
        self._position_seq = itertools.count(1)
        self._city = (0.0, 0, 1.0)
        self._link: ClientConnection | None = None
        self.links = 0
        self.refusals: list[str] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Hold the link until `stop`."""
        while not stop.is_set():
            try:
                await self._one_link(stop)
            except (OSError, WebSocketException, httpx.HTTPError, TimeoutError):
                await asyncio.sleep(0.3)
        for vehicle in self._by_no.values():
            if vehicle.driving is not None:
                vehicle.driving.cancel()

    async def _one_link(self, stop: asyncio.Event) -> None:
        async with httpx.AsyncClient(base_url=f"http://{self._gateway}", timeout=5) as client:
            answer = await client.post("/v1/tokens", json=self._key)
            answer.raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        async with connect(f"ws://{self._gateway}/v1/link", additional_headers=headers) as link:
            await link.send(_text(Hello(protocol=1, vehicles=tuple(self._by_no))))
            self._link = link
            self.links += 1
            sender = asyncio.create_task(self._send_positions(link))
            watcher = asyncio.create_task(_close_at(stop, link))
            try:
                async for received in link:
                    self._take(messages.decode_to_vehicle(received))
            finally:
                self._link = None
                for task in (sender, watcher):
                    task.cancel()
                await asyncio.gather(sender, watcher, return_exceptions=True)

    async def _send_positions(self, link: ClientConnection) -> None:
        while True:
            if self._city[1]:
                await link.send(self._frame())
                for vehicle in self._by_no.values():
                    for report in list(vehicle.held):
                        await link.send(_text(report))
            await asyncio.sleep(REPORT_EVERY_S)

    def _city_ms(self) -> int:
        since_s, city_ms, rate = self._city
        return city_ms + int((asyncio.get_running_loop().time() - since_s) * 1000 * rate)

    def _frame(self) -> bytes:
        records, status = new_positions(len(self._by_no)), new_status(len(self._by_no))
        seq = next(self._position_seq)
        for index, vehicle in enumerate(self._by_no.values()):
            records[index]["vehicle_no"] = status[index]["vehicle_no"] = vehicle.vehicle_no
            records[index]["seq"] = status[index]["status_seq"] = seq
            records[index]["lat_e7"], records[index]["lng_e7"] = vehicle.lat * 1e7, vehicle.lng * 1e7
            records[index]["battery_200"], records[index]["accuracy_dm"] = 190, 10
            status[index]["fence_set_version"] = vehicle.fence_set
        sections = [
            (POSITION_SECTION, POSITION_BYTES, records.tobytes()),
            (STATUS_SECTION, STATUS_BYTES, status.tobytes()),
        ]
        return encode_frame(next(self._frame_seq), self._city_ms(), sections)

    def _take(self, message: ToVehicle) -> None:
        if isinstance(message, Welcome):
            self._city = (asyncio.get_running_loop().time(), message.city_time_ms, message.rate)
            loss = message.link_loss
            policy = reports.LinkLossPolicy(
                version=loss.version, slow_after_s=loss.slow_after_s, stop_after_s=loss.stop_after_s
            )
            for vehicle in self._by_no.values():
                self._report(vehicle, ReportKind.LINK_LOSS_POLICY, policy)
        elif isinstance(message, ReportStored):
            held = self._by_no[message.vehicle_no].held
            kept = [report for report in held if report.report_seq != message.report_seq]
            held.clear()
            held.extend(kept)
        elif isinstance(message, Command):
            self._obey(self._by_no[message.vehicle_no], message)
        elif isinstance(message, messages.Error):
            self.refusals.append(f"{message.code}: {message.detail}")

    def _obey(self, vehicle: WoodenVehicle, command: Command) -> None:
        if command.command_id in vehicle.seen:
            self._answer(vehicle, command, "duplicate")
            return
        vehicle.seen.add(command.command_id)
        if command.expires_at_ms is not None and command.expires_at_ms < self._city_ms():
            self._answer(vehicle, command, "expired")
        elif command.kind is CommandKind.ASSIGN_TASK:
            plan = msgspec.json.decode(command.body, type=AssignTask)
            if plan.epoch <= vehicle.epoch:
                self._answer(vehicle, command, "superseded")
                return
            vehicle.epoch = plan.epoch
            if vehicle.driving is not None:
                vehicle.driving.cancel()
            vehicle.driving = asyncio.create_task(self._drive(vehicle, command, plan))
        else:
            if command.kind is CommandKind.UPDATE_FENCES:
                vehicle.fence_set = msgspec.json.decode(command.body, type=UpdateFences).fence_set_version
            self._answer(vehicle, command, "accepted")
            if command.kind is CommandKind.RETURN_TO_DEPOT:
                home = msgspec.json.decode(command.body, type=ReturnToDepot)
                vehicle.lat, vehicle.lng = home.lat, home.lng
            if command.kind is CommandKind.OPEN_COMPARTMENT:
                msgspec.json.decode(command.body, type=OpenCompartment)
            self._succeed(vehicle, command)

    async def _drive(self, vehicle: WoodenVehicle, command: Command, plan: AssignTask) -> None:
        self._answer(vehicle, command, "accepted", plan)
        for stop in plan.stops:
            if stop.kind == "return":
                continue  # nothing is left on board
            await asyncio.sleep(STEP_S)
            self._stand_at(vehicle, stop, plan)
        await asyncio.sleep(STEP_S)
        self._report(vehicle, ReportKind.TASK_DONE, reports.TaskDone(), plan)
        self._succeed(vehicle, command, plan)
        vehicle.done_tasks.append(plan.task_id)

    def _stand_at(self, vehicle: WoodenVehicle, stop: StopPlan, plan: AssignTask) -> None:
        place = stop.stop_id
        reached = reports.StopReached(stop_id=place, lat=stop.lat, lng=stop.lng)
        self._report(vehicle, ReportKind.STOP_REACHED, reached, plan)
        for order in stop.orders:
            box = {"compartment": order.compartment, "stop_id": place, "order_id": order.order_id}
            self._report(vehicle, ReportKind.DOOR_OPENED, reports.DoorOpened(by="crew", **box), plan)  # type: ignore[arg-type]
            if stop.kind == "load":
                self._report(vehicle, ReportKind.GOODS_LOADED, reports.GoodsLoaded(**box), plan)  # type: ignore[arg-type]
            closed = reports.DoorClosed(is_empty=stop.kind != "load", **box)  # type: ignore[arg-type]
            self._report(vehicle, ReportKind.DOOR_CLOSED, closed, plan)
        self._report(vehicle, ReportKind.STOP_LEFT, reports.StopLeft(stop_id=place), plan)

    def _answer(
        self, vehicle: WoodenVehicle, command: Command, result: str, plan: AssignTask | None = None
    ) -> None:
        body = reports.CommandAck(command_id=command.command_id, result=result)  # type: ignore[arg-type]
        self._report(vehicle, ReportKind.COMMAND_ACK, body, plan)

    def _succeed(self, vehicle: WoodenVehicle, command: Command, plan: AssignTask | None = None) -> None:
        body = reports.CommandResult(command_id=command.command_id, result="succeeded")
        self._report(vehicle, ReportKind.COMMAND_RESULT, body, plan)

    def _report(
        self,
        vehicle: WoodenVehicle,
        kind: ReportKind,
        body: msgspec.Struct,
        plan: AssignTask | None = None,
    ) -> None:
        vehicle.report_seq += 1
        vehicle.held.append(
            Report(
                vehicle_no=vehicle.vehicle_no,
                report_seq=vehicle.report_seq,
                kind=kind,
                measured_at_ms=self._city_ms(),
                task_id=None if plan is None else plan.task_id,
                epoch=None if plan is None else plan.epoch,
                body=messages.body_of(body),
            )
        )


def _text(message: messages.FromVehicle) -> str:
    return messages.encode_message(message).decode()


async def _close_at(stop: asyncio.Event, link: ClientConnection) -> None:
    await stop.wait()
    await link.close()
