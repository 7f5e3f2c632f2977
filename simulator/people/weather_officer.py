"""Who says what the weather is: a duty officer who types what is seen; every fact is marked synthetic."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from simulator.people.desk import StaffDesk
from simulator.people.pace import Pace
from simulator.weather import Sky, sky

EVERY_S = 600.0
"""City seconds between two looks outside."""
HOLDS = timedelta(minutes=30)
"""How long what was said holds: three looks."""
_log = structlog.get_logger("simulator.people")


class WeatherOfficer:
    """One person at the weather desk of the whole city."""

    def __init__(
        self,
        desk: StaffDesk,
        pace: Pace,
        seed: int,
        districts: Sequence[str],
        air_c: Callable[[int], float | None],
    ) -> None:
        """Take who it is, the 旗区, and the temperature that a script binds, None where it says nothing.

        The first 旗区 is where people look at a demonstration: no squall takes it.
        """
        self._desk = desk
        self._pace = pace
        self._seed = seed
        self._districts = districts
        self._air_c = air_c

    async def run(self) -> None:
        """Say it again and again until everybody goes home."""
        await self._pace.wall(3)
        while not self._pace.is_over:
            if not await self._desk.log_in():
                await self._pace.wall(5)
                continue
            await self.say_all()
            await self._pace.city(EVERY_S, least_wall_s=5)

    async def say_all(self) -> int:
        """Say the weather of every 旗区; return how many facts the city took."""
        now_ms, taken = self._pace.clock.now_ms(), 0
        for district in self._districts:
            seen = sky(now_ms, seed=self._seed, district=district, stormy=self._districts[1:])
            answer = await self._desk.call(
                "PUT", "/api/weather/facts", body=_fact(district, now_ms, seen, self._air_c(now_ms))
            )
            taken += answer.is_good
        if taken < len(self._districts):
            _log.warning("weather_not_taken", facts=len(self._districts) - taken)
        return taken


def _fact(district: str, now_ms: int, seen: Sky, bound_c: float | None) -> dict[str, object]:
    at = datetime.fromtimestamp(now_ms / 1000, tz=UTC).replace(second=0, microsecond=0)
    air_c = seen.air_c if bound_c is None else bound_c
    return {
        "district": district,
        "kind": "observed",
        "validFrom": at.isoformat(),
        "validTo": (at + HOLDS).isoformat(),
        "isSynthetic": True,
        "weather": {
            "airC": round(air_c, 1),
            "roadC": round(air_c - 2.0, 1),
            "windMps": round(seen.wind_mps, 1),
            "visibilityM": round(seen.visibility_m),
            "snowCm": 0,
            "precipitation": "none",
            "precipitationMmH": 0,
            "road": "dry",
        },
    }
