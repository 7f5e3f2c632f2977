"""One vehicle link: hello, then frames, reports and messages in, acknowledgements and commands out."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec
import structlog
from litestar import WebSocket
from litestar.exceptions import WebSocketException

from core.clock import Clock
from core.errors import SteppeError
from core.ids import new_id
from core.problems import close_code
from fleet.links.book import LinkBook
from fleet.links.frames import Frames
from fleet.links.intake import Intake
from fleet.links.judge import Outcome, Pending
from fleet.links.profile import LinkProfile
from fleet.links.refusals import rejection, unreadable
from fleet.links.reports import Reports
from fleet.links.sender import Sender
from fleet.links.wire.frame import MAX_FRAME_BYTES, PROTOCOL_VERSION, FrameError
from fleet.links.wire.messages import (
    Accepted,
    Command,
    Durable,
    Error,
    Hello,
    Positions,
    Report,
    ToVehicle,
    Welcome,
    decode_from_vehicle,
    encode_message,
)
from fleet.telemetry.roster import Roster

MAX_WAITING_MESSAGES: Final = 2_000
"""Messages that may wait for a vehicle that reads slowly; beyond it the link is closed with 4480."""
MAX_OPEN_REPORTS: Final = 64
"""Reports of one link that may wait for their commit; further reading waits for one of them."""
HELLO_WITHIN_S: Final = 10.0
RESTART: Final = 1012
"""RFC 6455: service restart; the vehicle reconnects with jitter."""

_log = structlog.get_logger("fleet.links.link")


class LinkParts(msgspec.Struct, frozen=True):
    """What every link of a gateway shares."""

    roster: Roster
    clock: Clock
    profile: LinkProfile
    intake: Intake
    frames: Frames
    reports: Reports
    book: LinkBook
    partitions: int
    pending_commands: Callable[[list[int]], Awaitable[list[Command]]]
    sent: Callable[[list[str]], None]
    """Takes the ids of commands that were put on a link."""


class Closed(Exception):
    """The link ends with this close code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Link:
    """One open link. ``run`` returns when it is over; everything of it lives in one event loop."""

    def __init__(self, socket: WebSocket[Any, Any, Any], sender: Sender, parts: LinkParts) -> None:
        self.session = new_id()
        self.sender = sender
        self.vehicles: list[int] = []
        self._socket = socket
        self._parts = parts
        self._out: deque[str] = deque()
        self._wake = asyncio.Event()
        self._closing: Closed | None = None
        self._reports: set[asyncio.Task[None]] = set()
        self._report_room = asyncio.Semaphore(MAX_OPEN_REPORTS)
        self._bad: deque[float] = deque()
        self._accepted_told_s = float("-inf")
        self._told_accepted_seq = 0
        self._frame_tokens = float(parts.profile.burst_positions)
        self._frame_tokens_s = parts.clock.monotonic_s()
        self._held: Pending | None = None
        self._held_count = 0
        self._early: list[Command] | None = []
        """Commands that came while SQL is asked what the vehicles are owed; None once it has answered."""
        self._stop_epochs: dict[int, int] = {}

    def tell(self, message: ToVehicle) -> None:
        """Queue a message; a link whose queue is full is closed instead."""
        if len(self._out) >= MAX_WAITING_MESSAGES:
            self.close(close_code("client-too-slow"), "client-too-slow")
            return
        self._out.append(encode_message(message).decode())
        self._wake.set()

    def carry(self, command: Command, *, at_once: bool = False) -> bool:
        """Queue a command and return whether that was done: not for a stop or release that was overtaken.

        Until SQL has said what the vehicles are owed, only a command that must go at once goes; the others
        wait, because a stop that was released while the vehicle was away may still be on the stream.
        """
        if self._early is not None and not at_once:
            self._early.append(command)
            return False
        if command.stop_epoch:
            if command.stop_epoch < self._stop_epochs.get(command.vehicle_no, 0):
                return False
            self._stop_epochs[command.vehicle_no] = command.stop_epoch
        self.tell(command)
        return True

    def replace(self) -> None:
        """Close: every vehicle of the link has moved to a newer one."""
        self.close(close_code("replaced"), "replaced")

    def close(self, code: int, reason: str) -> None:
        """End the link with a close code; what is queued is sent first."""
        self._closing = self._closing or Closed(code, reason)
        self._wake.set()

    async def run(self) -> None:
        """Serve the link until either side ends it."""
        reader = asyncio.create_task(self._read())
        writer = asyncio.create_task(self._write())
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
            await self._end(reader, writer)
        finally:
            reader.cancel()
            writer.cancel()
            self._parts.book.remove(self, self.vehicles)
            await asyncio.gather(reader, writer, *self._reports, return_exceptions=True)

    async def _end(self, reader: asyncio.Task[None], writer: asyncio.Task[None]) -> None:
        if not reader.done():
            return
        error = reader.exception()
        if isinstance(error, Closed):
            self.close(error.code, error.reason)
            await asyncio.wait({writer}, timeout=2.0)
        elif error is not None and not isinstance(error, WebSocketException):
            raise error

    # --- reading -------------------------------------------------------------------------------

    async def _read(self) -> None:
        await self._greet()
        while (message := await self._receive()) is not None:
            if isinstance(message, str):
                await self._on_text(message)
            else:
                self._on_frame(message)
                await self._parts.intake.room()

    async def _receive(self) -> str | bytes | None:
        event: Any = await self._socket.receive()
        if event["type"] == "websocket.disconnect":
            return None
        text: str | None = event.get("text")
        return text if text is not None else event["bytes"]

    async def _greet(self) -> None:
        try:
            first = await asyncio.wait_for(self._receive(), HELLO_WITHIN_S)
        except TimeoutError:
            raise Closed(close_code("hello-expected"), "hello-expected") from None
        hello = _hello(first)
        if hello is None:
            self.tell(Error(code="hello-expected", detail="the first message of a link is hello"))
            raise Closed(close_code("hello-expected"), "hello-expected")
        if hello.protocol != PROTOCOL_VERSION:
            detail = f"protocol {hello.protocol}; we speak {PROTOCOL_VERSION}"
            self.tell(Error(code="unknown-version", detail=detail, field="protocol"))
            raise Closed(close_code("unknown-version"), "unknown-version")
        self.vehicles = self._claimed(hello)
        self.sender.durable_seq = hello.last_durable_seq
        self._welcome()
        self._parts.book.add(self, self.vehicles)
        await self.send_pending()

    def _claimed(self, hello: Hello) -> list[int]:
        own = self.sender.own_numbers(self._parts.roster)
        if hello.vehicles is None:
            return own
        mine = set(own)
        foreign = [number for number in hello.vehicles if number not in mine]
        if foreign:
            self.tell(
                Error(
                    code="not-your-vehicle",
                    detail="hello names vehicles that the credential does not own",
                    field="vehicles",
                    vehicle_no=foreign[0],
                    count=len(foreign),
                )
            )
        return [number for number in hello.vehicles if number in mine]

    def _welcome(self) -> None:
        parts = self._parts
        self.tell(
            Welcome(
                protocol=PROTOCOL_VERSION,
                session=self.session,
                city_time_ms=parts.clock.now_ms(),
                rate=parts.clock.rate,
                report_interval_s=parts.profile.report_interval_s,
                partitions=parts.partitions,
                max_frame_bytes=MAX_FRAME_BYTES,
                link_loss=parts.profile.link_loss,
            )
        )

    async def send_pending(self) -> None:
        """Send every command that SQL still holds for the link's vehicles; the vehicle drops duplicates."""
        commands: list[Command] = []
        try:
            commands = await self._parts.pending_commands(self.vehicles)
        except SteppeError as error:
            # The sweep tries again; positions must not wait for the database.
            _log.warning("pending_commands_unread", code=error.code)
        early, self._early = self._early or [], None
        self._parts.sent([command.command_id for command in [*commands, *early] if self.carry(command)])

    # --- frames --------------------------------------------------------------------------------

    def _on_frame(self, data: bytes) -> None:
        try:
            pending = self._parts.frames.binary(self.sender, data)
        except FrameError as error:
            self._refuse(Error(code=error.code, detail=error.detail, field=error.field))
            if error.code == "too-large":
                raise Closed(close_code(error.code), error.code) from None
            return
        self._offer(pending)

    def _offer(self, pending: Pending) -> None:
        pending.settle = lambda outcome: self._settled(pending.frame_seq, outcome)
        if self.sender.is_replay(pending.frame_seq):
            self._parts.frames.count_replay()
            detail = f"frame {pending.frame_seq} does not come after {self.sender.last_frame_seq}"
            self._refuse(Error(code="frame-replayed", detail=detail, frame_seq=pending.frame_seq))
        elif self._parts.intake.is_overloaded or not self._parts.intake.is_up:
            self._parts.frames.count_shed()
            self.sender.forget(pending.frame_seq)
            self.tell(_not_now(self._parts.intake.is_up, pending.frame_seq))
        elif self._has_frame_token():
            self._parts.intake.offer(pending)
        else:
            self._held, self._held_count = pending, self._held_count + 1

    def _has_frame_token(self) -> bool:
        """Say whether a frame may pass: the profile's rate, with a burst for what is sent again."""
        now_s = self._parts.clock.monotonic_s()
        profile = self._parts.profile
        rate = max(profile.frames_per_wall_s, 3.0 * len(self.vehicles)) * self._parts.clock.rate
        gained = (now_s - self._frame_tokens_s) * rate
        ceiling = profile.burst_positions + rate
        self._frame_tokens = min(ceiling, self._frame_tokens + gained)
        self._frame_tokens_s = now_s
        if self._frame_tokens < 1.0:
            return False
        self._frame_tokens -= 1.0
        return True

    @property
    def is_holding(self) -> bool:
        """Whether a frame above the link's rate waits for a token."""
        return self._held is not None

    def release_held(self) -> None:
        """Let the newest frame of a flooding link through when it has a token again."""
        if self._held is None or not self._has_frame_token():
            return
        held, dropped = self._held, self._held_count - 1
        self._held, self._held_count = None, 0
        self._parts.intake.offer(held)
        if dropped:
            self._parts.frames.count_flood(dropped)
            detail = "more frames than the link may send; the newest was kept"
            self._refuse(Error(code="flood", detail=detail, frame_seq=held.frame_seq, count=dropped))

    def _settled(self, frame_seq: int, outcome: Outcome | None) -> None:
        if outcome is None:
            self.tell(_not_now(is_up=False, frame_seq=frame_seq))
            return
        for reason, count, vehicle_no in outcome.refused:
            self._refuse(rejection(reason, count, vehicle_no, frame_seq))
        if self._accepted_told_s == float("-inf"):
            self.tell_accepted()

    def tell_accepted(self) -> None:
        """Say how far frames were accepted and are durable, when that changed and it is time.

        A sender that does not send again what was missing is asked to connect anew: then it does.
        """
        sender = self.sender
        if sender.gaps and sender.is_stuck(self._parts.clock.monotonic_s()):
            self.close(RESTART, "frames are missing")
        if sender.settle(self._parts.intake.durable_flush):
            self.tell(Durable(frame_seq=sender.durable_seq))
        if sender.accepted_seq <= self._told_accepted_seq:
            return
        now_s = self._parts.clock.monotonic_s()
        if now_s - self._accepted_told_s >= self._parts.profile.accept_every_wall_s:
            self.tell(Accepted(frame_seq=sender.accepted_seq, count=sender.accepted_count))
            self._told_accepted_seq, sender.accepted_count = sender.accepted_seq, 0
            self._accepted_told_s = now_s

    # --- messages ------------------------------------------------------------------------------

    async def _on_text(self, text: str) -> None:
        try:
            message = decode_from_vehicle(text)
        except msgspec.DecodeError as error:
            self._refuse(unreadable(error))
            return
        match message:
            case Report():
                await self._report_room.acquire()
                task = asyncio.create_task(self._store(message))
                self._reports.add(task)
                task.add_done_callback(self._report_done)
            case Positions():
                self._on_json(message)
            case Hello():
                self._refuse(Error(code="unknown-message", detail="hello comes once", field="type"))

    def _on_json(self, message: Positions) -> None:
        try:
            pending = self._parts.frames.json(self.sender, message)
        except FrameError as error:
            self._refuse(
                Error(code=error.code, detail=error.detail, field=error.field, frame_seq=message.frame_seq)
            )
            return
        self._offer(pending)

    async def _store(self, report: Report) -> None:
        self.tell(await self._parts.reports.store(self.sender, report))

    def _report_done(self, task: asyncio.Task[None]) -> None:
        self._reports.discard(task)
        self._report_room.release()
        if not task.cancelled() and task.exception() is not None:
            _log.error("report_failed", exc_info=task.exception())

    def _refuse(self, error: Error) -> None:
        self.tell(error)
        now_s = self._parts.clock.monotonic_s()
        self._bad.append(now_s)
        while now_s - self._bad[0] > 60.0:
            self._bad.popleft()
        if len(self._bad) > self._parts.profile.max_bad_messages_per_minute:
            self.close(close_code("too-many-requests"), "too-many-requests")

    # --- writing -------------------------------------------------------------------------------

    async def _write(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._out:
                await self._socket.send_data(self._out.popleft())
            if self._closing is not None:
                await self._socket.close(code=self._closing.code, reason=self._closing.reason)
                return


def _hello(first: str | bytes | None) -> Hello | None:
    if not isinstance(first, str):
        return None
    try:
        message = decode_from_vehicle(first)
    except msgspec.DecodeError:
        return None
    return message if isinstance(message, Hello) else None


def _not_now(is_up: bool, frame_seq: int) -> Error:
    code = "overloaded" if is_up else "redis-unavailable"
    return Error(code=code, detail="keep the frame and send it again", frame_seq=frame_seq)
