"""SQL of police grants: compare-and-set on the version."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Select, insert, select, update

from core.database import Transaction
from core.database.rows import read_row
from core.errors import Conflict
from core.ids import VehicleNo
from fleet.police.grant import PoliceGrant
from fleet.police.tables import police_grants


class PoliceStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, grant: PoliceGrant) -> None:
        """Store a new grant."""
        await self._tx.execute(insert(police_grants).values(msgspec.structs.asdict(grant)))

    async def living(self, vehicle_no: VehicleNo, wall: datetime) -> list[PoliceGrant]:
        """Return the grants of a vehicle that are not over, the newest first."""
        query = select(police_grants).where(
            police_grants.c.vehicle_no == vehicle_no, police_grants.c.expires_wall > wall
        )
        return await self._all(query.order_by(police_grants.c.given_at.desc(), police_grants.c.grant_id))

    async def of_token(self, token_hash: str) -> PoliceGrant | None:
        """Return the grant that a token opened, None for an unknown one."""
        found = await self._all(select(police_grants).where(police_grants.c.token_hash == token_hash))
        return found[0] if found else None

    async def save(self, before: PoliceGrant, after: PoliceGrant) -> PoliceGrant:
        """Write `after` over exactly `before`; raise Conflict when somebody was faster."""
        written = await self._tx.execute(
            update(police_grants)
            .where(police_grants.c.grant_id == before.grant_id, police_grants.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise Conflict("conflict", "the code was used in between", grant_id=before.grant_id)
        return after

    async def _all(self, query: Select[Any]) -> list[PoliceGrant]:
        return [read_row(row, PoliceGrant) for row in (await self._tx.execute(query)).mappings()]
