"""SQL of what people decide about dispatch in a 旗区, version by version: weights, and freezes."""

from collections.abc import Collection

import msgspec
from sqlalchemy import func, select

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, VersionMismatch
from core.ids import DistrictCode
from services.dispatch.freeze import FROZEN, ZoneFreeze
from services.dispatch.tables import dispatch_freezes, dispatch_weights
from services.dispatch.weights import Weights, WeightsVersion, ZoneWeights


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

    async def weights_of(self, district: DistrictCode, version: int) -> Weights:
        """Return the weights of one version, the defaults for version 0."""
        query = select(dispatch_weights).where(
            dispatch_weights.c.district == district, dispatch_weights.c.version == version
        )
        row = (await self._tx.execute(query)).mappings().one_or_none()
        return Weights() if row is None else read_row(row, WeightsVersion).weights

    async def add_weights(self, version: WeightsVersion) -> None:
        """Add the next version; raise VersionMismatch when somebody added it in between."""
        if not await insert_new(self._tx, dispatch_weights, msgspec.structs.asdict(version)):
            raise VersionMismatch(district=version.district, version=version.version - 1)

    async def freeze(self, district: DistrictCode) -> ZoneFreeze | None:
        """Return the newest word about whether a zone is frozen, None where nobody ever froze it."""
        return next(iter(await self.freezes(district, limit=1)), None)

    async def freezes(self, district: DistrictCode, *, limit: int = 50) -> list[ZoneFreeze]:
        """Return when a zone was frozen and thawed, the newest first."""
        query = select(dispatch_freezes).where(dispatch_freezes.c.district == district)
        rows = await self._tx.execute(query.order_by(dispatch_freezes.c.version.desc()).limit(limit))
        return [read_row(row, ZoneFreeze) for row in rows.mappings()]

    async def newest_freezes(self, districts: Collection[DistrictCode]) -> dict[DistrictCode, ZoneFreeze]:
        """Return the newest word about each zone that was ever frozen."""
        query = select(dispatch_freezes).where(dispatch_freezes.c.district.in_(sorted(districts)))
        rows = (await self._tx.execute(query.order_by(dispatch_freezes.c.version))).mappings()
        return {freeze.district: freeze for freeze in (read_row(row, ZoneFreeze) for row in rows)}

    async def must_give_work(self, district: DistrictCode) -> None:
        """Raise Conflict in a frozen zone: asked again in the transaction that gives work."""
        freeze = await self.freeze(district)
        if freeze is not None and freeze.is_frozen:
            raise Conflict(FROZEN.replace("_", "-"), district=district, by=freeze.by_name)

    async def add_freeze(self, freeze: ZoneFreeze) -> None:
        """Add the next version; raise VersionMismatch when somebody added it in between."""
        if not await insert_new(self._tx, dispatch_freezes, msgspec.structs.asdict(freeze)):
            raise VersionMismatch(district=freeze.district, version=freeze.version - 1)
