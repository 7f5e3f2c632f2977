"""Somebody on duty gives an officer a code for one vehicle; the officer opens it once."""

import hmac
import secrets
from datetime import datetime
from typing import Final

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.throttle import Limit, Subject, count_try
from core.auth.tokens import NewToken, token_hash
from core.database import Database, Transaction
from core.errors import Invalid, Unauthenticated
from core.ids import StaffId, VehicleNo, new_id
from core.privacy.cipher import SecretKeys
from fleet.police.grant import DIGITS, GOOD_FOR, PoliceGrant, opened, tried
from fleet.police.store import PoliceStore
from fleet.vehicles.store import VehicleStore

LONGEST_OFFICER: Final = 120
LONGEST_REASON: Final = 500
PER_ADDRESS: Final = Limit(tries=10, window_s=3600, first_lock_s=300, longest_lock_s=3600)
"""From one network, right or wrong: officers are few. Our own figure."""


async def give_code(
    tx: Transaction,
    principal: Principal,
    vehicle_no: VehicleNo,
    officer: str,
    reason: str,
    keys: SecretKeys,
    *,
    at: datetime,
    wall: datetime,
) -> tuple[PoliceGrant, str]:
    """Return the grant and its code, which is told to the officer and kept nowhere.

    Raises NotFound for a vehicle outside the reach, Invalid without officer or reason.
    """
    for field, text, limit in (("officer", officer, LONGEST_OFFICER), ("reason", reason, LONGEST_REASON)):
        if not text.strip() or len(text) > limit:
            raise Invalid("invalid-input", "say who asks and why", field=field, limit=limit)
    vehicle = await VehicleStore(tx).get(vehicle_no, reach_of(principal))
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    grant = PoliceGrant(
        grant_id=new_id(),
        vehicle_no=vehicle_no,
        district=vehicle.district,
        operator=vehicle.operator,
        officer=officer.strip(),
        reason=reason.strip(),
        given_by=StaffId(principal.id),
        given_by_name=principal.name,
        given_at=at,
        expires_wall=wall + GOOD_FOR,
        code_digest=_digest(keys, vehicle_no, code),
    )
    await PoliceStore(tx).add(grant)
    shown = {"vehicle_no": vehicle_no}
    await audit.record(
        tx, principal, "police_code.given", f"police:{grant.grant_id}", shown, grant.reason, at=at
    )
    return grant, code


async def use_code(
    database: Database,
    vehicle_no: VehicleNo,
    code: str,
    keys: SecretKeys,
    *,
    token: NewToken,
    address_key: str,
    at: datetime,
    wall: datetime,
) -> PoliceGrant:
    """Return the grant that a code opens: once, and by ``token`` until it is over.

    Wrong codes are counted before this raises Unauthenticated("credentials-wrong"). Raises TooMany for a
    network that tries too often.
    """
    async with database.write() as tx:
        store = PoliceStore(tx)
        again = await store.of_token(token.token_hash)
        if again is not None and again.shows(wall):
            return again
        await count_try(tx, [Subject(key=address_key, limit=PER_ADDRESS)], at=wall)
        living = [grant for grant in await store.living(vehicle_no, wall) if grant.takes_code(wall)]
        digest = _digest(keys, vehicle_no, code)
        found = [grant for grant in living if hmac.compare_digest(grant.code_digest, digest)]
        if found:
            used = await store.save(found[0], opened(found[0], token.token_hash, at=at))
            shown = {"vehicle_no": vehicle_no}
            await audit.record(tx, None, "police_code.used", f"police:{used.grant_id}", shown, at=at)
            return used
        for grant in living:
            await store.save(grant, tried(grant))
    raise Unauthenticated("credentials-wrong")


async def grant_of(tx: Transaction, token: str, *, wall: datetime) -> PoliceGrant:
    """Return the grant that a token opened; raise Unauthenticated once it is over or for an unknown one."""
    grant = await PoliceStore(tx).of_token(token_hash(token))
    if grant is None or not grant.shows(wall):
        raise Unauthenticated("token-invalid", "This access has ended or never was")
    return grant


def _digest(keys: SecretKeys, vehicle_no: VehicleNo, code: str) -> str:
    return keys.digest("police-code", f"{vehicle_no}\n{code}")
