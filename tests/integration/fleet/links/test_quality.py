"""What a gateway refuses is counted against whoever sent it, kept as samples, and shown to nobody else."""

import asyncio
from functools import partial
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from core import keys
from fleet.quality.reporter import FIRST_COUNTS_S, MINUTES_MOST, QualityReporter
from fleet.quality.samples import KEPT
from fleet.quality.tallies import Minute
from fleet.quality.windows import Windows
from fleet.telemetry.rejects import Reject
from steppe.gateway_quality import gateway_reporter
from tests.integration.fleet.links.conftest import Running
from tests.integration.fleet.links.second_client import Vehicle, position, positions_frame


def is_of_frame(seq: int, message: dict[str, Any]) -> bool:
    return bool(message["frameSeq"] == seq)


@pytest.fixture
def reporter(running: Running) -> QualityReporter:
    return gateway_reporter(running.gateway, running.redis, running.gateway.clock)


async def asked(running: Running, token: str) -> Any:
    async with httpx.AsyncClient(base_url=running.http) as client:
        return await client.get("/v1/quality", headers={"authorization": f"Bearer {token}"})


async def told(running: Running, reporter: QualityReporter) -> None:
    """Let the reporter tell, and a keeper's windows take it."""
    await reporter.tell_samples()
    await reporter.tell_counts()
    windows, clock = Windows(), running.gateway.clock
    entries: Any = await running.redis.xrange(keys.quality())
    minutes = [msgspec.msgpack.decode(fields[b"m"], type=Minute) for _, fields in entries]
    windows.take(minutes, clock.now_ms(), clock.now())
    await running.redis.set(keys.quality_windows(), msgspec.msgpack.encode(windows))


async def test_a_maker_sees_what_of_its_own_was_refused_and_why(
    running: Running, reporter: QualityReporter
) -> None:
    now_ms = running.now_ms()
    async with Vehicle(running.link, "west") as west:
        await west.hello()
        foreign, wrong = position(7, 1, 39.6, 109.78), position(9, 1, 99.0, 109.78)
        await west.send(positions_frame(1, now_ms - 3_000, foreign, wrong, position(9, 2, 39.6, 109.78)))
        await west.hear("accepted")
        await west.send(b"\x00" * 30)
        await west.hear("error")
    await told(running, reporter)

    answer = await asked(running, "west")
    assert answer.status_code == 200
    seen = answer.json()
    by_reason = {sample["reason"]: sample for sample in seen["samples"]}
    assert set(by_reason) == {"foreign", "malformed", "malformed-frame"}
    sample = by_reason["malformed"]
    assert (sample["vehicleNo"], sample["seq"], sample["lat"], sample["frameSeq"]) == (9, 1, 99.0, 1)
    assert bytes.fromhex(sample["record"]) == wrong
    assert 3_000 <= sample["clockOffsetMs"] < 60_000
    assert sample["receivedAtMs"] - sample["clockOffsetMs"] == now_ms - 3_000
    assert by_reason["malformed-frame"]["record"] == "00" * 30
    assert by_reason["malformed-frame"]["frameBytes"] == 30
    shares = seen["maker"]["fiveMinutes"]["shares"]
    assert shares == {"foreign": pytest.approx(1 / 3, abs=1e-3), "malformed": pytest.approx(2 / 3, abs=1e-3)}
    assert [vehicle["vehicleNo"] for vehicle in seen["vehicles"]] == [9]

    others = (await asked(running, "east")).json()
    assert (others["maker"]["fiveMinutes"]["score"], others["vehicles"], others["samples"]) == (1.0, [], [])


async def test_a_vehicles_own_key_does_not_read_its_makers_quality(running: Running) -> None:
    assert (await asked(running, "seven")).status_code == 403
    assert (await asked(running, "nobody")).status_code == 401


async def test_samples_and_minutes_are_bounded(running: Running, reporter: QualityReporter) -> None:
    async with Vehicle(running.link, "west") as west:
        await west.hello()
        for seq in range(1, KEPT + 6):
            await west.send(positions_frame(seq, running.now_ms(), position(7, seq, 39.6, 109.78)))
            await west.hear("error", partial(is_of_frame, seq))
            await reporter.tell_samples()
    seen = (await asked(running, "west")).json()["samples"]
    assert [sample["seq"] for sample in seen] == list(range(KEPT + 5, 5, -1))
    assert await running.redis.ttl(keys.quality_samples("west", "foreign")) > 0
    for _ in range(MINUTES_MOST + 5):
        running.gateway.rejects.add(Reject.FLOOD, np.array([9], np.uint32), running.gateway.roster.size)
        await reporter.tell_counts()
    assert await running.redis.xlen(keys.quality()) == MINUTES_MOST


async def test_after_a_start_the_first_count_is_told_within_seconds(
    running: Running, reporter: QualityReporter
) -> None:
    running.gateway.rejects.add(Reject.FLOOD, np.array([9], np.uint32), running.gateway.roster.size)
    stop = asyncio.Event()
    telling = asyncio.create_task(reporter.run(stop))
    heard = await running.redis.xread({keys.quality(): "0"}, block=round(4_000 * FIRST_COUNTS_S))
    assert heard
    stop.set()
    await telling


async def test_a_process_with_nothing_to_say_says_nothing(
    running: Running, reporter: QualityReporter
) -> None:
    await reporter.tell_counts()
    assert await running.redis.xlen(keys.quality()) == 0
