"""Browser sessions: a row in SQL, so they survive Redis and end at once when they are revoked."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, Select, Table, delete, or_, select, update

from core.auth.principal import Principal
from core.auth.roles import Role
from core.auth.tables import (
    api_tokens,
    link_sessions,
    merchant_sessions,
    order_links,
    resident_sessions,
    residents,
    staff,
    staff_sessions,
)
from core.auth.tokens import NewToken, new_token, prefix_of, token_hash
from core.database import Transaction
from core.errors import Unauthenticated
from core.ids import AgencyCode, DistrictCode, MerchantId, OperatorId, OrderId, new_id
from core.privacy.masks import mask_phone

TOUCH_S = 60
"""A session's last use is written at most this often: reading is cheap, one writer is not."""


class SessionLife(Struct, frozen=True, kw_only=True):
    """How long sessions of one kind last, in wall time."""

    idle: timedelta
    absolute: timedelta


class FoundSession(Struct, frozen=True, kw_only=True):
    """A live session: whom it proves and whether its last use should be written."""

    principal: Principal
    needs_touch: bool


class SignedIn(Struct, frozen=True, kw_only=True):
    """A fresh session: the token for the cookie, and whom it proves."""

    token: NewToken
    principal: Principal
    max_age_s: int


_TABLES = {"st": staff_sessions, "re": resident_sessions, "li": link_sessions, "me": merchant_sessions}
_PREFIX_OF: dict[str, str] = {"staff": "st", "resident": "re", "link": "li", "merchant": "me"}


