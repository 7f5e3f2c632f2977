"""One maker's cloud: signs in, opens the link, carries frames, reports and commands both ways."""

import asyncio
import contextlib
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

import httpx
import msgspec
import structlog
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from fleet.links.wire.frame import encode_frame
from fleet.links.wire.messages import (
    Accepted,
    Command,
    Durable,
    Error,
    Hello,
    ReportStored,
    Welcome,
    decode_to_vehicle,
    encode_message,
)
from fleet.links.wire.positions import POSITION_BYTES, POSITION_SECTION
from fleet.links.wire.status import STATUS_BYTES, STATUS_SECTION, Brush
from simulator.clock import CityClock
from simulator.issued import GivenMaker
from simulator.link.kept import KeptFrames
from simulator.script import Script
from simulator.vehicles.radio import Radio
from simulator.vehicles.records import (
    PositionRow,
    brush_of,
    position_records,
    position_row,
    status_marks,
    status_records,
)
from simulator.vehicles.vehicle import Situation, Vehicle

STATUS_EVERY_MS = 25_000
"""A status at least this often in city time; the protocol asks for 30 s."""
FRAME_SPAN_MS = 600_000
"""A frame's time offsets reach eleven minutes; older measurements go into a frame of their own."""
FRAME_BYTES = 262_144
"""Most bytes of a frame until the city says how many it takes."""
PING_EVERY_S = 2.0
BACKOFF_FIRST_S, BACKOFF_MOST_S = 1.0, 30.0
COMMANDS_HELD = 500
_FINAL_ERRORS = frozenset({"invalid-input", "not-your-vehicle", "unknown-vehicle", "too-large"})
"""Refusals of a report that another try would not change."""
_NOT_NOW = frozenset({"redis-unavailable", "overloaded"})
"""Answers to a frame that is to be sent again."""

_log = structlog.get_logger("simulator.link")


type Turned = tuple[int, NDArray[Any]]
"""When a brush went up or down, and the status of that moment."""


