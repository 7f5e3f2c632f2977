"""What happens to history after it was written: hours, thinning, retention. One at work a city."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import structlog

from core import metrics
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, Unavailable
from core.leases import Lease
from core.repeating import repeat
from fleet.history.compact import Compactor, Keep
from fleet.history.files import RawFile, RawFiles
from fleet.history.kept import BLOCK_MS, HOUR_MS
from fleet.history.layout import POSITIONS, STATUS
from fleet.history.ledger import Level
from fleet.history.protecting import Protection
from fleet.history.protection import NOTHING, Protected, mode_changes
from fleet.history.reading import History
from fleet.history.retention import Hour, Keeping, Step, next_status_step, next_step
from fleet.history.sweep import PIECE_ROWS, Selection, hour_head
from fleet.history.thinning import RULE, thinned

EVERY_S: Final = 20.0
"""Wall seconds between two looks; a look at what is not due costs milliseconds."""
HEARTBEAT_S: Final = 1.5
NICENESS: Final = 10
"""Of the thread that writes hours: it yields to everything else on the machine."""
RULE_EVIDENCE: Final = "evidence-only"
RULE_GONE: Final = "too-old"

_log = structlog.get_logger("fleet.history.keeper")

type Say = Callable[[str], None]


class KeeperOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How history is kept; city time."""

    settle_ms: int = 900_000
    """How long raw files are left alone, and hours after their end."""
    keeping: Keeping = Keeping()
    every_s: float = EVERY_S
    piece_rows: int = PIECE_ROWS


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn did."""

    hours_written: int = 0
    hours_thinned: int = 0
    raw_files_removed: int = 0
    bytes: int = 0
    """Positions on disk after it."""


class HistoryKeeper:
    """Compacts what has ended and keeps it as finely as the settings say."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        folder: Path,
        options: KeeperOptions | None = None,
        *,
        name: str = "keeper",
        say: Say = lambda _line: None,
    ) -> None:
        """Take where facts and files are; ``say`` is told what is being written, from a thread."""
        self._clock = clock
        self._folder = folder
        self._options = options or KeeperOptions()
        self._protection = Protection(database)
        self._lease = Lease(database, "history-keeper", name, clock)
        self._is_ours = threading.Event()
        self._say = say
        self._thread = ThreadPoolExecutor(1, "history-keeper", initializer=_be_nice)
        rows = self._options.piece_rows
        self._positions = Compactor(folder, POSITIONS, piece_rows=rows, must_go_on=self._must_go_on)
        self._status = Compactor(folder, STATUS, piece_rows=rows, must_go_on=self._must_go_on)

    def __repr__(self) -> str:
        return f"HistoryKeeper({self._folder})"

    async def run(self, stop: asyncio.Event) -> None:
        """Keep history until told to stop; an hour that is being written then is given up."""
        ending = asyncio.create_task(self._give_up_on(stop))
        try:
            await repeat("history-keeper", self.turn, self._options.every_s, stop)
        finally:
            ending.cancel()
            await self._lease.give_back()

    async def _give_up_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._is_ours.clear()

    async def turn(self) -> Done | None:
        """Do what is due; None while another keeper is at work or when told to stop.

        Raises OSError and Unavailable; what was begun is then begun anew at the next turn.
        """
        if await self._lease.held() is None:
            return None
        self._is_ours.set()
        try:
            async with self._heart():
                return await self._turn(self._clock.now_ms())
        except Conflict as error:
            _log.info("history_keeper_gave_up", reason=error.message)
            return None

    async def _turn(self, now_ms: int) -> Done:
        hours = removed = 0
        for compactor in (self._positions, self._status):
            for hour, raw in (await self._in_thread(compactor.due, now_ms, self._options.settle_ms)).items():
                level = await self._in_thread(_level_of, compactor, hour)
                await self._write(compactor, hour, raw, level, now_ms, "compacted")
                hours += 1
            removed += (await self._in_thread(compactor.tidy))[1]
        thinned_hours = await self._retain(now_ms)
        kept_bytes = await self._in_thread(_bytes, self._positions, self._folder)
        metrics.HISTORY_BYTES.set(kept_bytes)
        return Done(
            hours_written=hours, hours_thinned=thinned_hours, raw_files_removed=removed, bytes=kept_bytes
        )

    async def _retain(self, now_ms: int) -> int:
        """Take one step after the other until everything is as it should be; return how many."""
        taken = 0
        while (step := await self._in_thread(self._next_step, now_ms)) is not None:
            compactor, what = step
            await self._write(compactor, what.hour, (), what.level, now_ms, what.reason)
            await self._in_thread(compactor.tidy)
            taken += 1
        return taken + await self._let_go(now_ms)

    async def _let_go(self, now_ms: int) -> int:
        """Empty hours that only a legal hold had kept, once it is released; return how many."""
        taken = 0
        for compactor in (self._positions, self._status):
            for hour in await self._in_thread(_hours, compactor):
                from_ms = hour.hour * HOUR_MS
                is_kept = hour.level is not Level.GONE or not hour.stored
                if is_kept or len(await self._protection.held(from_ms, from_ms + HOUR_MS - 1, now_ms=now_ms)):
                    continue
                await self._write(compactor, hour.hour, (), Level.GONE, now_ms, "hold released")
                await self._in_thread(compactor.tidy)
                taken += 1
        return taken

    def _next_step(self, now_ms: int) -> tuple[Compactor, Step] | None:
        keeping = self._options.keeping
        raw_bytes = _raw_bytes(self._folder)
        step = next_step(_hours(self._positions), raw_bytes, now_ms, keeping)
        if step is not None:
            return self._positions, step
        step = next_status_step(_hours(self._status), now_ms, keeping)
        return None if step is None else (self._status, step)

    async def _write(
        self,
        compactor: Compactor,
        hour: int,
        raw: Sequence[RawFile],
        level: Level,
        now_ms: int,
        reason: str,
    ) -> None:
        rules = await self._rules(hour, level, now_ms) if level is not Level.FULL else {}
        write = partial(compactor.write, hour, raw, level=level, rules=rules)
        written = await self._in_thread(write)
        metrics.HISTORY_HOURS.labels(kind=compactor.kind.name, level=level.value).inc()
        self._say(
            f"{compactor.kind.name} {written.file.path.parent.relative_to(compactor.hours.root)}:"
            f" {level.value} ({reason}), {written.ledger.stored:,} kept, {written.bytes:,} bytes"
        )
        _log.info(
            "history_hour_written",
            kind=compactor.kind.name,
            hour=hour,
            level=level.value,
            reason=reason,
            raw_files=len(raw),
            stored=written.ledger.stored,
            bytes=written.bytes,
        )

    async def _rules(self, hour: int, level: Level, now_ms: int) -> Mapping[str, Keep]:
        """Return what is applied to an hour at a level, each with its name in the ledger."""
        from_ms, to_ms = hour * HOUR_MS, (hour + 1) * HOUR_MS - 1
        held = await self._protection.held(from_ms, to_ms, now_ms=now_ms)
        if level is Level.GONE:
            return {RULE_GONE: held.holds}
        events = await self._protection.around_events(from_ms, to_ms)
        modes = await self._in_thread(self._mode_changes, from_ms, to_ms)
        protected = held.and_more(events).and_more(modes).within(from_ms, to_ms)
        rules: dict[str, Keep] = {RULE: lambda records: thinned(records, protected.holds(records))}
        if level is Level.EVIDENCE:
            rules[RULE_EVIDENCE] = protected.holds
        return rules

    def _mode_changes(self, from_ms: int, to_ms: int) -> Protected:
        """Return what changes of the control mode protect, those five minutes outside the hour included."""
        last_modes: dict[int, int] = {}
        found = NOTHING
        around = Selection(from_ms=from_ms - BLOCK_MS, to_ms=to_ms + BLOCK_MS)
        for records in History(self._folder).read(around):
            self._must_go_on()
            found = found.and_more(mode_changes(records, last_modes))
        return found

    def _must_go_on(self) -> None:
        if not self._is_ours.is_set():
            raise Conflict("superseded", "another keeper has taken over, or this one is told to stop")

    async def _in_thread[**P, T](self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        call = partial(work, *args, **named)
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    @asynccontextmanager
    async def _heart(self) -> AsyncIterator[None]:
        """Keep the lease while a thread writes; when it is lost the thread is told to give up."""
        beating = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beating.cancel()

    async def _beat(self) -> None:
        while self._is_ours.is_set():
            await asyncio.sleep(HEARTBEAT_S)
            try:
                is_held = await self._lease.held() is not None
            except Unavailable:
                is_held = False
            if not is_held:
                self._is_ours.clear()


def _hours(compactor: Compactor) -> list[Hour]:
    found = []
    for hour, file in compactor.hours.newest().items():
        ledger, _ = hour_head(file.path)
        found.append(
            Hour(hour=hour, level=ledger.level, bytes=file.path.stat().st_size, stored=ledger.stored)
        )
    return found


def _level_of(compactor: Compactor, hour: int) -> Level:
    file = compactor.hours.newest().get(hour)
    return Level.FULL if file is None else hour_head(file.path)[0].level


def _raw_bytes(folder: Path) -> int:
    return sum(file.path.stat().st_size for file in RawFiles.all(folder / POSITIONS.name))


def _bytes(compactor: Compactor, folder: Path) -> int:
    return _raw_bytes(folder) + sum(hour.bytes for hour in _hours(compactor))


def _be_nice() -> None:
    """Let this thread yield to the others; on Linux a thread has a niceness of its own."""
    with suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
