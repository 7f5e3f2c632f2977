"""The archiver on a real stream: stored once, durable when told, whole after any crash."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from core import keys
from core.clock import Clock
from core.database import Database
from core.redis import Redis, connect
from fleet.history.archiver import Archiver
from fleet.history.check import check
from fleet.history.kept import HOUR_MS
from fleet.links.wire.status import new_status
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, entry_fields
from tests.history import compact

type Eventually = Callable[..., Awaitable[Any]]

PARTITIONS = 4


class Shop:
    """Stores and an archiver over them."""

    def __init__(self, database: Database, redis: Redis, folder: Path) -> None:
        self.database = database
        self.redis = redis
        self.folder = folder
        self.clock = Clock.real()

    def archiver(self, name: str = "a", flush_s: float = 0.2) -> Archiver:
        return Archiver(
            self.database,
            self.redis,
            self.clock,
            self.folder,
            partitions=PARTITIONS,
            flush_s=flush_s,
            name=name,
        )

    @asynccontextmanager
    async def running(self, archiver: Archiver) -> AsyncIterator[Archiver]:
        stop = asyncio.Event()
        task = asyncio.create_task(archiver.run(stop))
        try:
            yield archiver
        finally:
            stop.set()
            await task

    async def say(self, number: int, *seqs: int) -> str:
        now_ms = self.clock.now_ms()
        records = np.zeros(len(seqs), STREAM_POSITION)
        records["vehicle_no"], records["seq"] = number, [seq % 2**32 for seq in seqs]
        records["measured_ms"] = 1_800_000_000_000 + np.array(seqs) * 1000
        fields = entry_fields(now_ms, records, None)
        entry_id: Any = await self.redis.xadd(keys.telemetry(number % PARTITIONS), fields)
        return str(entry_id.decode())

    def stored(self) -> list[tuple[int, int]]:
        found = []
        for path in sorted(self.folder.glob("positions/date=*/hour=*/*.parquet")):
            table = pq.read_table(path, columns=["vehicle_no", "seq"])
            found += list(zip(*(column.to_pylist() for column in table.columns), strict=True))
        return sorted(found)

    async def durable(self) -> dict[str, str]:
        found: Any = await self.redis.hgetall(keys.durable())
        return {partition.decode(): entry_id.decode() for partition, entry_id in found.items()}


@pytest.fixture
async def shop(valkey_url: str, sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Shop]:
    redis = connect(valkey_url)
    yield Shop(sqlite_database, redis, tmp_path / "history")
    await redis.aclose()


async def test_positions_are_stored_and_then_called_durable(shop: Shop, eventually: Eventually) -> None:
    first = await shop.say(7, 1, 2)
    async with shop.running(shop.archiver()):
        await eventually(shop.durable)
    assert await shop.durable() == {"3": first}
    assert shop.stored() == [(7, 1), (7, 2)]


async def test_the_stream_keeps_only_what_is_not_durable_or_not_tracked(
    shop: Shop, eventually: Eventually
) -> None:
    first = await shop.say(7, 1)
    second = await shop.say(7, 2)
    await shop.redis.hset(keys.state_header(3), "position", second)
    async with shop.running(shop.archiver()):
        await eventually(shop.durable)

        async def is_trimmed() -> bool:
            return int(await shop.redis.xlen(keys.telemetry(3))) == 1

        await eventually(is_trimmed)
    assert first < second


async def test_what_no_tracker_has_read_stays_in_the_stream(shop: Shop, eventually: Eventually) -> None:
    await shop.say(7, 1)
    async with shop.running(shop.archiver()):
        await eventually(shop.durable)
    assert await shop.redis.xlen(keys.telemetry(3)) == 1


async def test_what_a_tracker_reads_late_leaves_the_stream_though_nothing_new_comes(
    shop: Shop, eventually: Eventually
) -> None:
    await shop.say(7, 1)
    last = await shop.say(7, 2)
    async with shop.running(shop.archiver()):
        await eventually(shop.durable)
        assert await shop.redis.xlen(keys.telemetry(3)) == 2
        await shop.redis.hset(keys.state_header(3), "position", last)

        async def is_trimmed() -> bool:
            return int(await shop.redis.xlen(keys.telemetry(3))) == 1

        await eventually(is_trimmed)


async def test_a_position_that_is_sent_again_is_stored_once(shop: Shop, eventually: Eventually) -> None:
    await shop.say(7, 1, 2, 3)
    await shop.say(7, 2, 3, 4)
    async with shop.running(shop.archiver()) as archiver:
        await eventually(lambda: archiver.stored == 4)
        await shop.say(7, 4, 5)
        await eventually(lambda: archiver.stored == 5)
    assert shop.stored() == [(7, seq) for seq in range(1, 6)]
    assert archiver.duplicates == 3


async def test_a_restart_knows_again_what_an_hour_has_taken_when_only_late_positions_are_left(
    shop: Shop, eventually: Eventually
) -> None:
    for seqs in ((5,), (6,), (1,)):
        async with shop.running(shop.archiver()) as archiver:
            await shop.say(7, *seqs)
            await eventually(lambda archiver=archiver: archiver.stored == 1)
    compact(shop.folder, 1_800_000_000_000 + 3 * HOUR_MS)
    assert shop.stored() == [(7, 1)], "an hour has the others"
    await shop.say(7, 6, 7)
    async with shop.running(shop.archiver()) as archiver:
        await eventually(lambda: archiver.stored + archiver.duplicates == 2)
    assert (archiver.stored, archiver.duplicates) == (1, 1)


async def test_a_restart_remembers_what_was_stored(shop: Shop, eventually: Eventually) -> None:
    async with shop.running(shop.archiver()):
        await shop.say(7, 1, 2)
        await eventually(shop.durable)
    last = await shop.say(7, 2, 3)
    async with shop.running(shop.archiver()):

        async def is_durable() -> bool:
            return (await shop.durable()).get("3") == last

        await eventually(is_durable)
    assert shop.stored() == [(7, 1), (7, 2), (7, 3)]


async def test_what_a_radio_hole_held_back_is_stored_once_at_its_own_time(
    shop: Shop, eventually: Eventually
) -> None:
    async with shop.running(shop.archiver()) as archiver:
        await shop.say(7, 1, 2, 100, 101)
        await eventually(lambda: archiver.stored == 4)
        await shop.say(7, 50, 51, 52)
        await shop.say(7, 52, 53, 2)
        await eventually(lambda: archiver.stored == 8)
    assert shop.stored() == [(7, seq) for seq in (1, 2, 50, 51, 52, 53, 100, 101)]
    assert archiver.duplicates == 2


async def test_a_restart_knows_a_vehicle_that_was_quiet_for_longer_than_it_remembers(
    shop: Shop, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fleet.history.archiver.REMEMBERED_FILES", 1)
    async with shop.running(shop.archiver()) as first:
        await shop.say(7, 1, 2)
        await eventually(lambda: first.stored == 2)
        await shop.say(8, 5)
        await eventually(lambda: first.stored == 3)
    last = await shop.say(7, 2, 3)
    async with shop.running(shop.archiver()):

        async def is_durable() -> bool:
            return (await shop.durable()).get("3") == last

        await eventually(is_durable)
    assert shop.stored() == [(7, 1), (7, 2), (7, 3), (8, 5)]


async def test_a_time_of_no_calendar_is_shed_and_counted(shop: Shop, eventually: Eventually) -> None:
    async with shop.running(shop.archiver()) as archiver:
        await shop.say(7, -1_700_000_000, 1)
        await eventually(lambda: archiver.stored == 1)
    ledger = archiver.files.newest_ledger()
    assert ledger is not None
    totals = ledger.totals
    assert (totals.read, totals.stored, totals.shed) == (2, 1, {"time_of_no_calendar": 1})
    assert check(shop.folder).complaints == ()


async def test_an_archiver_killed_after_the_rename_stores_nothing_twice(
    shop: Shop, eventually: Eventually
) -> None:
    """The file is the commit: the word to the gateways may be lost and is said again."""
    await shop.say(7, 1, 2)
    async with shop.running(shop.archiver()):
        await eventually(shop.durable)
    told = await shop.durable()
    await shop.redis.delete(keys.durable())
    async with shop.running(shop.archiver()):
        await eventually(shop.durable)
    assert await shop.durable() == told
    assert shop.stored() == [(7, 1), (7, 2)]


async def test_what_an_interrupted_write_left_is_swept_and_written_again(
    shop: Shop, eventually: Eventually
) -> None:
    left = shop.folder / "positions" / "date=2026-07-01" / "hour=02" / "000000000000001.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half a file")
    await shop.say(7, 1)
    async with shop.running(shop.archiver()):
        await eventually(shop.durable)
    assert not left.exists()
    assert shop.stored() == [(7, 1)]


async def test_a_full_disk_loses_nothing_and_is_written_when_there_is_room(
    shop: Shop, eventually: Eventually
) -> None:
    shop.folder.mkdir(parents=True)
    (shop.folder / "positions").write_bytes(b"not a folder")
    await shop.say(7, 1)
    async with shop.running(shop.archiver()) as archiver:
        await eventually(lambda: archiver._is_away)
        assert not await shop.durable()
        (shop.folder / "positions").unlink()
        await eventually(shop.durable)
    assert shop.stored() == [(7, 1)]


async def test_status_records_are_kept_whole(shop: Shop, eventually: Eventually) -> None:
    status = np.zeros(1, STREAM_STATUS)
    status["status"] = new_status(1)
    status["status"]["vehicle_no"], status["status"]["software_version"] = 7, 77
    nothing = np.zeros(0, STREAM_POSITION)
    await shop.redis.xadd(keys.telemetry(3), entry_fields(shop.clock.now_ms(), nothing, status))
    async with shop.running(shop.archiver()):
        await eventually(shop.durable)
    (path,) = shop.folder.glob("status/date=*/hour=*/*.parquet")
    record = pq.read_table(path).to_pylist()[0]
    assert record["vehicle_no"] == 7
    assert record["record"] == status["status"].tobytes()


async def test_one_archiver_works_and_the_other_waits(shop: Shop, eventually: Eventually) -> None:
    async with shop.running(shop.archiver("a")) as first, shop.running(shop.archiver("b")) as second:
        for seq in range(1, 6):
            await shop.say(7, seq)
        await eventually(lambda: first.stored + second.stored == 5)
        assert 0 in (first.stored, second.stored)
    assert shop.stored() == [(7, seq) for seq in range(1, 6)]
