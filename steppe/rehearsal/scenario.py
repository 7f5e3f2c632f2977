"""What a rehearsed day brings: a file of local times, and the same as city time for the simulator."""

import itertools
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta

from core.errors import Invalid
from steppe.city.issued import Issued

HOUR: Final = timedelta(hours=1)

type LocalTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""Hours and minutes of the city's day."""


class _Given(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common shape."""


CLEAR: Final = {
    "precipitation": "none",
    "precipitationMmH": 0.0,
    "visibilityM": 15_000.0,
    "snowCm": 0.0,
    "road": "dry",
    "windMps": 2.0,
}
"""Weather in which everything may drive."""
CLEAR_AFTER: Final = timedelta(hours=4)
"""The weather is told beyond the day, for as long as what is under way may take to its end."""


class Air(_Given, frozen=True, kw_only=True):
    """The temperature at a time."""

    at: LocalTime
    air_c: Annotated[float, Meta(ge=-60, le=60)]


class Breakdown(_Given, frozen=True, kw_only=True):
    """A drive that fails under way, or the heater of a pack."""

    at: LocalTime
    service: str
    part: Literal["drive", "heater"] = "drive"


class Hole(_Given, frozen=True, kw_only=True, rename={"starts": "from"}):
    """A circle without network."""

    starts: LocalTime
    until: LocalTime
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lng: Annotated[float, Meta(ge=-180, le=180)]
    radius_m: Annotated[float, Meta(gt=0)]


class Leaving(_Given, frozen=True, kw_only=True, rename={"starts": "from"}):
    """Somebody who leaves the desk without a word: the ``number``-th account of a role, from 1."""

    role: str
    number: Annotated[int, Meta(ge=1)]
    starts: LocalTime
    until: LocalTime


class Weather(_Given, frozen=True, kw_only=True, rename={"starts": "from"}):
    """What falls and lies for a while in every 旗区; where none is given it is told to be clear."""

    starts: LocalTime
    until: LocalTime
    precipitation: str
    precipitation_mm_h: Annotated[float, Meta(ge=0)]
    visibility_m: Annotated[float, Meta(ge=0)]
    snow_cm: Annotated[float, Meta(ge=0)]
    road: str
    wind_mps: Annotated[float, Meta(ge=0)]


class Scenario(_Given, frozen=True, kw_only=True):
    """Everything that a day is bound to bring beside what chance brings."""

    name_zh: str
    name_en: str
    orders_per_day: Annotated[float, Meta(ge=0)] = 400.0
    air: tuple[Air, ...] = ()
    weather: tuple[Weather, ...] = ()
    breakdown: tuple[Breakdown, ...] = ()
    hole: tuple[Hole, ...] = ()
    leaving: tuple[Leaving, ...] = ()


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The stretch of city time that is rehearsed."""

    begins: datetime
    ends: datetime

    def moment(self, local: str) -> datetime:
        """Return the first moment in or after the beginning at which the city's clocks show a time."""
        zone = self.begins.tzinfo
        found = datetime.combine(self.begins.date(), time.fromisoformat(local), zone)
        return found if found >= self.begins else found + timedelta(days=1)

    def days_over(self) -> tuple[date, ...]:
        """Return the city's days that end in it."""
        days = range((self.ends.date() - self.begins.date()).days)
        return tuple(self.begins.date() + timedelta(days=number) for number in days)


def window_of(day: date, starts_at: time, hours: float, zone: str) -> Window:
    """Return the window that starts on a local day at a time of it."""
    begins = datetime.combine(day, starts_at, ZoneInfo(zone))
    return Window(begins=begins, ends=begins + timedelta(hours=hours))


def read_scenario(path: Path) -> Scenario:
    """Return what a file holds. Raises Invalid naming the file and the field at fault."""
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Scenario)
    except OSError as error:
        raise Invalid(
            "invalid-input", f"{path}: {error.strerror}", field="scenario", limit="a file"
        ) from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise Invalid(
            "invalid-input", f"{path}: {error}", field="scenario", limit="docs/rehearsal.md"
        ) from error


def script_of(scenario: Scenario, window: Window, issued: Issued) -> dict[str, object]:
    """Return the simulator's script (simulator/script.py) for a window.

    Raises Invalid for somebody who has no account.
    """

    def ms(local: str) -> int:
        return round(window.moment(local).timestamp() * 1000)

    air = sorted((ms(one.at), one.air_c) for one in scenario.air)
    return {
        "quietAfterMs": round(window.ends.timestamp() * 1000),
        "air": [{"atMs": at_ms, "airC": air_c} for at_ms, air_c in air],
        "breakdowns": [
            {"atMs": ms(one.at), "service": one.service, "part": one.part} for one in scenario.breakdown
        ],
        "holes": [
            {"fromMs": ms(one.starts), "untilMs": ms(one.until), "lat": one.lat, "lng": one.lng,
             "radiusM": one.radius_m}
            for one in scenario.hole
        ],
        "leavings": [
            {"username": _username(one, issued), "fromMs": ms(one.starts), "untilMs": ms(one.until)}
            for one in scenario.leaving
        ],
    }  # fmt: skip


def weather_of(scenario: Scenario, window: Window, districts: Iterable[str]) -> dict[str, object]:
    """Return the weather document (docs/weather.md) of what the simulator lets vehicles feel.

    The temperature is told by the hour, as its mean; a forecast, because the whole day is told at once.
    """
    told = [
        *_hours(scenario, window),
        *(_falling(one, window) for one in scenario.weather),
        *_clear(scenario, window),
    ]
    facts = [{"district": district} | fact for district in districts for fact in told]
    return {"source": "rehearsal", "synthetic": True, "facts": facts}


def _hours(scenario: Scenario, window: Window) -> Iterator[dict[str, object]]:
    points = sorted((window.moment(one.at), one.air_c) for one in scenario.air)
    for (start, before_c), (end, after_c) in itertools.pairwise(points):
        count = max(1, round((end - start) / HOUR))
        lasts = (end - start) / count
        for hour in range(count):
            air_c = before_c + (after_c - before_c) * (hour + 0.5) / count
            yield _fact(start + lasts * hour, start + lasts * (hour + 1)) | {"airC": round(air_c, 1)}


def _falling(one: Weather, window: Window) -> dict[str, object]:
    return _fact(window.moment(one.starts), window.moment(one.until)) | {
        "precipitation": one.precipitation,
        "precipitationMmH": one.precipitation_mm_h,
        "visibilityM": one.visibility_m,
        "snowCm": one.snow_cm,
        "road": one.road,
        "windMps": one.wind_mps,
    }


def _clear(scenario: Scenario, window: Window) -> Iterator[dict[str, object]]:
    """Yield what is told of the time without weather: a recall is over when it is known to be."""
    spans = sorted((window.moment(one.starts), window.moment(one.until)) for one in scenario.weather)
    start = window.begins
    for begins, ends in (*spans, (window.ends + CLEAR_AFTER, window.ends + CLEAR_AFTER)):
        if begins > start:
            yield _fact(start, begins) | CLEAR
        start = max(start, ends)


def _fact(start: datetime, end: datetime) -> dict[str, object]:
    return {"kind": "forecast", "validFrom": start.isoformat(), "validTo": end.isoformat()}


def _username(leaving: Leaving, issued: Issued) -> str:
    names = [one.username for one in issued.staff if one.role == leaving.role]
    if leaving.number > len(names):
        raise Invalid(
            "invalid-input",
            f"there is no account number {leaving.number} of the role {leaving.role}",
            field="leaving.number",
            limit=f"1 to {len(names)}",
        )
    return names[leaving.number - 1]
