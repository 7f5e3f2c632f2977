"""SQL of what nobody may sell unattended."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select

from core.database import Transaction
from core.database.rows import read_row
from services.delivery.tables import forbidden_goods
from services.merchants.forbidden import Forbidden


class ForbiddenStore:
    """Reads the list, and writes it anew when a city is loaded."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def all(self) -> list[Forbidden]:
        """Return every rule by category."""
        query = select(forbidden_goods).order_by(forbidden_goods.c.category)
        return [read_row(row, Forbidden) for row in (await self._tx.execute(query)).mappings()]

    async def put(self, rules: Sequence[Forbidden]) -> None:
        """Make these the rules, in place of what they were."""
        await self._tx.execute(delete(forbidden_goods))
        if rules:
            await self._tx.execute(insert(forbidden_goods), [msgspec.structs.asdict(rule) for rule in rules])
