"""Showing a full phone number: only to a role that may, only for a reason, never without a record."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal
from core.auth.residents import ResidentStore
from core.auth.roles import Scope
from core.database import Transaction
from core.errors import Forbidden, Invalid, NotFound
from core.ids import ResidentId
from core.privacy.cipher import SecretKeys

MIN_REASON_CHARS = 4


async def reveal_phone(
    tx: Transaction,
    principal: Principal,
    resident: ResidentId,
    *,
    about: str,
    reason: str,
    keys: SecretKeys,
    at: datetime,
) -> str:
    """Return the full phone of a resident and record who saw it, about what (``order:…``) and why.

    The caller has checked that `about` lies within the principal's reach. Raises Forbidden without the scope,
    Invalid("reason-missing") for a reason of fewer than four characters, NotFound for nobody.
    """
    if not principal.may(Scope.PHONES_REVEAL):
        raise Forbidden("forbidden", "This role may not see whole phone numbers")
    if len(reason.strip()) < MIN_REASON_CHARS:
        raise Invalid("reason-missing", field="reason", limit=f"at least {MIN_REASON_CHARS} characters")
    phone = await ResidentStore(tx, keys).phone_of(resident)
    if phone is None:
        raise NotFound("not-found", "no such resident")
    await audit.record(
        tx, principal, "phone.revealed", f"resident:{resident}", {"about": about}, reason.strip(), at=at
    )
    return phone
