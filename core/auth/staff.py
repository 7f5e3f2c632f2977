"""Staff accounts: who works here, in which role, for whom and where."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, select, update

from core import audit
from core.auth.one_time import new_totp_secret
from core.auth.passwords import Passwords
from core.auth.principal import Principal
from core.auth.roles import STAFF_ROLES, Role
from core.auth.sessions import SessionStore
from core.auth.tables import staff
from core.database import Transaction, insert_new
from core.errors import Conflict, Invalid
from core.ids import AgencyCode, DistrictCode, OperatorId, StaffId, new_id

MIN_PASSWORD_CHARS = 12
"""NIST SP 800-63B-4 asks for 15 where a password stands alone and 8 beside a second factor; we ask for 12."""


class StaffAccount(Struct, frozen=True, kw_only=True):
    """An account as it is given to us; `districts` None is the whole city."""

    username: str
    name: str
    role: Role
    password: str
    totp_secret: str | None = None
    """Base32; None draws a fresh one."""
    agency: AgencyCode | None = None
    operator: OperatorId | None = None
    districts: frozenset[DistrictCode] | None = None

    def __repr__(self) -> str:
        return f"StaffAccount({self.username!r}, {self.role.value})"


class StaffSecrets(Struct, frozen=True, kw_only=True):
    """What a log-in is judged by. Its repr shows no secret."""

    id: StaffId
    username: str
    password_hash: str
    totp_secret: str
    totp_last_counter: int
    is_active: bool

    def __repr__(self) -> str:
        return f"StaffSecrets({self.username!r})"


class StaffStore:
    """Reads and writes accounts."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def secrets_of(self, username: str) -> StaffSecrets | None:
        """Return what a log-in under this name is judged by, None without such an account."""
        row = (await self._tx.execute(select(staff).where(staff.c.username == username))).one_or_none()
        return None if row is None else _secrets(row)

    async def add(self, account: StaffAccount, password_hash: str, *, at: datetime) -> StaffId | None:
        """Insert an account; return its id, None when the name is taken."""
        values: Mapping[str, Any] = {
            "id": new_id(),
            "username": normal_username(account.username),
            "name": account.name,
            "password_hash": password_hash,
            "totp_secret": account.totp_secret or new_totp_secret(),
            "totp_last_counter": 0,
            "role": account.role.value,
            "agency": account.agency,
            "operator": account.operator,
            "districts": account.districts,
            "is_active": True,
            "created_at": at,
        }
        return StaffId(values["id"]) if await insert_new(self._tx, staff, values) else None

    async def use_totp(self, staff_id: StaffId, counter: int) -> bool:
        """Mark a time step as used; return False when it or a later one was used already."""
        result = await self._tx.execute(
            update(staff)
            .where(staff.c.id == staff_id, staff.c.totp_last_counter < counter)
            .values(totp_last_counter=counter)
        )
        return int(result.rowcount) == 1

    async def set_password_hash(self, staff_id: StaffId, password_hash: str) -> None:
        """Replace the stored hash, such as one of older parameters."""
        await self._tx.execute(
            update(staff).where(staff.c.id == staff_id).values(password_hash=password_hash)
        )

    async def deactivate(self, staff_id: StaffId) -> None:
        """Close an account: it can no longer log in and its sessions no longer count."""
        await self._tx.execute(update(staff).where(staff.c.id == staff_id).values(is_active=False))


async def ensure_staff(
    tx: Transaction, account: StaffAccount, passwords: Passwords, *, at: datetime
) -> StaffId:
    """Make sure that an account exists and return its id; an existing one is left as it is.

    Raises Invalid for a role that no account may hold or a password shorter than twelve characters.
    """
    found = (
        await tx.execute(select(staff.c.id).where(staff.c.username == normal_username(account.username)))
    ).scalar_one_or_none()
    if found is not None:
        return StaffId(found)
    if account.role not in STAFF_ROLES:
        raise Invalid("invalid-input", f"{account.role.value} is no role of staff", field="role")
    if len(account.password) < MIN_PASSWORD_CHARS:
        raise Invalid(
            "invalid-input", "The password is too short", field="password", limit=MIN_PASSWORD_CHARS
        )
    password_hash = await passwords.hash(account.password)
    added = await StaffStore(tx).add(account, password_hash, at=at)
    if added is None:
        raise Conflict("already-exists", f"The account {account.username} was made by somebody else just now")
    await audit.record(
        tx,
        None,
        "staff.added",
        f"staff:{added}",
        {"username": account.username, "role": account.role.value},
        at=at,
    )
    return added


async def close_account(
    tx: Transaction, by: Principal | None, staff_id: StaffId, *, reason: str, at: datetime
) -> int:
    """Close an account and end its sessions at once; return how many sessions ended."""
    await StaffStore(tx).deactivate(staff_id)
    ended = await SessionStore(tx).revoke_all("st", staff_id, at=at)
    await audit.record(tx, by, "staff.closed", f"staff:{staff_id}", {"sessions": ended}, reason, at=at)
    return ended


def normal_username(text: str) -> str:
    """Return the one spelling of a user name: trimmed, lower case."""
    return text.strip().casefold()


def _secrets(row: Row[Any]) -> StaffSecrets:
    return StaffSecrets(
        id=StaffId(row.id),
        username=row.username,
        password_hash=row.password_hash,
        totp_secret=row.totp_secret,
        totp_last_counter=row.totp_last_counter,
        is_active=row.is_active,
    )
