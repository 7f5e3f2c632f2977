"""SQL of the rules for waiting; only added to."""

import msgspec
from sqlalchemy import select

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.ids import DistrictCode
from services.delivery.tables import wait_rules
from services.delivery.wait_rule import WaitRule


class WaitRuleStore:
    """Reads and adds rules. How long a vehicle waits is told to everybody, so no reach narrows it."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def of(self, district: DistrictCode) -> WaitRule:
        """Return the rule that holds in a 旗区 for orders placed now."""
        query = select(wait_rules).where(wait_rules.c.district == district)
        row = (
            (await self._tx.execute(query.order_by(wait_rules.c.version.desc()).limit(1))).mappings().first()
        )
        return WaitRule(district=district) if row is None else read_row(row, WaitRule)

    async def add(self, made: WaitRule) -> bool:
        """Store a further version; False when somebody else has just added it."""
        return await insert_new(self._tx, wait_rules, msgspec.structs.asdict(made))
