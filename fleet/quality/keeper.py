"""Keeps the windows of data quality, raises and clears its alarms, and closes its days."""

import asyncio
from datetime import tzinfo
from typing import Any, Final

import msgspec
import structlog

from core import keys
from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.ids import MakerId, VehicleNo
from core.leases import Lease
from core.redis import Redis
from core.repeating import repeat
from fleet.alarms.alarm import AlarmCleared, AlarmRaised, AlarmSignal
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.quality.score import FORMULA_VERSION, quality_of, scores
from fleet.quality.store import QualityDay, QualityStore
from fleet.quality.tallies import COLUMNS, Minute, Tallies
from fleet.quality.windows import Day, Windows, read_windows, row_of
from fleet.vehicles.store import VehicleStore

EVERY_S: Final = 5.0
LEASE: Final = "quality"
BAD_BELOW, GOOD_FROM = 0.8, 0.9
"""Scores of five minutes at which an alarm is raised and cleared."""
POSITIONS_LEAST: Final = 30
"""Fewer positions in five minutes say nothing."""
RAISED_MOST: Final = 50
"""Alarms raised at one look, the worst first: what all vehicles of a maker do shows in the maker's score."""
_log = structlog.get_logger("fleet.quality.keeper")


class QualityKeeper:
    """A component of the scheduler; of several the one with the lease works."""

    def __init__(
        self,
        database: Database,
        plain: Redis,
        clock: Clock,
        *,
        zone: tzinfo,
        holder: str,
        every_s: float = EVERY_S,
    ) -> None:
        """Take the stores and the city's time zone, in which its days end."""
        self._database = database
        self._redis = plain
        self._clock = clock
        self._zone = zone
        self._every_s = every_s
        self._lease = Lease(database, LEASE, holder, clock, ttl_s=max(6.0, 3 * every_s))
        self._alarms = AlarmSink(database)
        self._windows: Windows | None = None
        self._standing: set[VehicleNo] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Look every few seconds until told to stop."""
        await repeat("quality", self.look, self._every_s, stop)
        await self._lease.give_back()

    async def look(self) -> int:
        """Take what was counted since the last look; return how many minutes that were."""
        if await self._lease.held() is None:
            self._windows = None
            return 0
        windows = self._windows or await self._begin()
        fresh: Any = await self._redis.xrange(keys.quality(), min=f"({windows.up_to}")
        minutes = [minute for _, fields in fresh if (minute := _readable(fields)) is not None]
        over = windows.take(minutes, self._clock.now_ms(), self._clock.now().astimezone(self._zone))
        if over is not None:
            await self._close(over)
        if fresh:
            windows.up_to = fresh[-1][0].decode()
            await self._judge(windows.short().tallies())
        if fresh or over is not None:
            await self._redis.set(keys.quality_windows(), msgspec.msgpack.encode(windows))
        self._windows = windows
        return len(minutes)

    async def _begin(self) -> Windows:
        async with self._database.read() as tx:
            self._standing = await QualityStore(tx).with_standing_alarm()
        data: Any = await self._redis.get(keys.quality_windows())
        return read_windows(data)

    async def _judge(self, tallies: Tallies) -> None:
        """Raise and clear alarms by the scores of five minutes."""
        found = scores(tallies.counts)
        now = self._clock.now()
        bad: list[tuple[float, AlarmRaised]] = []
        signals: list[AlarmSignal] = []
        for number, score, row in zip(tallies.numbers.tolist(), found.tolist(), tallies.counts, strict=True):
            quality, vehicle_no = quality_of(row), VehicleNo(number)
            if quality.positions < POSITIONS_LEAST:
                continue
            if score < BAD_BELOW and vehicle_no not in self._standing:
                raised = AlarmRaised(
                    vehicle_no=vehicle_no,
                    kind=AlarmKind.DATA_QUALITY,
                    at=now,
                    details={"score": quality.score, "positions": quality.positions, **quality.shares},
                )
                bad.append((score, raised))
            elif score >= GOOD_FROM and vehicle_no in self._standing:
                signals.append(AlarmCleared(vehicle_no=vehicle_no, kind=AlarmKind.DATA_QUALITY, at=now))
        bad.sort(key=lambda one: one[0])
        signals += [raised for _, raised in bad[:RAISED_MOST]]
        if not signals:
            return
        await self._alarms.put(signals)
        for signal in signals:
            (self._standing.add if isinstance(signal, AlarmRaised) else self._standing.discard)(
                signal.vehicle_no
            )

    async def _close(self, over: Day) -> None:
        """Store the day that is over; a second time changes nothing."""
        closed_at = self._clock.now()
        tallies = over.sums.tallies()
        numbers = [VehicleNo(number) for number in tallies.numbers.tolist()]
        rows: list[QualityDay] = []

        def add(maker: str, vehicle_no: VehicleNo, row: Any) -> None:
            quality = quality_of(row)
            rows.append(
                QualityDay(
                    day=over.day,
                    maker=MakerId(maker),
                    vehicle_no=vehicle_no,
                    score=quality.score,
                    positions=quality.positions,
                    counts={name: int(n) for name, n in zip(COLUMNS, row, strict=True) if n},
                    formula_version=FORMULA_VERSION,
                    closed_at=closed_at,
                )
            )

        for maker in over.sums.makers:
            add(maker, VehicleNo(0), row_of(over.sums, maker))
        async with self._database.write() as tx:
            vehicles = await VehicleStore(tx).of_numbers(numbers, EVERYTHING)
            for number, row in zip(numbers, tallies.counts, strict=True):
                if number in vehicles:
                    add(vehicles[number].maker, number, row)
            new = await QualityStore(tx).close(rows)
        _log.info("quality_day_closed", day=over.day.isoformat(), rows=len(rows), new=new)


def _readable(fields: Any) -> Minute | None:
    try:
        return msgspec.msgpack.decode(fields[b"m"], type=Minute)
    except (KeyError, msgspec.DecodeError) as error:
        _log.warning("quality_minute_unreadable", error=str(error))
        return None
