"""Slowing down guessing: tries are counted before they are judged, then locked out for longer each time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import case, delete, select, update

from core.auth.tables import sign_in_throttles as table
from core.database import Transaction, insert_new
from core.errors import TooMany


class Limit(Struct, frozen=True, kw_only=True):
    """How many tries a window allows, and how the lock grows with each try beyond."""

    tries: int
    window_s: float
    first_lock_s: float
    longest_lock_s: float


class Count(Struct, frozen=True, kw_only=True):
    """What is remembered of one key."""

    tries: int
    since: datetime
    locked_until: datetime | None = None


class Subject(Struct, frozen=True, kw_only=True):
    """Something that is slowed down: a digest of an account, an address or a phone, and its limit."""

    key: str
    limit: Limit


def after_try(count: Count | None, limit: Limit, at: datetime) -> Count:
    """Return the count after one more try at a moment.

    A new window starts when the old one has passed and no lock is running on. The try that reaches the limit
    is still judged; it locks for `first_lock_s`, each later one for twice as long, up to `longest_lock_s`.
    """
    if count is None or at >= _forgotten_at(count, limit):
        count = Count(tries=0, since=at)
    tries = count.tries + 1
    excess = tries - limit.tries
    if excess < 0:
        return replace(count, tries=tries)
    lock_s = min(limit.first_lock_s * 2 ** min(excess, 32), limit.longest_lock_s)
    return replace(count, tries=tries, locked_until=at + timedelta(seconds=lock_s))


def _forgotten_at(count: Count, limit: Limit) -> datetime:
    window_ends = count.since + timedelta(seconds=limit.window_s)
    return window_ends if count.locked_until is None else max(window_ends, count.locked_until)


async def count_try(tx: Transaction, subjects: Sequence[Subject], *, at: datetime) -> None:
    """Count one try for every subject; raise TooMany, having counted nothing, when one of them is locked.

    Counting before judging means that a burst of parallel tries is counted too.
    """
    ordered = sorted(subjects, key=lambda subject: subject.key)
    counts = {subject.key: await _locked(tx, subject.key, at) for subject in ordered}
    locks = [count.locked_until for count in counts.values() if count.locked_until]
    if locks and (until := max(locks)) > at:
        raise TooMany("too-many-tries", retry_after_s=int((until - at).total_seconds()) + 1)
    for subject in ordered:
        count = after_try(counts[subject.key], subject.limit, at)
        values = {"tries": count.tries, "since": count.since, "locked_until": count.locked_until}
        await tx.execute(update(table).where(table.c.key == subject.key).values(values))


async def forget(tx: Transaction, keys: Sequence[str]) -> None:
    """Forget the tries of keys that have proved themselves."""
    await tx.execute(delete(table).where(table.c.key.in_(keys)))


async def take_back(tx: Transaction, keys: Sequence[str]) -> None:
    """Take one try back: a success must not count against an address that many people share."""
    fewer = case((table.c.tries > 0, table.c.tries - 1), else_=0)
    await tx.execute(update(table).where(table.c.key.in_(keys)).values(tries=fewer, locked_until=None))


async def forget_before(tx: Transaction, moment: datetime) -> int:
    """Drop what began before a moment; return how many rows went. For the nightly clean-up."""
    result = await tx.execute(delete(table).where(table.c.since < moment))
    return int(result.rowcount)


async def _locked(tx: Transaction, key: str, at: datetime) -> Count:
    """Return the count of a key with its row locked, made now if it was not there.

    On PostgreSQL a burst of first tries then waits for the one row; each would start at one otherwise.
    """
    query = select(table.c.tries, table.c.since, table.c.locked_until).where(table.c.key == key)
    row = (await tx.execute(query.with_for_update())).one_or_none()
    if row is None:
        await insert_new(tx, table, {"key": key, "tries": 0, "since": at})
        row = (await tx.execute(query.with_for_update())).one()
    return Count(tries=row.tries, since=row.since, locked_until=row.locked_until)
