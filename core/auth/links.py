"""The link of one order: whoever holds it may watch and collect that order, without an account."""

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import select, update

from core import audit
from core.auth.principal import Principal
from core.auth.sessions import SessionLife, SessionStore, SignedIn
from core.auth.tables import order_links
from core.auth.tokens import NewToken, new_token, token_hash
from core.database import Transaction
from core.errors import Unauthenticated
from core.ids import OrderId, ResidentId, new_id

LINK_LIFE = timedelta(days=2)
"""Longest life of a link; it dies with its order, which is hours."""


async def issue_link(
    tx: Transaction,
    principal: Principal,
    order: OrderId,
    resident: ResidentId,
    *,
    token: NewToken | None = None,
    wall: datetime,
    at: datetime,
) -> str:
    """Return the token of a new link of the order; it delegates reading and collecting the order.

    Without a `token` a fresh one is drawn. `wall` bounds its life, `at` is city time for the audit. The
    caller has checked that the order is hers.
    """
    token = token or new_token("ol")
    link_id = new_id()
    await tx.execute(
        order_links.insert().values(
            id=link_id,
            token_hash=token.token_hash,
            order_id=order,
            resident_id=resident,
            created_at=wall,
            expires_at=wall + LINK_LIFE,
        )
    )
    await audit.record(tx, principal, "order_link.issued", f"order:{order}", {"link": link_id}, at=at)
    return token.token


async def is_issued(tx: Transaction, token: NewToken) -> bool:
    """Return whether a link has this token already, ended or not."""
    query = select(order_links.c.id).where(order_links.c.token_hash == token.token_hash)
    return (await tx.execute(query)).first() is not None


class OpenedLink(Struct, frozen=True, kw_only=True):
    """The order a link is good for; `session` is None for the order's own resident, who may do more."""

    order: OrderId
    expires_at: datetime
    session: SignedIn | None


async def open_link(
    tx: Transaction,
    token: str,
    lives: dict[str, SessionLife],
    *,
    holder: Principal | None = None,
    shown: tuple[str, ...] = (),
    wall: datetime,
    at: datetime,
) -> OpenedLink:
    """Return a session of the link's role; raise Unauthenticated for an unknown, ended or old link.

    A `holder` who is the order's resident keeps her own session: a link's would take her rights away.
    """
    query = select(order_links).where(
        order_links.c.token_hash == token_hash(token),
        order_links.c.revoked_at.is_(None),
        order_links.c.expires_at > wall,
    )
    link = (await tx.execute(query)).one_or_none()
    if link is None:
        raise Unauthenticated("token-invalid", "This link has ended or never was")
    order = OrderId(link.order_id)
    if holder is not None and holder.kind == "resident" and holder.id == link.resident_id:
        return OpenedLink(order=order, expires_at=link.expires_at, session=None)
    signed_in = await SessionStore(tx).open("li", link.id, lives, shown=shown, at=wall)
    await audit.record(tx, signed_in.principal, "order_link.opened", f"order:{order}", at=at)
    return OpenedLink(order=order, expires_at=signed_in.principal.expires_at, session=signed_in)


async def end_links(tx: Transaction, order: OrderId, *, wall: datetime) -> int:
    """End every link of an order, and with it their sessions: called when the order ends."""
    result = await tx.execute(
        update(order_links)
        .where(order_links.c.order_id == order, order_links.c.revoked_at.is_(None))
        .values(revoked_at=wall)
    )
    return int(result.rowcount)
