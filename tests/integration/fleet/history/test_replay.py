"""Asking history: hours, raw files and the stream as one, within the reach, each position once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import keys
from core.auth.principal import EVERYTHING, Reach
from core.clock import moment_of_ms
from core.errors import Invalid, NotFound
from core.ids import DistrictCode
from core.redis import Redis, connect
from fleet.history.kept import HOUR_MS
from fleet.history.ledger import Level
from fleet.history.replay import Replay
from fleet.history.spans import Span
from fleet.history.summary import Gap
from fleet.live.mirror import Box
from fleet.telemetry.records import Records, entry_fields
from tests.conftest import SettableClock
from tests.history import T0, Written, compact, positions

PARTITIONS = 4
NOW = T0 + HOUR_MS + 20 * 60_000
KB = Reach(districts=frozenset({DistrictCode("KB")}))
IN_KB = np.array([1, 2])


async def within(reach: Reach) -> Any:
    return None if reach == EVERYTHING else IN_KB


class Past:
    """An hour in an hour file, twenty minutes in raw files, ten seconds in the stream."""

    def __init__(self, written: Written, redis: Redis) -> None:
        self.written = written
        self.redis = redis
        clock = SettableClock(moment_of_ms(NOW))
        self.replay = Replay(redis, clock, written.folder, within, partitions=PARTITIONS)

    async def say(self, records: Records) -> None:
        for number in np.unique(records["vehicle_no"]):
            own = records[records["vehicle_no"] == number]
            fields = entry_fields(NOW, own, None)
            await self.redis.xadd(keys.telemetry(int(number) % PARTITIONS), fields)


@pytest.fixture
async def past(valkey_url: str, tmp_path: Path) -> AsyncIterator[Past]:
    written = Written(tmp_path)
    written.minutes((1, 2, 9), T0, NOW, every_ms=60_000)
    compact(written.folder, NOW)
    redis = connect(valkey_url)
    past = Past(written, redis)
    await past.say(positions((1, 2, 9), range(NOW - 5000, NOW + 10_000, 1000)))
    yield past
    await redis.aclose()


def seconds(records: Records) -> list[int]:
    return [int(ms - T0) // 1000 for ms in records["measured_ms"]]


async def test_one_vehicle_up_to_the_last_second_with_each_position_once(past: Past) -> None:
    found = await past.replay.vehicle(EVERYTHING, 2, Span(from_ms=T0, to_ms=NOW + 9000))
    assert seconds(found.positions) == list(range(80 * 60 + 10))
    assert set(found.positions["vehicle_no"]) == {2}
    assert (found.gaps, found.level, found.is_cut) == ((), Level.FULL, False)


async def test_gaps_are_marked(past: Past) -> None:
    found = await past.replay.vehicle(EVERYTHING, 2, Span(from_ms=T0 - 60_000, to_ms=T0 + 1000))
    assert found.gaps == (Gap(from_ms=T0 - 60_000, to_ms=T0),)
    silent = await past.replay.vehicle(EVERYTHING, 5, Span(from_ms=T0, to_ms=T0 + 60_000))
    assert silent.gaps == (Gap(from_ms=T0, to_ms=T0 + 60_000),)


async def test_the_future_is_no_gap(past: Past) -> None:
    found = await past.replay.vehicle(EVERYTHING, 2, Span(from_ms=NOW - 1000, to_ms=NOW + HOUR_MS))
    assert found.gaps == ()


async def test_more_positions_than_asked_for_are_cut_evenly_with_the_ends_kept(past: Past) -> None:
    found = await past.replay.vehicle(EVERYTHING, 2, Span(from_ms=T0, to_ms=T0 + 100_000), points=11)
    assert seconds(found.positions) == list(range(0, 101, 10))
    assert found.is_cut


async def test_everybody_in_a_span_comes_once_from_all_three_places(past: Past) -> None:
    span = Span(from_ms=T0 + HOUR_MS - 2000, to_ms=NOW + 9000)
    parts = [part async for part in past.replay.positions(EVERYTHING, span)]
    found = np.concatenate(parts)
    pairs = set(zip(found["vehicle_no"].tolist(), seconds(found), strict=True))
    assert pairs == {(number, second) for number in (1, 2, 9) for second in range(3598, 4810)}
    assert len(found) == len(pairs)


async def test_a_box_holds_its_own(past: Past) -> None:
    away = positions((2,), (T0 + 70 * 60_000 + 500,), lat_e7=400_000_000)
    past.written.raw(away, NOW - 1000)
    box = Box(109.7, 39.9, 109.9, 40.1)
    found = await past.replay.area(EVERYTHING, Span(from_ms=T0, to_ms=NOW), box)
    assert found["measured_ms"].tolist() == away["measured_ms"].tolist()


async def test_an_area_with_too_much_in_it_is_refused(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.history.replay.AREA_POINTS_MOST", 1000)
    with pytest.raises(Invalid, match="smaller box") as refused:
        await past.replay.area(EVERYTHING, Span(from_ms=T0, to_ms=NOW), Box(109, 39, 110, 40))
    assert (refused.value.fields["field"], refused.value.fields["limit"]) == ("bbox", 1000)


@pytest.mark.parametrize(
    "at_s", [0, 10, 299, 300, 301, 1800, 3599, 3600, 3605, 4790, 4799, 4805], ids=lambda at: f"{at}s"
)
async def test_the_city_at_a_moment_is_everybodys_last_position_before_it(past: Past, at_s: int) -> None:
    at_ms = T0 + at_s * 1000 + 400
    found = await past.replay.city_at(EVERYTHING, at_ms)
    assert found["vehicle_no"].tolist() == [1, 2, 9]
    assert seconds(found) == [at_s] * 3


async def test_the_city_five_seconds_ago_comes_out_of_the_stream(past: Past) -> None:
    found = await past.replay.city_at(EVERYTHING, NOW + 9000 - 5000)
    assert seconds(found) == [80 * 60 + 4] * 3


async def test_who_was_silent_for_longer_than_the_limit_is_not_in_the_city(past: Past) -> None:
    past.written.raw(positions((4,), (T0 + 600_000,)), NOW - 900)
    there = await past.replay.city_at(EVERYTHING, T0 + 600_000 + 59_999)
    gone = await past.replay.city_at(EVERYTHING, T0 + 600_000 + 60_000)
    assert (4 in there["vehicle_no"], 4 in gone["vehicle_no"]) == (True, False)


async def test_who_has_left_a_box_is_not_shown_where_he_was_before(past: Past) -> None:
    past.written.raw(positions((5,), (T0 + 600_000,), lat_e7=400_000_000), NOW - 900)
    past.written.raw(positions((5,), (T0 + 610_000,), lat_e7=390_000_000), NOW - 800)
    box = Box(109.7, 39.9, 109.9, 40.1)
    assert len(await past.replay.city_at(EVERYTHING, T0 + 605_000, box)) == 1
    assert len(await past.replay.city_at(EVERYTHING, T0 + 615_000, box)) == 0


async def test_summaries_are_by_vehicle_and_over_all_places(past: Past) -> None:
    span = Span(from_ms=T0, to_ms=NOW + 9000)
    found = await past.replay.summaries(EVERYTHING, span, vehicles=[9, 2, 77])
    assert [(one.vehicle_no, one.positions, one.standing_s) for one in found] == [
        (2, 4810, 4809.0),
        (9, 4810, 4809.0),
    ]
    assert (found[0].stops, found[0].silent_s) == (1, 0.0)


async def test_a_reach_leaves_foreign_vehicles_out_everywhere(past: Past) -> None:
    span = Span(from_ms=NOW - 60_000, to_ms=NOW)
    parts = [part async for part in past.replay.positions(KB, span)]
    assert set(np.concatenate(parts)["vehicle_no"].tolist()) == {1, 2}
    assert (await past.replay.city_at(KB, NOW))["vehicle_no"].tolist() == [1, 2]
    assert set((await past.replay.area(KB, span, Box(109, 39, 110, 40)))["vehicle_no"].tolist()) == {1, 2}
    for asked in (
        past.replay.vehicle(KB, 9, span),
        past.replay.summaries(KB, span, vehicles=[1, 9]),
        anext(past.replay.positions(KB, span, vehicles=[9])),
    ):
        with pytest.raises(NotFound):
            await asked


async def test_a_compaction_meanwhile_changes_no_answer(past: Past) -> None:
    span = Span(from_ms=T0, to_ms=NOW + 9000)
    before, _ = await asyncio.gather(
        past.replay.vehicle(EVERYTHING, 1, span),
        asyncio.to_thread(compact, past.written.folder, NOW + 2 * HOUR_MS),
    )
    after = await past.replay.vehicle(EVERYTHING, 1, span)
    assert seconds(before.positions) == seconds(after.positions) == list(range(4810))