class MakerCloud:
    """The vehicles of one maker and its link. ``tick`` makes time pass; ``run`` keeps the link."""

    def __init__(
        self,
        maker: GivenMaker,
        vehicles: Mapping[int, Vehicle],
        radios: Mapping[int, Radio],
        gateway_url: str,
        clock: CityClock,
        *,
        utc_offset_h: float = 8.0,
        script: Script | None = None,
    ) -> None:
        self.maker = maker
        self.vehicles = vehicles
        self.kept = KeptFrames()
        self.is_up = False
        self.refused: dict[str, int] = {}
        """Error codes the city answered, counted."""
        self.sessions = 0
        self._radios = radios
        self._url = gateway_url.rstrip("/")
        self._clock = clock
        self._utc_offset_h = utc_offset_h
        self._script = script or Script()
        self._due_ms: dict[int, int] = {}
        self._waiting: dict[int, list[PositionRow]] = {}
        self._held: dict[int, list[Command]] = {}
        self._status_ms: dict[int, int] = {}
        self._marks: dict[int, tuple[object, ...]] = {}
        self._brush: dict[int, Brush] = {}
        self._turned: dict[int, list[Turned]] = {}
        """Statuses of brushes that went up or down since the last frame, by vehicle."""
        self._frame_seq = int(time.time() * 1000)
        self._interval_ms = 1_000
        self._link: ClientConnection | None = None
        self._wake = asyncio.Event()
        self._welcome: Welcome | None = None
        self._lot = random.Random(f"link:{maker.maker}")  # noqa: S311 - jitter, not a secret

    def tick(self, now_ms: int, air_c: float) -> None:
        """Move every vehicle on to city time ``now_ms`` and put what it measured into frames."""
        rows: list[PositionRow] = []
        turned: list[Turned] = []
        for number, vehicle in self.vehicles.items():
            due_ms = self._due_ms.get(number)
            if due_ms is None:
                # vehicles do not measure in step: spread over the interval
                due_ms = now_ms + number * 97 % self._interval_ms
            is_cut_off = self._script.is_cut_off(vehicle.place(), now_ms)
            is_reached = self._radios[number].is_up(now_ms) and not is_cut_off
            heard = is_reached and self.is_up
            fresh = self._waiting.setdefault(number, [])
            while due_ms <= now_ms:
                vehicle.step(Situation(due_ms, air_c, heard))
                fresh.append(position_row(vehicle, due_ms))
                self._note_brush(number, vehicle, due_ms)
                due_ms += self._interval_ms
            self._due_ms[number] = due_ms
            if is_reached:
                rows += fresh
                turned += self._turned.pop(number, ())
                fresh.clear()
                self._deliver(number, vehicle, now_ms)
        self._make_frames(rows, turned, now_ms)
        self._wake.set()

    def stand_still(self) -> None:
        """Forget when each vehicle was due: time did not pass for them while nobody ticked."""
        self._due_ms.clear()

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the link until ``stop``; reconnects with jittered back-off."""
        pause_s = BACKOFF_FIRST_S
        while not stop.is_set():
            try:
                if await self._one_link(stop):
                    pause_s = BACKOFF_FIRST_S
            except (OSError, httpx.HTTPError, WebSocketException, InvalidHandshake, TimeoutError) as error:
                self._link_is(False, f"{type(error).__name__}: {error}")
            except msgspec.DecodeError as error:
                self._link_is(False, f"the city said what is not in the protocol: {error}")
            if stop.is_set():
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s * self._lot.uniform(0.5, 1.0))
            pause_s = min(pause_s * 2, BACKOFF_MOST_S)

    async def _one_link(self, stop: asyncio.Event) -> bool:
        """Open a link and serve it until it ends; return whether the city welcomed it."""
        token = await self._sign_in()
        address = f"ws{self._url.removeprefix('http')}/v1/link"
        async with connect(
            address,
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            ping_interval=PING_EVERY_S,
            ping_timeout=4 * PING_EVERY_S,
            max_size=2**22,
            proxy=None,
        ) as link:
            hello = Hello(
                protocol=1,
                vehicles=tuple(self.vehicles),
                last_durable_seq=self.kept.durable_seq,
                software="steppe-simulator",
            )
            await link.send(encode_message(hello).decode())
            welcome = decode_to_vehicle(await asyncio.wait_for(link.recv(), 10))
            if not isinstance(welcome, Welcome):
                raise WebSocketException(f"no welcome but {welcome}")
            self._welcomed(link, welcome)
            sender = asyncio.create_task(self._send(link))
            ending = asyncio.create_task(_close_on(stop, link))
            try:
                async for text in link:
                    self._hear(text)
            finally:
                self._link_lost()
                for task in (sender, ending):
                    task.cancel()
                await asyncio.gather(sender, ending, return_exceptions=True)
        self._link_is(False, f"closed with {link.close_code}")
        return True

    async def _sign_in(self) -> str:
        async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
            answer = await http.post(
                f"{self._url}/v1/tokens", json={"keyId": self.maker.key_id, "secret": self.maker.secret}
            )
            answer.raise_for_status()
            return str(answer.json()["token"])

    def _welcomed(self, link: ClientConnection, welcome: Welcome) -> None:
        self._welcome = welcome
        self._clock.tell(welcome.city_time_ms, welcome.rate)
        self._interval_ms = max(100, round(welcome.report_interval_s * 1000))
        self._link = link
        self.sessions += 1
        self.kept.rewind()
        for vehicle in self.vehicles.values():
            vehicle.reports.link_lost()
        self._link_is(True)
        self._wake.set()

    async def _send(self, link: ClientConnection) -> None:
        """Send frames and reports as they come, slowed down by the link's back-pressure alone."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while (frame := self.kept.next_to_send()) is not None:
                await link.send(frame)
            wall_s = time.monotonic()
            for frame in self.kept.due_again(wall_s):
                await link.send(frame)
            for number, vehicle in self.vehicles.items():
                if vehicle.reports.waiting() and self._is_reached(number):
                    report = vehicle.reports.next_to_send(wall_s)
                    if report is not None:
                        await link.send(encode_message(report).decode())

    def _is_reached(self, number: int) -> bool:
        return self._clock.is_known and self._radios[number].is_up(self._clock.now_ms())

    def _hear(self, text: str | bytes) -> None:
        message = decode_to_vehicle(text)
        match message:
            case Command():
                self._held.setdefault(message.vehicle_no, []).append(message)
                del self._held[message.vehicle_no][:-COMMANDS_HELD]
                self._deliver_held(message.vehicle_no)
            case ReportStored():
                vehicle = self.vehicles.get(message.vehicle_no)
                if vehicle is not None:
                    vehicle.reports.stored(message.report_seq)
                    self._wake.set()
            case Durable():
                self.kept.durable(message.frame_seq)
            case Error():
                self._refused(message)
            case Accepted():
                self.kept.accepted(message.frame_seq)
            case Welcome():
                pass

    def _refused(self, error: Error) -> None:
        first = error.code not in self.refused
        self.refused[error.code] = self.refused.get(error.code, 0) + error.count
        if first:
            _log.warning("refused", maker=self.maker.maker, code=error.code, detail=error.detail)
        if error.code in _NOT_NOW and error.frame_seq is not None:
            self.kept.not_taken(error.frame_seq, time.monotonic())
        vehicle = self.vehicles.get(error.vehicle_no or 0)
        if vehicle is not None and error.frame_seq is None and error.code in _FINAL_ERRORS:
            oldest = vehicle.memory.reports[:1]
            if oldest:
                vehicle.reports.refused(oldest[0].report_seq)

    def _deliver_held(self, number: int) -> None:
        vehicle = self.vehicles.get(number)
        if vehicle is not None and self._is_reached(number):
            self._deliver(number, vehicle, self._clock.now_ms())

    def _deliver(self, number: int, vehicle: Vehicle, now_ms: int) -> None:
        """Hand a reachable vehicle what the cloud holds for it."""
        if self._welcome is not None:
            vehicle.learn_policy(self._welcome.link_loss, now_ms)
        for command in self._held.pop(number, ()):
            vehicle.obey(command, now_ms)
            self._wake.set()

    def _note_brush(self, number: int, vehicle: Vehicle, at_ms: int) -> None:
        """Keep the status of the second in which a brush went up or down: a tick may be many seconds long."""
        brush = brush_of(vehicle)
        if brush is not self._brush.setdefault(number, brush):
            self._brush[number], self._marks[number] = brush, status_marks(vehicle)
            self._status_ms[number] = at_ms + STATUS_EVERY_MS
            record = status_records([vehicle], at_ms, at_ms, self._hour(at_ms))
            self._turned.setdefault(number, []).append((at_ms, record))

    def _make_frames(self, rows: list[PositionRow], turned: Sequence[Turned], now_ms: int) -> None:
        rows.sort()
        most = FRAME_BYTES if self._welcome is None else self._welcome.max_frame_bytes
        # the other half is for statuses: what a whole fleet measured in a hole is more than a frame takes
        most_rows = max(1, most // 2 // POSITION_BYTES)
        start = 0
        while start < len(rows):
            last_ms = rows[start][0] + FRAME_SPAN_MS
            end = min(len(rows), start + most_rows)
            if rows[end - 1][0] > last_ms:
                end = next(n for n in range(start, end) if rows[n][0] > last_ms)
            is_newest = end == len(rows)
            base_ms, records = position_records(rows[start:end])
            sections = [(POSITION_SECTION, POSITION_BYTES, records.tobytes())]
            newest_ms = rows[end - 1][0]
            statuses = [_at_offset(status, at - base_ms) for at, status in turned if at <= newest_ms]
            turned = [one for one in turned if one[0] > newest_ms]
            if is_newest:
                statuses += self._statuses(now_ms, base_ms)
            if statuses:
                packed = b"".join(record.tobytes() for record in statuses)
                sections.append((STATUS_SECTION, STATUS_BYTES, packed))
            self._frame_seq += 1
            self.kept.add(self._frame_seq, encode_frame(self._frame_seq, base_ms, sections))
            start = end

    def _statuses(self, now_ms: int, base_ms: int) -> list[NDArray[Any]]:
        due = []
        for number, vehicle in self.vehicles.items():
            if self._waiting[number]:
                continue  # not reached: its status waits as its positions do
            marks = status_marks(vehicle)
            if now_ms >= self._status_ms.get(number, 0) or marks != self._marks.get(number):
                self._status_ms[number], self._marks[number] = now_ms + STATUS_EVERY_MS, marks
                due.append(vehicle)
        if not due:
            return []
        return [status_records(due, now_ms, base_ms, self._hour(now_ms))]

    def _hour(self, at_ms: int) -> int:
        return int((at_ms / 3_600_000 + self._utc_offset_h) % 24)

    def _link_lost(self) -> None:
        self._link = None
        for vehicle in self.vehicles.values():
            vehicle.reports.link_lost()

    def _link_is(self, up: bool, why: str = "") -> None:
        if up and not self.is_up:
            _log.info("link_up", maker=self.maker.maker, vehicles=len(self.vehicles))
        if not up and self.is_up:
            _log.warning("link_down", maker=self.maker.maker, why=why)
        elif not up and self.sessions == 0 and "link" not in self.refused:
            self.refused["link"] = 1
            _log.warning("no_link_yet", maker=self.maker.maker, why=why)
        self.is_up = up


def _at_offset(record: NDArray[Any], offset_ms: int) -> NDArray[Any]:
    record["offset_10ms"] = offset_ms // 10
    return record


async def _close_on(stop: asyncio.Event, link: Any) -> None:
    await stop.wait()
    await link.close()
