"""``steppe audit verify``: the verifier over the database and the key of this configuration."""

from typing import Any

import msgspec

from core.audit.chain import HeadSigner
from core.audit.verify import verify as verify_audit
from core.database import Database
from core.settings import load, process_environment
from steppe.resources import clock_of


async def verify() -> tuple[bool, dict[str, Any]]:
    """Return whether the audit holds, and what was seen; heads must be signed by this city's key.

    Raises Unavailable when the database does not answer.
    """
    settings = load(process_environment())
    audit_key = settings.security.audit_key
    signer = HeadSigner(audit_key) if audit_key is not None else None
    database = await Database.open(settings.database_url)
    try:
        async with database.read() as tx:
            public_key = signer.public_key if signer else None
            report = await verify_audit(tx, at=clock_of(settings).now(), public_key=public_key)
    finally:
        await database.close()
    seen: dict[str, Any] = {"holds": report.holds, **msgspec.to_builtins(report)}
    if signer is not None:
        seen["publicKey"] = signer.public_key.hex()
    return report.holds, seen
