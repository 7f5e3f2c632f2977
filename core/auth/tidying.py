"""What signing in leaves behind and nobody needs: ended sessions, old counters, codes, dead links."""

from datetime import datetime, timedelta

from sqlalchemy import delete

from core.auth.sessions import SessionStore
from core.auth.tables import link_sessions, order_links, resident_codes
from core.auth.throttle import forget_before
from core.database import Transaction

KEEP = timedelta(days=7)
"""Ended sessions are kept a week for whoever looks into an incident; then the audit alone remembers."""


async def tidy_sign_ins(tx: Transaction, *, wall: datetime) -> dict[str, int]:
    """Drop what ended more than a week ago and return how many rows went, by kind."""
    before = wall - KEEP
    sessions = await SessionStore(tx).forget_before(before)
    counters = await forget_before(tx, before)
    codes = await tx.execute(delete(resident_codes).where(resident_codes.c.expires_at < before))
    still_used = link_sessions.select().where(link_sessions.c.subject_id == order_links.c.id).exists()
    links = await tx.execute(delete(order_links).where(order_links.c.expires_at < before, ~still_used))
    return {
        "sessions": sessions,
        "counters": counters,
        "codes": int(codes.rowcount),
        "links": int(links.rowcount),
    }
