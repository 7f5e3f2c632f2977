"""What staff are to be told outside the pages: a row with the fact, so that none is forgotten."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from core.database import Transaction, insert_new, metadata
from core.database.types import UtcDateTime
from core.ids import StaffId, new_id
from core.outbox import emit

TOPIC = "staff-notice.wanted"

staff_notices = Table(
    "staff_notices",
    metadata,
    Column("notice_id", String(40), primary_key=True),
    Column("staff_id", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("zh", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcDateTime),
    Column("sent_at", UtcDateTime),
    UniqueConstraint("staff_id", "subject", "reason"),
    Index(None, "at"),
)
Index(
    "ix_staff_notices_due",
    staff_notices.c.due_at,
    sqlite_where=text("due_at IS NOT NULL"),
    postgresql_where=text("due_at IS NOT NULL"),
)


class StaffNotice(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one member of staff, in both languages; never personal data of anybody else."""

    notice_id: str
    """The same when it is sent again, so that a provider can leave a repeat out."""
    staff_id: StaffId
    subject: str
    """What it is about, such as ``alarm:0190…``."""
    reason: str
    zh: str
    en: str
    at: datetime
    """City time of the fact."""


async def want_staff_notices(
    tx: Transaction,
    people: Sequence[StaffId],
    *,
    subject: str,
    reason: str,
    zh: str,
    en: str,
    at: datetime,
    wall: datetime,
) -> int:
    """Ask that people be told once this transaction is committed; return how many are told anew.

    One person is told once for one subject and reason, however often and by whomever it is asked for.
    """
    new = 0
    for staff_id in people:
        values: dict[str, Any] = {"staff_id": staff_id, "subject": subject, "reason": reason}
        values |= {"notice_id": new_id(), "zh": zh, "en": en, "at": at, "due_at": wall}
        new += await insert_new(tx, staff_notices, values)
    if new:
        await emit(tx, TOPIC, {}, key=f"staff-notice:{subject}", at=at)
    return new
