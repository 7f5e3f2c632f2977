"""Residents: a phone number, encrypted, and what proves that somebody holds it."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import delete, select, update

from core.auth.tables import resident_codes, residents
from core.database import Transaction, insert_new
from core.ids import ResidentId, new_id
from core.privacy.cipher import SecretKeys

_INDEX = "residents.phone"


class PendingCode(Struct, frozen=True, kw_only=True):
    """A one-time code that was sent and not used yet; the code itself is known to nobody but the phone."""

    code_digest: str
    tries: int
    sent_at: datetime
    expires_at: datetime


class ResidentStore:
    """Reads and writes residents and their pending codes."""

    def __init__(self, tx: Transaction, keys: SecretKeys) -> None:
        self._tx = tx
        self._keys = keys

    def index_of(self, phone: str) -> str:
        """Return the blind index of a phone in E.164."""
        return self._keys.blind_index(_INDEX, phone)

    async def ensure(self, phone: str, *, at: datetime) -> ResidentId:
        """Return the resident of a phone, made now if she is new."""
        index = self.index_of(phone)
        await insert_new(
            self._tx,
            residents,
            {"id": new_id(), "phone": phone, "phone_index": index, "created_at": at},
        )
        found = await self._tx.execute(select(residents.c.id).where(residents.c.phone_index == index))
        return ResidentId(found.scalar_one())

    async def find(self, phone: str) -> ResidentId | None:
        """Return the resident of a phone, None when nobody has signed in with it."""
        index = self.index_of(phone)
        found = await self._tx.execute(select(residents.c.id).where(residents.c.phone_index == index))
        known = found.scalar_one_or_none()
        return None if known is None else ResidentId(known)

    async def phone_of(self, resident: ResidentId) -> str | None:
        """Return the full phone, None for nobody. Show it masked; core.privacy.reveal is the way to more."""
        found = await self._tx.execute(select(residents.c.phone).where(residents.c.id == resident))
        return found.scalar_one_or_none()

    async def phones_of(self, wanted: frozenset[ResidentId]) -> dict[ResidentId, str]:
        """Return the full phones of several residents; unknown ids are left out."""
        if not wanted:
            return {}
        query = select(residents.c.id, residents.c.phone).where(residents.c.id.in_(sorted(wanted)))
        return {ResidentId(row.id): row.phone for row in await self._tx.execute(query)}

    async def pending_code(self, phone: str) -> PendingCode | None:
        """Return the code that waits for this phone, locked against other log-ins of the same phone."""
        query = select(resident_codes).where(resident_codes.c.phone_index == self.index_of(phone))
        row = (await self._tx.execute(query.with_for_update())).one_or_none()
        if row is None:
            return None
        return PendingCode(
            code_digest=row.code_digest, tries=row.tries, sent_at=row.sent_at, expires_at=row.expires_at
        )

    async def put_code(self, phone: str, code: str, *, life: timedelta, at: datetime) -> None:
        """Remember the digest of a fresh code in place of an earlier one."""
        values = {
            "code_digest": self.code_digest(phone, code),
            "tries": 0,
            "sent_at": at,
            "expires_at": at + life,
        }
        index = self.index_of(phone)
        if not await insert_new(self._tx, resident_codes, {"phone_index": index, **values}):
            await self._tx.execute(
                update(resident_codes).where(resident_codes.c.phone_index == index).values(values)
            )

    async def count_wrong(self, phone: str) -> None:
        """Count one wrong try at the waiting code."""
        table = resident_codes
        await self._tx.execute(
            update(table).where(table.c.phone_index == self.index_of(phone)).values(tries=table.c.tries + 1)
        )

    async def drop_code(self, phone: str) -> None:
        """Forget the waiting code: it was used."""
        await self._tx.execute(
            delete(resident_codes).where(resident_codes.c.phone_index == self.index_of(phone))
        )

    def code_digest(self, phone: str, code: str) -> str:
        """Return what is kept of a code: an HMAC over phone and code, so that a copied table helps nobody."""
        return self._keys.digest("resident-code", f"{phone}\n{code}")
