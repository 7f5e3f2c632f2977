"""What people leave behind and nobody needs: ended sessions, old counters, codes, dead links, answers."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete

from core.auth.sessions import SessionStore
from core.auth.tables import link_sessions, order_links, resident_codes
from core.auth.throttle import forget_before
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Unavailable
from core.idempotency import forget

_log = structlog.get_logger("core.auth.tidying")

KEEP = timedelta(days=7)
"""Ended sessions are kept a week for whoever looks into an incident; then the audit alone remembers. An
Idempotency-Key is good for as long."""


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
        "answers": await forget(tx, before=before),
    }


class SignInTidier:
    """Tidies once an hour. Two may run: they delete the same rows."""

    def __init__(self, database: Database, clock: Clock, *, every_s: float = 3600.0) -> None:
        """Take the store and how many wall seconds lie between two passes."""
        self._database = database
        self._clock = clock
        self._every_s = every_s

    async def run(self, stop: asyncio.Event) -> None:
        """Tidy until `stop`; a database that is away is tried again at the next pass."""
        while not stop.is_set():
            with suppress(Unavailable):
                async with self._database.write() as tx:
                    went = await tidy_sign_ins(tx, wall=self._clock.wall())
                _log.info("sign_ins_tidied", **went)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every_s):
                    await stop.wait()
