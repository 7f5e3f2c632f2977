"""SQL of places."""

import msgspec
from sqlalchemy import or_, select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.ids import DistrictCode
from core.kinds import ServiceKind
from services.places.place import Place, PlaceKind
from services.places.tables import places


class PlaceStore:
    """Depots, chargers and visited places."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def put(self, place: Place) -> bool:
        """Register or update a place; return whether it was new."""
        values = msgspec.to_builtins(place)
        if await insert_new(self._tx, places, values):
            return True
        await self._tx.execute(update(places).where(places.c.place_id == place.place_id).values(values))
        return False

    async def of_kind(
        self, kind: PlaceKind, district: DistrictCode, *, service: ServiceKind | None = None
    ) -> list[Place]:
        """Return the active places of a kind in a district, by id; with a service also those for that
        service."""
        query = (
            select(places)
            .where(places.c.kind == kind, places.c.district == district, places.c.is_active)
            .where(or_(places.c.service.is_(None), places.c.service == service))
            .order_by(places.c.place_id)
        )
        rows = (await self._tx.execute(query)).mappings()
        return [read_row(row, Place) for row in rows]
