"""Bearer tokens of merchants and of our own processes: opaque, hashed, revocable at once."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from core import audit
from core.auth.principal import Principal
from core.auth.roles import Role
from core.auth.tables import api_tokens
from core.auth.tokens import new_token, prefix_of, token_hash
from core.database import Transaction, insert_new
from core.errors import Unauthenticated
from core.ids import MerchantId, new_id

PREFIX = "api"
TOKEN_LIFE = timedelta(days=365)


async def ensure_merchant_token(
    tx: Transaction, merchant: MerchantId, name: str, *, token: str | None = None, at: datetime
) -> str | None:
    """Make sure that a token exists for a merchant; return it when it was made now, None when it was there.

    `token` (``api_…``) is for a demo whose log-ins are printed; without one, every call makes a fresh token.
    """
    return await _ensure(tx, Role.MERCHANT, merchant, name, token, at)


async def ensure_internal_token(tx: Transaction, name: str, *, token: str, at: datetime) -> str | None:
    """Make sure that one of our own processes can show `token` on internal routes; return as above."""
    return await _ensure(tx, Role.INTERNAL, None, name, token, at)


async def revoke_api_token(
    tx: Transaction, by: Principal | None, token_id: str, *, reason: str, at: datetime
) -> bool:
    """End a token at once; return False when it was none or had ended."""
    result = await tx.execute(
        update(api_tokens)
        .where(api_tokens.c.id == token_id, api_tokens.c.revoked_at.is_(None))
        .values(revoked_at=at)
    )
    if int(result.rowcount) == 0:
        return False
    await audit.record(tx, by, "api_token.revoked", f"api_token:{token_id}", reason=reason, at=at)
    return True


async def principal_of_token(tx: Transaction, token: str, *, at: datetime) -> Principal:
    """Return whom a token proves at a wall moment; raise Unauthenticated for any other."""
    if prefix_of(token) != PREFIX:
        raise Unauthenticated("token-invalid")
    query = select(api_tokens).where(api_tokens.c.token_hash == token_hash(token))
    row = (await tx.execute(query)).one_or_none()
    if row is None or row.revoked_at is not None:
        raise Unauthenticated("token-invalid")
    if row.expires_at <= at:
        raise Unauthenticated("token-expired")
    role = Role(row.role)
    return Principal(
        kind="merchant" if role is Role.MERCHANT else "internal",
        id=row.id,
        name=row.name,
        role=role,
        merchant=None if row.merchant is None else MerchantId(row.merchant),
        session=row.id,
        expires_at=row.expires_at,
    )


async def _ensure(
    tx: Transaction, role: Role, merchant: MerchantId | None, name: str, token: str | None, at: datetime
) -> str | None:
    given = token or new_token(PREFIX).token
    token_id = new_id()
    values = {
        "id": token_id,
        "token_hash": token_hash(given),
        "role": role.value,
        "merchant": merchant,
        "name": name,
        "created_at": at,
        "expires_at": at + TOKEN_LIFE,
    }
    if not await insert_new(tx, api_tokens, values):
        return None
    fields = {"role": role.value, "merchant": merchant}
    await audit.record(tx, None, "api_token.made", f"api_token:{token_id}", fields, at=at)
    return given