class SessionStore:
    """Opens, finds and ends the sessions of staff, residents, links and merchants' pages."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def open(
        self,
        prefix: str,
        subject_id: str,
        lives: dict[str, SessionLife],
        *,
        shown: tuple[str, ...],
        at: datetime,
    ) -> SignedIn:
        """Insert a session with a new token and end those the browser `shown` before (no fixation).

        Raises Unauthenticated when the subject may not have one any more, such as a closed account.
        """
        for earlier in shown:
            await self.revoke(earlier, at=at)
        token = new_token(prefix)
        life = lives[prefix].absolute
        await self._tx.execute(
            _TABLES[prefix]
            .insert()
            .values(
                id=new_id(),
                token_hash=token.token_hash,
                subject_id=subject_id,
                created_at=at,
                last_seen_at=at,
                expires_at=at + life,
            )
        )
        found = await self.find(token.token, lives, at=at)
        if found is None:
            raise Unauthenticated("credentials-wrong")
        max_age_s = int((found.principal.expires_at - at).total_seconds())
        return SignedIn(token=token, principal=found.principal, max_age_s=max_age_s)

    async def find(self, token: str, lives: dict[str, SessionLife], *, at: datetime) -> FoundSession | None:
        """Return the live session of a token, None when it is unknown, ended, revoked or asleep too long."""
        return (await self.find_each([token], lives, at=at)).get(token)

    async def find_each(
        self, tokens: Iterable[str], lives: dict[str, SessionLife], *, at: datetime
    ) -> dict[str, FoundSession]:
        """Return the live sessions of tokens; one that has none is absent."""
        asked: dict[str, dict[str, str]] = {}
        for token in tokens:
            asked.setdefault(prefix_of(token), {})[token_hash(token)] = token
        found = {}
        for prefix, by_hash in asked.items():
            if prefix in _TABLES:
                shown = _TABLES[prefix].c.token_hash.in_(sorted(by_hash))
                for row in await self._rows(prefix, shown, lives[prefix], at):
                    if session := _session_of(prefix, row, at):
                        found[by_hash[row.shown_hash]] = session
        return found

    async def find_again(
        self, principal: Principal, lives: dict[str, SessionLife], *, at: datetime
    ) -> FoundSession | None:
        """Return the live session a principal came with: for connections that outlast their first proof."""
        prefix = _PREFIX_OF.get(principal.kind)
        if prefix is None:
            return None
        rows = await self._rows(prefix, _TABLES[prefix].c.id == principal.session, lives[prefix], at)
        return _session_of(prefix, rows[0], at) if rows else None

    async def touch(self, principal: Principal, *, at: datetime) -> None:
        """Write that the session was just used."""
        table = _TABLES[_PREFIX_OF[principal.kind]]
        await self._tx.execute(update(table).where(table.c.id == principal.session).values(last_seen_at=at))

    async def revoke(self, token: str, *, at: datetime) -> None:
        """End the session of a token; nothing happens for an unknown one."""
        table = _TABLES.get(prefix_of(token))
        if table is not None:
            await self._tx.execute(
                update(table)
                .where(table.c.token_hash == token_hash(token), table.c.revoked_at.is_(None))
                .values(revoked_at=at)
            )

    async def revoke_all(self, prefix: str, subject_id: str, *, at: datetime) -> int:
        """End every session of one person; return how many."""
        table = _TABLES[prefix]
        result = await self._tx.execute(
            update(table)
            .where(table.c.subject_id == subject_id, table.c.revoked_at.is_(None))
            .values(revoked_at=at)
        )
        return int(result.rowcount)

    async def revoke_all_of(self, principal: Principal, *, at: datetime) -> int:
        """End every session of a signed-in person, the present one included; return how many."""
        return await self.revoke_all(_PREFIX_OF[principal.kind], principal.id, at=at)

    async def forget_all_of(self, principal: Principal) -> int:
        """Drop every session of somebody who leaves, ended ones too; return how many rows went."""
        table = _TABLES[_PREFIX_OF[principal.kind]]
        return int((await self._tx.execute(delete(table).where(table.c.subject_id == principal.id))).rowcount)

    async def forget_before(self, moment: datetime) -> int:
        """Drop sessions that ended before a moment; return how many rows went."""
        dropped = 0
        for table in _TABLES.values():
            ended = or_(table.c.expires_at < moment, table.c.revoked_at < moment)
            dropped += int((await self._tx.execute(delete(table).where(ended))).rowcount)
        return dropped

    async def _rows(self, prefix: str, which: Any, life: SessionLife, at: datetime) -> Sequence[Row[Any]]:
        table = _TABLES[prefix]
        query = _JOINED[prefix].where(
            which,
            table.c.revoked_at.is_(None),
            table.c.expires_at > at,
            table.c.last_seen_at > at - life.idle,
        )
        return (await self._tx.execute(query)).all()


def _session_of(prefix: str, row: Row[Any], at: datetime) -> FoundSession | None:
    principal = _PRINCIPAL_OF[prefix](row)
    if principal is None or principal.expires_at <= at:
        return None
    needs_touch = at - row.last_seen_at > timedelta(seconds=TOUCH_S)
    return FoundSession(principal=principal, needs_touch=needs_touch)


def _session_columns(table: Table) -> list[Any]:
    return [
        table.c.id.label("session_id"),
        table.c.token_hash.label("shown_hash"),
        table.c.last_seen_at,
        table.c.expires_at.label("session_ends"),
    ]


_JOINED: dict[str, Select[Any]] = {
    "st": select(*_session_columns(staff_sessions), staff)
    .join(staff, staff.c.id == staff_sessions.c.subject_id)
    .where(staff.c.is_active),
    "re": select(*_session_columns(resident_sessions), residents).join(
        residents, residents.c.id == resident_sessions.c.subject_id
    ),
    "li": select(*_session_columns(link_sessions), order_links)
    .join(order_links, order_links.c.id == link_sessions.c.subject_id)
    .where(order_links.c.revoked_at.is_(None)),
    "me": select(
        *_session_columns(merchant_sessions),
        api_tokens.c.id,
        api_tokens.c.name,
        api_tokens.c.merchant,
        api_tokens.c.expires_at,
    )
    .join(api_tokens, api_tokens.c.id == merchant_sessions.c.subject_id)
    .where(api_tokens.c.revoked_at.is_(None), api_tokens.c.role == Role.MERCHANT.value),
}


def _staff_principal(row: Row[Any]) -> Principal:
    return Principal(
        kind="staff",
        id=row.id,
        name=row.name,
        role=Role(row.role),
        agency=None if row.agency is None else AgencyCode(row.agency),
        operator=None if row.operator is None else OperatorId(row.operator),
        districts=None if row.districts is None else frozenset(DistrictCode(code) for code in row.districts),
        session=row.session_id,
        expires_at=row.session_ends,
    )


def _resident_principal(row: Row[Any]) -> Principal:
    return Principal(
        kind="resident",
        id=row.id,
        name=mask_phone(row.phone),
        role=Role.RESIDENT,
        session=row.session_id,
        expires_at=row.session_ends,
    )


def _link_principal(row: Row[Any]) -> Principal:
    return Principal(
        kind="link",
        id=row.id,
        name="link",
        role=Role.LINK,
        order=OrderId(row.order_id),
        session=row.session_id,
        expires_at=min(row.session_ends, row.expires_at),
    )


def _merchant_principal(row: Row[Any]) -> Principal:
    return Principal(
        kind="merchant",
        id=row.id,
        name=row.name,
        role=Role.MERCHANT,
        merchant=None if row.merchant is None else MerchantId(row.merchant),
        session=row.session_id,
        expires_at=min(row.session_ends, row.expires_at),
    )


_PRINCIPAL_OF = {
    "st": _staff_principal,
    "re": _resident_principal,
    "li": _link_principal,
    "me": _merchant_principal,
}
