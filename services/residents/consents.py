"""What a resident agreed to, purpose by purpose, as she said it last.

PIPL articles 13 to 16: consent is asked for each purpose by itself, and is taken back as easily as it was
given.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

import msgspec
from sqlalchemy import insert, select

from core.database import Transaction
from core.ids import ResidentId, new_id
from services.residents.tables import resident_consents


class Purpose(StrEnum):
    """What somebody may agree to."""

    NOTICE = "notice"
    """She has read what is kept of her and what for."""
    LOCATION = "location"
    """Where she stands may be used to look for vending vehicles nearby."""


PURPOSE_NAMES: Mapping[Purpose, tuple[str, str]] = MappingProxyType(
    {Purpose.NOTICE: ("已读告知", "notice read"), Purpose.LOCATION: ("使用位置", "use of her position")}
)
"""(zh, en) of every purpose."""


class Consent(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said about one purpose at one moment."""

    purpose: Purpose
    is_given: bool
    at: datetime


class ConsentStore:
    """Reads and writes what residents agreed to, inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def say(self, resident: ResidentId, purpose: Purpose, *, is_given: bool, at: datetime) -> None:
        """Keep what she says; the same again is not kept twice."""
        held = {one.purpose: one.is_given for one in await self.of(resident)}
        if held.get(purpose) is is_given:
            return
        row = {
            "consent_id": new_id(),
            "resident_id": resident,
            "purpose": purpose.value,
            "is_given": is_given,
            "at": at,
        }
        await self._tx.execute(insert(resident_consents).values(row))

    async def of(self, resident: ResidentId) -> tuple[Consent, ...]:
        """Return what holds of each purpose that she said anything about, in the order of the purposes."""
        said = {one.purpose: one for one in await self.history(resident)}
        return tuple(said[purpose] for purpose in Purpose if purpose in said)

    async def history(self, resident: ResidentId) -> list[Consent]:
        """Return everything that she said, the oldest first."""
        c = resident_consents.c
        query = (
            select(c.purpose, c.is_given, c.at).where(c.resident_id == resident).order_by(c.at, c.consent_id)
        )
        return [
            Consent(purpose=Purpose(row.purpose), is_given=row.is_given, at=row.at)
            for row in await self._tx.execute(query)
        ]
