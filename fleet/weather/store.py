"""SQL of weather facts and of what each service bears."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import func, select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import VersionMismatch
from core.ids import DistrictCode
from core.kinds import ServiceKind
from fleet.weather.conditions import Weather
from fleet.weather.fact import OwnLimits, ServiceLimits, WeatherFact, weather_at
from fleet.weather.stricter import Borne
from fleet.weather.tables import own_weather_limits, weather_facts, weather_limits


class WeatherStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def put(self, fact: WeatherFact) -> bool:
        """Keep a fact in place of what its source said of the same time before; return whether it was new."""
        values = _values(fact)
        if await insert_new(self._tx, weather_facts, values):
            return True
        table = weather_facts.c
        await self._tx.execute(
            update(weather_facts)
            .where(
                table.district == fact.district,
                table.source == fact.source,
                table.kind == fact.kind,
                table.valid_from == fact.valid_from,
            )
            .values(values)
        )
        return False

    async def holding(
        self,
        at: datetime,
        districts: Collection[DistrictCode] | None = None,
        *,
        until: datetime | None = None,
    ) -> list[WeatherFact]:
        """Return the facts that hold at a moment, or begin until a later one; None is every 旗区."""
        table = weather_facts.c
        query = select(weather_facts).where(table.valid_to > at, table.valid_from <= (until or at))
        if districts is not None:
            query = query.where(table.district.in_(sorted(districts)))
        rows = await self._tx.execute(query.order_by(table.district, table.valid_from, table.recorded_at))
        return [read_row(row, WeatherFact) for row in rows.mappings()]

    async def now(
        self, at: datetime, districts: Collection[DistrictCode] | None = None
    ) -> dict[DistrictCode, Weather]:
        """Return the weather of each 旗区 of which something is known; the others are absent."""
        by_district: dict[DistrictCode, list[WeatherFact]] = {}
        for fact in await self.holding(at, districts):
            by_district.setdefault(fact.district, []).append(fact)
        return {district: weather_at(facts, at) for district, facts in by_district.items()}

    async def limits(self) -> dict[ServiceKind, ServiceLimits]:
        """Return what the city says that each service bears; one without a row bears anything."""
        table = weather_limits.c
        newest = select(table.service, func.max(table.version).label("version")).group_by(table.service)
        last = newest.subquery()
        query = select(weather_limits).join(
            last, (table.service == last.c.service) & (table.version == last.c.version)
        )
        rows = (await self._tx.execute(query.order_by(table.service))).mappings()
        return {found.service: found for found in (read_row(row, ServiceLimits) for row in rows)}

    async def borne(self) -> Borne:
        """Return the city's limits with what companies say beside them."""
        table = own_weather_limits.c
        newest = (
            select(table.operator, table.service, func.max(table.version).label("version"))
            .group_by(table.operator, table.service)
            .subquery()
        )
        query = select(own_weather_limits).join(
            newest,
            (table.operator == newest.c.operator)
            & (table.service == newest.c.service)
            & (table.version == newest.c.version),
        )
        rows = (await self._tx.execute(query.order_by(table.operator, table.service))).mappings()
        own = [read_row(row, OwnLimits) for row in rows]
        return Borne(city=await self.limits(), own={(each.operator, each.service): each for each in own})

    async def add_own(self, limits: OwnLimits) -> None:
        """Add the next version of a company's; raise VersionMismatch when somebody did in between."""
        if not await insert_new(self._tx, own_weather_limits, msgspec.structs.asdict(limits)):
            raise VersionMismatch(service=limits.service.value, version=limits.version - 1)

    async def add_limits(self, limits: ServiceLimits) -> None:
        """Add the next version; raise VersionMismatch when somebody added it in between."""
        if not await insert_new(self._tx, weather_limits, msgspec.structs.asdict(limits)):
            raise VersionMismatch(service=limits.service.value, version=limits.version - 1)


def _values(fact: WeatherFact) -> dict[str, Any]:
    return msgspec.structs.asdict(fact)
