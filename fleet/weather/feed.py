"""Weather from outside: a document by HTTP or from a file, read every few minutes (docs/weather.md)."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Protocol

import httpx
import msgspec
import structlog
from msgspec import Meta

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.errors import Invalid, Unavailable
from core.ids import DistrictCode
from core.repeating import repeat
from fleet.vehicles.store import VehicleStore
from fleet.weather.conditions import Precipitation, RoadCondition, Weather
from fleet.weather.fact import FactKind, WeatherFact
from fleet.weather.record_weather import record_facts

LARGEST_BYTES: Final = 1_000_000
MOST_FACTS: Final = 5_000
ANSWER_WITHIN_S: Final = 10.0

_log = structlog.get_logger("fleet.weather")

Degrees = Annotated[float, Meta(ge=-70, le=80)]


class FeedFact(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One fact of the document; words that we do not know are left out."""

    district: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    kind: FactKind
    valid_from: Annotated[datetime, Meta(tz=True)]
    valid_to: Annotated[datetime, Meta(tz=True)]
    air_c: Degrees | None = None
    road_c: Degrees | None = None
    wind_mps: Annotated[float, Meta(ge=0, le=100)] | None = None
    visibility_m: Annotated[float, Meta(ge=0, le=100_000)] | None = None
    snow_cm: Annotated[float, Meta(ge=0, le=1_000)] | None = None
    precipitation: Precipitation | None = None
    precipitation_mm_h: Annotated[float, Meta(ge=0, le=500)] | None = None
    road: RoadCondition | None = None


class FeedDocument(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a source says at once."""

    source: Annotated[str, Meta(min_length=1, max_length=60, pattern=r"^[a-z0-9._-]+$")]
    facts: Annotated[tuple[FeedFact, ...], Meta(max_length=MOST_FACTS)]
    synthetic: bool = False


class WeatherSource(Protocol):
    """Where a document comes from."""

    async def read(self) -> bytes:
        """Return the document. Raises Unavailable when it cannot be had."""
        ...


class FileSource:
    """A file that somebody writes anew."""

    def __init__(self, path: Path) -> None:
        """Take the path."""
        self._path = path

    async def read(self) -> bytes:
        """Return the file's bytes."""
        try:
            size = (await asyncio.to_thread(self._path.stat)).st_size
            if size > LARGEST_BYTES:
                raise Unavailable("unavailable", f"the weather file is larger than {LARGEST_BYTES} bytes")
            return await asyncio.to_thread(self._path.read_bytes)
        except OSError as error:
            raise Unavailable("unavailable", f"the weather file: {error}") from error


class HttpSource:
    """An address that answers with the document."""

    def __init__(self, url: str) -> None:
        """Take the address."""
        self._url = url

    async def read(self) -> bytes:
        """Return the body of a 200, read no further than the largest document."""
        body = bytearray()
        try:
            async with (
                httpx.AsyncClient(timeout=ANSWER_WITHIN_S) as client,
                client.stream("GET", self._url) as answer,
            ):
                if answer.status_code != httpx.codes.OK:
                    raise Unavailable("unavailable", f"the weather feed answered {answer.status_code}")
                async for chunk in answer.aiter_bytes():
                    body += chunk
                    if len(body) > LARGEST_BYTES:
                        raise Unavailable(
                            "unavailable", f"the weather feed is larger than {LARGEST_BYTES} bytes"
                        )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable("unavailable", f"the weather feed: {error}") from error
        return bytes(body)


def source_of(address: str) -> WeatherSource:
    """Return the source of an address: http(s):// is asked for, anything else is a path."""
    return HttpSource(address) if address.startswith(("http://", "https://")) else FileSource(Path(address))


def facts_of(document: bytes, districts: frozenset[DistrictCode], *, at: datetime) -> list[WeatherFact]:
    """Return the facts of a document that are about these 旗区.

    Raises Invalid naming what of the document is wrong.
    """
    try:
        read = msgspec.json.decode(document, type=FeedDocument)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Invalid("invalid-input", f"the weather document: {error}", field="document") from error
    return [
        WeatherFact(
            district=DistrictCode(fact.district),
            source=read.source,
            kind=fact.kind,
            valid_from=fact.valid_from,
            valid_to=fact.valid_to,
            weather=Weather(**{name: getattr(fact, name) for name in Weather.__struct_fields__}),
            is_synthetic=read.synthetic,
            recorded_by=read.source,
            recorded_at=at,
        )
        for fact in read.facts
        if fact.district in districts
    ]


class WeatherFeed:
    """Reads one source again and again. Two may run: the same document twice is the same facts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        source: WeatherSource,
        *,
        every_s: float = 300.0,
    ) -> None:
        """Take where facts go, where they come from, and the pause in wall seconds."""
        self._database = database
        self._clock = clock
        self._source = source
        self._every_s = every_s

    async def read_once(self) -> int:
        """Keep what the source says now; return how many facts are new.

        Raises Unavailable when it says nothing. A document that is wrong is logged and left: the weather of
        before goes on until its time is over.
        """
        document = await self._source.read()
        at = self._clock.now()
        try:
            async with self._database.write() as tx:
                districts = frozenset(each.district for each in await VehicleStore(tx).census(EVERYTHING))
                return await record_facts(tx, None, facts_of(document, districts, at=at), at=at)
        except Invalid as error:
            _log.warning("weather_document_refused", reason=str(error))
            return 0

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`; an outage of the source is logged once."""
        await repeat("weather-feed", self.read_once, self._every_s, stop)
