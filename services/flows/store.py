"""SQL of order flows and proofs."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.ids import OperatorId, OrderId
from core.kinds import ServiceKind
from services.flows.flow import FlowVersion, Proof, Step
from services.flows.tables import order_flows, order_proofs

MOST_VERSIONS = 50
"""Versions of a flow that its history shows, the newest first."""


class FlowStore:
    """Reads and adds versions of flows, and what shows that steps were done."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def newest(self, operator: OperatorId, service: ServiceKind = ServiceKind.DELIVERY) -> FlowVersion:
        """Return the version that new orders of an operator are placed under."""
        found = await self.history(operator, service, limit=1)
        return found[0] if found else FlowVersion(operator=operator, service=service)

    async def history(
        self, operator: OperatorId, service: ServiceKind, *, limit: int = MOST_VERSIONS
    ) -> list[FlowVersion]:
        """Return the versions of an operator's flow, the newest first."""
        query = select(order_flows).where(
            order_flows.c.operator == operator, order_flows.c.service == service.value
        )
        rows = await self._tx.execute(query.order_by(order_flows.c.version.desc()).limit(limit))
        return [read_row(row, FlowVersion) for row in rows.mappings()]

    async def add(self, made: FlowVersion) -> bool:
        """Store a further version; False when somebody else has just added it."""
        return await insert_new(self._tx, order_flows, msgspec.structs.asdict(made))

    async def steps_of(
        self, versions: Sequence[tuple[OperatorId, int]]
    ) -> dict[tuple[OperatorId, int], tuple[Step, ...]]:
        """Return the steps of delivery flows by operator and version; version 0 has none."""
        numbers = {version for _, version in versions} - {0}
        if not numbers:
            return {}
        query = select(order_flows.c.operator, order_flows.c.version, order_flows.c.steps).where(
            order_flows.c.service == ServiceKind.DELIVERY.value,
            order_flows.c.operator.in_(sorted({operator for operator, _ in versions})),
            order_flows.c.version.in_(sorted(numbers)),
        )
        return {(OperatorId(row.operator), row.version): row.steps for row in await self._tx.execute(query)}

    async def prove(self, proof: Proof) -> bool:
        """Keep what shows that a step was done; False when the same was said before."""
        return await insert_new(self._tx, order_proofs, msgspec.structs.asdict(proof))

    async def proofs_of(self, ids: Sequence[OrderId]) -> dict[OrderId, tuple[Proof, ...]]:
        """Return what shows that steps of several orders were done, the oldest first."""
        if not ids:
            return {}
        query = select(order_proofs).where(order_proofs.c.order_id.in_(sorted(set(ids))))
        found: dict[OrderId, tuple[Proof, ...]] = {}
        for row in (
            await self._tx.execute(query.order_by(order_proofs.c.at, order_proofs.c.said))
        ).mappings():
            proof = read_row(row, Proof)
            found[proof.order_id] = (*found.get(proof.order_id, ()), proof)
        return found
