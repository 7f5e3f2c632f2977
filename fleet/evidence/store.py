"""SQL of sealed bundles: written once, read within the reach of their incident."""

from datetime import datetime

import msgspec
from sqlalchemy import select

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound
from core.ids import IncidentId
from fleet.incidents.tables import evidence_bundles


class SealedBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed edition without its bytes."""

    incident_id: IncidentId
    edition: int
    sha256: str
    size: int
    sealed_at: datetime
    keep_until: datetime
    public_key: str


_HEAD = [evidence_bundles.c[name] for name in SealedBundle.__struct_fields__]


class BundleStore:
    """Reads and writes bundles inside one transaction; who may read an incident's is asked before."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, bundle: SealedBundle, data: bytes) -> bool:
        """Store an edition; return False when it is sealed already."""
        return await insert_new(self._tx, evidence_bundles, {**msgspec.structs.asdict(bundle), "data": data})

    async def editions(self, incident_id: IncidentId) -> list[SealedBundle]:
        """Return the editions of an incident's bundle, the first first."""
        query = select(*_HEAD).where(evidence_bundles.c.incident_id == incident_id)
        rows = await self._tx.execute(query.order_by(evidence_bundles.c.edition))
        return [read_row(row, SealedBundle) for row in rows.mappings()]

    async def data(self, incident_id: IncidentId, edition: int) -> bytes:
        """Return the file of an edition; raise NotFound when it is not sealed."""
        query = select(evidence_bundles.c.data).where(
            evidence_bundles.c.incident_id == incident_id, evidence_bundles.c.edition == edition
        )
        found = (await self._tx.execute(query)).scalar_one_or_none()
        if found is None:
            raise NotFound(
                "not-found", "this edition is not sealed", incident_id=incident_id, edition=edition
            )
        return bytes(found)
