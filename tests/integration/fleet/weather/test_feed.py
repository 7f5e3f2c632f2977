"""Weather from a real server and a real file."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.ids import DistrictCode
from fleet.weather.conditions import RoadCondition, Weather
from fleet.weather.feed import LARGEST_BYTES, WeatherFeed, source_of
from fleet.weather.store import WeatherStore
from tests.integration.fleet.builders import AT, working_vehicles

FACT = {
    "district": "KB",
    "kind": "observed",
    "validFrom": AT.isoformat(),
    "validTo": (AT + timedelta(hours=1)).isoformat(),
    "airC": -24.5,
    "road": "ice",
    "pollen": "a word that we do not know",
}


class Station:
    """A weather service that answers what a test wants."""

    def __init__(self) -> None:
        self.body = document(FACT)
        self.status = 200
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + self.body)
        writer.close()


def document(*facts: dict[str, Any]) -> bytes:
    return json.dumps({"source": "station-1", "facts": facts, "synthetic": True}).encode()


@pytest.fixture
async def station() -> AsyncIterator[Station]:
    made = Station()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/weather.json"
    yield made
    server.close()


async def now(database: Database) -> Weather | None:
    async with database.read() as tx:
        return (await WeatherStore(tx).now(AT)).get(DistrictCode("KB"))


async def test_a_station_is_read_again_and_again_and_its_last_word_holds(
    database: Database, clock: Clock, station: Station
) -> None:
    await working_vehicles(database, 7)
    feed = WeatherFeed(database, clock, source_of(station.url))
    assert await feed.read_once() == 1
    assert await now(database) == Weather(air_c=-24.5, road=RoadCondition.ICE)
    assert await feed.read_once() == 0, "the same document is the same facts"
    station.body = document({**FACT, "airC": -26.0}, {**FACT, "district": "XX"})
    assert await feed.read_once() == 0
    assert await now(database) == Weather(air_c=-26.0, road=RoadCondition.ICE)
    async with database.read() as tx:
        (fact,) = await WeatherStore(tx).holding(AT)
    assert (fact.source, fact.is_synthetic, fact.recorded_by) == ("station-1", True, "station-1")


async def test_a_station_that_is_wrong_or_gone_leaves_the_weather_of_before(
    sqlite_database: Database, clock: Clock, station: Station, caplog: pytest.LogCaptureFixture
) -> None:
    await working_vehicles(sqlite_database, 7)
    feed = WeatherFeed(sqlite_database, clock, source_of(station.url))
    await feed.read_once()
    station.body = document({**FACT, "airC": -300})
    assert await feed.read_once() == 0
    assert "weather_document_refused" in caplog.text
    for station.status, station.body in ((503, b"{}"), (200, b"x" * (LARGEST_BYTES + 1))):
        with pytest.raises(Unavailable):
            await feed.read_once()
    assert await now(sqlite_database) == Weather(air_c=-24.5, road=RoadCondition.ICE)


async def test_a_file_is_a_source_as_well(sqlite_database: Database, clock: Clock, tmp_path: Path) -> None:
    await working_vehicles(sqlite_database, 7)
    feed = WeatherFeed(sqlite_database, clock, source_of(str(tmp_path / "weather.json")))
    with pytest.raises(Unavailable):
        await feed.read_once()
    (tmp_path / "weather.json").write_bytes(document(FACT))
    assert await feed.read_once() == 1
