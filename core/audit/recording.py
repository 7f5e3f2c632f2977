"""Writing an entry: in the transaction of the fact, without a hash, so that writers never queue."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from core.audit.tables import audit_entries, audit_pending
from core.auth.principal import Principal
from core.database import Transaction
from core.database.kept import append
from core.ids import new_id

_INSERT_ENTRY = insert(audit_entries)
_INSERT_PENDING = insert(audit_pending)


async def record(
    tx: Transaction,
    principal: Principal | None,
    action: str,
    object: str,  # noqa: A002 - the word of the audit
    fields: Mapping[str, Any] | None = None,
    reason: str | None = None,
    *,
    at: datetime,
) -> str:
    """Append one entry and return its id; it stands or falls with the transaction.

    `principal` is None for what the system did by itself. `action` is a past-tense word pair
    (``vehicle.commanded``), `object` is ``noun:id`` (``vehicle:17``), `fields` hold what changed:
    JSON values, no secrets, no unmasked personal data.
    """
    entry_id = new_id()
    # Values beside the statement, not in it: SQLAlchemy then compiles each statement once.
    entry = {
        "id": entry_id,
        "at": at,
        "actor_kind": principal.kind if principal else "system",
        "actor_id": principal.id if principal else "system",
        "actor_name": principal.name if principal else "system",
        "role": principal.role.value if principal else "system",
        "agency": principal.agency if principal else None,
        "operator": principal.operator if principal else None,
        "action": action,
        "object": object,
        "fields": dict(fields or {}),
        "reason": reason,
    }
    await append(tx, _INSERT_ENTRY, entry)
    await append(tx, _INSERT_PENDING, {"entry_id": entry_id})
    return entry_id
