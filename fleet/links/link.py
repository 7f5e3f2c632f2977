"""One vehicle link: hello, then frames, reports and messages in, acknowledgements and commands out."""

import asyncio
from array import array
from collections import deque
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any, Final

import msgspec
import structlog

from core.clock import Clock
from core.errors import SteppeError
from core.ids import new_id
from core.problems import close_code
from fleet.links.book import LinkBook
from fleet.links.connection import HandOver
from fleet.links.frames import Frames
from fleet.links.greeting import hello_of
from fleet.links.intake import Intake
from fleet.links.judge import Outcome, Pending
from fleet.links.profile import LinkProfile
from fleet.links.refusals import not_now, rejection, unreadable
from fleet.links.reports import Reports
from fleet.links.sender import Sender
from fleet.links.wire.frame import PROTOCOL_VERSION, FrameError
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
    pending_commands: Callable[[Collection[int]], Awaitable[list[Command]]]
    sent: Callable[[list[str]], None]
    """Takes the ids of commands that were put on a link."""
    start: Callable[[Coroutine[Any, Any, None], Callable[[], None]], None]
    """Runs what must wait for a store, and calls the second when that is over."""
    lost: Callable[["Link"], None]
    """Takes a link that has ended."""


class Link:
    """One open link, driven by its connection's calls; everything of it lives in one event loop."""

    __slots__ = (
        "_accepted_told_s",
        "_bad",
        "_early",
        "_frame_tokens",
        "_frame_tokens_s",
        "_held",
        "_held_count",
        "_hello_timer",
        "_is_greeted",
        "_open_reports",
        "_out",
        "_parts",
        "_stop_epochs",
        "_told_accepted_seq",
        "_wire",
        "sender",
        "session",
        "turn",
        "vehicles",
    )  # fmt: skip

    def __init__(self, sender: Sender, parts: LinkParts, hand_over: HandOver) -> None:
        self.session = new_id()
        self.sender = sender
        self.vehicles = array("I")
        self.turn = 0
        """Which of the gateway's turns of pings it belongs to."""
        self._parts = parts
        self._out: deque[bytes] | None = None
        """Messages that wait for a vehicle that reads slowly; None while nothing waits."""
        self._is_greeted = False
        self._open_reports = 0
        self._bad: deque[float] | None = None
        self._accepted_told_s = float("-inf")
        self._told_accepted_seq = 0
        self._frame_tokens = float(parts.profile.burst_positions)
        self._frame_tokens_s = parts.clock.monotonic_s()
        self._held: Pending | None = None
        self._held_count = 0
        self._early: list[Command] | None = []
        """Commands that came while SQL is asked what the vehicles are owed; None once it has answered."""
        self._stop_epochs: dict[int, int] | None = None
        loop = asyncio.get_running_loop()
        self._hello_timer: asyncio.TimerHandle | None = loop.call_later(HELLO_WITHIN_S, self._no_hello)
        self._wire = hand_over(self)

    def tell(self, message: ToVehicle) -> None:
        """Send a message; it waits for a vehicle that reads slowly, and a full queue closes the link."""
        data = encode_message(message)
        if self._out is None and self._wire.is_writable:
            self._wire.send_text(data)
            return
        self._out = self._out or deque()
        if len(self._out) >= MAX_WAITING_MESSAGES:
            self._out.clear()
            self.close(close_code("client-too-slow"), "client-too-slow")
            return
        self._out.append(data)

    def on_writable(self) -> None:
        """Send what waits."""
        while self._out and self._wire.is_writable:
            self._wire.send_text(self._out.popleft())
        self._out = self._out or None

    def carry(self, command: Command, *, at_once: bool = False) -> bool:
        """Queue a command and return whether that was done: not for a stop or release that was overtaken.

        Until SQL has said what the vehicles are owed, only a command that must go at once goes; the others
        wait, because a stop that was released while the vehicle was away may still be on the stream.
        """
        if self._early is not None and not at_once:
            self._early.append(command)
            return False
        if command.stop_epoch:
            self._stop_epochs = self._stop_epochs or {}
            if command.stop_epoch < self._stop_epochs.get(command.vehicle_no, 0):
                return False
            self._stop_epochs[command.vehicle_no] = command.stop_epoch
        self.tell(command)
        return True

    def replace(self) -> None:
        """Close: every vehicle of the link has moved to a newer one."""
        self.close(close_code("replaced"), "replaced")

    def close(self, code: int, reason: str) -> None:
        """End the link with a close code; what waits is sent first."""
        while self._out:
            self._wire.send_text(self._out.popleft())
        self._wire.close(code, reason)

    def keep_alive(self) -> None:
        """Ping the vehicle; a link that answered none since the last time is closed."""
        self._wire.keep_alive()

    def on_lost(self) -> None:
        """Leave everything that knows the link."""
        self._out = None
        self._stop_waiting_for_hello()
        self._parts.book.remove(self, self.vehicles)
        self._parts.lost(self)

    # --- greeting ------------------------------------------------------------------------------

    def _no_hello(self) -> None:
        self.close(close_code("hello-expected"), "hello-expected")

    def _stop_waiting_for_hello(self) -> None:
        if self._hello_timer is not None:
            self._hello_timer.cancel()
            self._hello_timer = None

    def _greet(self, first: str | bytes) -> None:
        self._stop_waiting_for_hello()
        hello = hello_of(first)
        if hello is None:
            self.tell(Error(code="hello-expected", detail="the first message of a link is hello"))
            self.close(close_code("hello-expected"), "hello-expected")
            return
        if hello.protocol != PROTOCOL_VERSION:
            detail = f"protocol {hello.protocol}; we speak {PROTOCOL_VERSION}"
            self.tell(Error(code="unknown-version", detail=detail, field="protocol"))
            self.close(close_code("unknown-version"), "unknown-version")
            return
        self._is_greeted = True
        self.vehicles = array("I", self._claimed(hello))
        self.sender.durable_seq = hello.last_durable_seq
        self._welcome()
        self._parts.book.add(self, self.vehicles)
        # Nothing more is read until the vehicle has been sent what it is owed.
        self._wire.pause()
        self._parts.start(self.send_pending(), self._wire.resume)

    def _claimed(self, hello: Hello) -> list[int]:
        own = self.sender.own_numbers(self._parts.roster)
        if hello.vehicles is None:
            return own
        mine = set(own)
        foreign = [number for number in hello.vehicles if number not in mine]
        if foreign:
            detail, count = "hello names vehicles that the credential does not own", len(foreign)
            code, first = "not-your-vehicle", foreign[0]
            self.tell(Error(code=code, detail=detail, field="vehicles", vehicle_no=first, count=count))
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
                max_frame_bytes=parts.profile.max_frame_bytes,
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

    def on_frame(self, data: bytes) -> None:
        """Take a binary frame: judged with its batch, refused at once when it cannot be read."""
        if not self._is_greeted:
            self._greet(data)
            return
        try:
            pending = self._parts.frames.binary(self.sender, data)
        except FrameError as error:
            self._refuse(Error(code=error.code, detail=error.detail, field=error.field))
            if error.code == "too-large":
                self.close(close_code(error.code), error.code)
            return
        self._offer(pending)

    def _offer(self, pending: Pending) -> None:
        # Not a closure over the frame: a cycle would keep its bytes until the collector comes by.
        pending.settle = self._settled
        intake = self._parts.intake
        if self.sender.is_replay(pending.frame_seq):
            self._parts.frames.count_replay()
            detail = f"frame {pending.frame_seq} does not come after {self.sender.last_frame_seq}"
            self._refuse(Error(code="frame-replayed", detail=detail, frame_seq=pending.frame_seq))
        elif intake.is_overloaded or not intake.is_up:
            self._parts.frames.count_shed()
            self.sender.forget(pending.frame_seq)
            self.tell(not_now(intake.is_up, pending.frame_seq))
        elif self._has_frame_token():
            intake.offer(pending)
            if intake.is_full:
                self._wire.pause()
                intake.when_drained(self._wire.resume)
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

    def _settled(self, pending: Pending, outcome: Outcome | None) -> None:
        if outcome is None:
            self.tell(not_now(is_up=False, frame_seq=pending.frame_seq))
            return
        for reason, count, vehicle_no in outcome.refused:
            self._refuse(rejection(reason, count, vehicle_no, pending.frame_seq))
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

    def on_text(self, text: str) -> None:
        """Take a message."""
        if not self._is_greeted:
            self._greet(text)
            return
        try:
            message = decode_from_vehicle(text)
        except msgspec.DecodeError as error:
            self._refuse(unreadable(error))
            return
        match message:
            case Report():
                self._on_report(message)
            case Positions():
                self._on_json(message)
            case Hello():
                self._refuse(Error(code="unknown-message", detail="hello comes once", field="type"))

    def _on_report(self, report: Report) -> None:
        self._open_reports += 1
        if self._open_reports == MAX_OPEN_REPORTS:
            self._wire.pause()
        self._parts.start(self._store(report), self._report_done)

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

    def _report_done(self) -> None:
        self._open_reports -= 1
        if self._open_reports == MAX_OPEN_REPORTS - 1:
            self._wire.resume()

    def _refuse(self, error: Error) -> None:
        self.tell(error)
        now_s = self._parts.clock.monotonic_s()
        self._bad = self._bad or deque()
        self._bad.append(now_s)
        while now_s - self._bad[0] > 60.0:
            self._bad.popleft()
        if len(self._bad) > self._parts.profile.max_bad_messages_per_minute:
            self.close(close_code("too-many-requests"), "too-many-requests")
