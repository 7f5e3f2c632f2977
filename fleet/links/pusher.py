"""Gets commands from Redis and SQL onto the links of this gateway."""

import asyncio
from typing import Any, Final

import structlog

from core import keys, metrics
from core.errors import SteppeError
from core.redis import REDIS_DOWN, Redis
from fleet.links.book import LinkBook
from fleet.links.outgoing import FIELD_COMMAND, PendingCommands, read_command
from fleet.links.wire.messages import Command
from fleet.telemetry.records import stream_parts

BLOCK_MS: Final = 1_000
SWEEP_WALL_S: Final = 10.0
"""How often SQL is asked again for commands of open links that nobody answered."""
AGAIN_S: Final = 0.5

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError, SteppeError)
_log = structlog.get_logger("fleet.links.pusher")


class Pusher:
    """Three ways for a command to reach its link: the stream, pub/sub for emergencies, the sweep over SQL.

    Each may bring a command that another brought before; the vehicle takes it once.
    """

    def __init__(self, redis: Redis, book: LinkBook, pending: PendingCommands) -> None:
        self._redis = redis
        self._book = book
        self._pending = pending
        self._sent: list[str] = []
        self._sent_wake = asyncio.Event()
        self._last_id: bytes | None = None
        self.is_listening = asyncio.Event()
        """Set once the stream's end is known: links that open later miss nothing."""

    def note_sent(self, command_ids: list[str]) -> None:
        """Take ids of commands that were put on a link; written in the background."""
        if command_ids:
            self._sent += command_ids
            self._sent_wake.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Carry commands until told to stop; an outage of a store is waited out."""
        parts = (self._stream, self._emergencies, self._sweep, self._mark_sent)
        tasks = [asyncio.create_task(self._lasting(part, stop)) for part in parts]
        try:
            await stop.wait()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _lasting(self, part: Any, stop: asyncio.Event) -> None:
        is_away = False
        while not stop.is_set():
            try:
                await part()
                if is_away:
                    is_away = False
                    _log.info("commands_back", part=part.__name__)
            except _AWAY as error:
                if not is_away:
                    is_away = True
                    _log.warning("commands_interrupted", part=part.__name__, error=type(error).__name__)
                await asyncio.sleep(AGAIN_S)

    async def _stream(self) -> None:
        if self._last_id is None:
            last: Any = await self._redis.xrevrange(keys.commands(), count=1)
            self._last_id = last[0][0] if last else b"0-0"
            self.is_listening.set()
        found: Any = await self._redis.xread({keys.commands(): self._last_id}, count=500, block=BLOCK_MS)
        for _, entries in stream_parts(found):
            for entry_id, fields in entries:
                self._last_id = entry_id
                self._deliver(fields[FIELD_COMMAND], via="stream")

    async def _emergencies(self) -> None:
        async with self._redis.pubsub(ignore_subscribe_messages=True) as subscriber:
            await subscriber.subscribe(keys.emergency())
            while True:
                message = await subscriber.get_message(timeout=BLOCK_MS / 1000)
                if message is not None:
                    self._deliver(message["data"], via="emergency")

    async def _sweep(self) -> None:
        await asyncio.sleep(SWEEP_WALL_S)
        vehicles = self._book.vehicles()
        if vehicles:
            for command in await self._pending.pending(vehicles):
                self._push(command, via="sweep")

    async def _mark_sent(self) -> None:
        await self._sent_wake.wait()
        self._sent_wake.clear()
        ids, self._sent = self._sent, []
        try:
            await self._pending.sent(ids)
        except SteppeError:
            self._sent = ids + self._sent
            self._sent_wake.set()
            raise

    def _deliver(self, data: bytes, via: str) -> None:
        try:
            command = read_command(data)
        except ValueError as error:
            _log.error("command_unreadable", via=via, error=str(error))
            return
        self._push(command, via)

    def _push(self, command: Command, via: str) -> None:
        link = self._book.of(command.vehicle_no)
        if link is not None and link.carry(command, at_once=via == "emergency"):
            metrics.COMMANDS_PUSHED.labels(via=via).inc()
            self.note_sent([command.command_id])
