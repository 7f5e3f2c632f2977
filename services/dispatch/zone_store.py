"""SQL of what people decide about dispatch in a 旗区: the weights of the cost, version by version."""

from collections.abc import Collection

import msgspec
from sqlalchemy import func, select

from core.database import Transaction, insert_new
from core.errors import VersionMismatch
from core.ids import DistrictCode
from services.dispatch.tables import dispatch_weights
from services.dispatch.weights import WeightsVersion, ZoneWeights
from services.rows import read_row


class ZoneStore:
    """Reads and adds what people decided about a zone inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def weights(self, district: DistrictCode) -> ZoneWeights:
        """Return the weights that hold, the defaults as version 0 where nobody set any."""
        found = await self.weights_history(district, limit=1)
        return ZoneWeights(version=found[0].version, weights=found[0].weights) if found else ZoneWeights()

    async def newest_weights(self, districts: Collection[DistrictCode]) -> dict[DistrictCode, WeightsVersion]:
        """Return the newest version of each zone that has one."""
        table = dispatch_weights.c
        newest = select(table.district, func.max(table.version).label("version")).group_by(table.district)
        last = newest.where(table.district.in_(sorted(districts))).subquery()
        query = select(dispatch_weights).join(
            last, (table.district == last.c.district) & (table.version == last.c.version)
        )
        rows = (await self._tx.execute(query)).mappings()
        return {version.district: version for version in (read_row(row, WeightsVersion) for row in rows)}

    async def weights_history(self, district: DistrictCode, *, limit: int = 50) -> list[WeightsVersion]:
        """Return the versions of a zone, the newest first."""
        query = select(dispatch_weights).where(dispatch_weights.c.district == district)
        rows = await self._tx.execute(query.order_by(dispatch_weights.c.version.desc()).limit(limit))
        return [read_row(row, WeightsVersion) for row in rows.mappings()]

    async def add_weights(self, version: WeightsVersion) -> None:
        """Add the next version; raise VersionMismatch when somebody added it in between."""
        if not await insert_new(self._tx, dispatch_weights, msgspec.structs.asdict(version)):
            raise VersionMismatch(district=version.district, version=version.version - 1)
