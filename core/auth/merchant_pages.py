"""A merchant's page: the shop's token is shown once and becomes a session of that browser."""

from datetime import datetime

from core import audit
from core.auth.api_tokens import principal_of_token
from core.auth.roles import Role
from core.auth.sessions import SessionLife, SessionStore, SignedIn
from core.database import Transaction
from core.errors import Unauthenticated


async def open_merchant_page(
    tx: Transaction,
    token: str,
    lives: dict[str, SessionLife],
    *,
    shown: tuple[str, ...],
    wall: datetime,
    at: datetime,
) -> SignedIn:
    """Return a session of the shop whose token this is; it ends with the token.

    Raises Unauthenticated for a token that is none, has ended, or is no merchant's.
    """
    principal = await principal_of_token(tx, token, at=wall)
    if principal.role is not Role.MERCHANT or principal.merchant is None:
        raise Unauthenticated("token-invalid", "This is no merchant's token")
    signed_in = await SessionStore(tx).open("me", principal.id, lives, shown=shown, at=wall)
    await audit.record(
        tx, signed_in.principal, "merchant_page.opened", f"merchant:{principal.merchant}", at=at
    )
    return signed_in
