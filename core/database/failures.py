"""Driver errors in words of the domain: what the caller may retry, what is a conflict, what is a bug."""

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import Conflict, Invalid, SteppeError, Unavailable

RETRY_AFTER_S = 2
"""What a client is told to wait: an embedded store is back within two seconds of a restart (measured)."""

_SQLITE_BUSY = frozenset({5, 6, 15})
"""SQLITE_BUSY, LOCKED, PROTOCOL (sqlite.org/rescode.html)."""
_SQLITE_DOWN = frozenset({7, 8, 10, 11, 13, 14, 26})
"""NOMEM, READONLY, IOERR, CORRUPT, FULL, CANTOPEN, NOTADB."""
_POSTGRES_BUSY = frozenset({"40001", "40P01", "55P03", "57014"})
"""serialization_failure, deadlock_detected, lock_not_available, query_canceled (time-out)."""
_POSTGRES_DOWN_CLASSES = frozenset({"08", "53", "57", "58"})
"""connection exception, insufficient resources, operator intervention, system error."""
_POSTGRES_NO_TEXT = frozenset({"22021", "22P05"})
"""character_not_in_repertoire, untranslatable_character: a NUL, which SQLite would store."""
_POSTGRES_NO_TABLE = "42P01"
"""undefined_table; SQLite says it in words only."""


def translate(error: BaseException) -> SteppeError | None:
    """Return the domain error of a driver's error, or None when it is a bug and must stay as it is."""
    if isinstance(error, IntegrityError):
        return Conflict("already-exists", "The database refused a duplicate or a missing reference")
    if isinstance(error, PoolTimeout):
        return _busy()
    if isinstance(error, DBAPIError):
        return _of_driver(error)
    return None


def unreachable(error: OSError) -> SteppeError:
    """Return the domain error of a connection that could not be made (asyncpg raises it unwrapped)."""
    return Unavailable(
        "database-unavailable",
        f"The database cannot be reached: {type(error).__name__}",
        retry_after_s=RETRY_AFTER_S,
    )


def _of_driver(error: DBAPIError) -> SteppeError | None:
    if error.connection_invalidated:
        return _down()
    cause: BaseException | None = error.orig
    while cause is not None:
        verdict = _of_cause(cause)
        if verdict is not None:
            return verdict
        cause = cause.__cause__
    if isinstance(error, OperationalError) and "unable to open database" in str(error):
        return _down()
    return None


def _of_cause(cause: BaseException) -> SteppeError | None:
    sqlite_code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(sqlite_code, int):
        primary = sqlite_code & 0xFF
        if primary in _SQLITE_BUSY:
            return _busy()
        if str(cause).startswith("no such table"):
            return _without_schema()
        return _down() if primary in _SQLITE_DOWN else None
    sqlstate = getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None)
    if isinstance(sqlstate, str):
        if sqlstate in _POSTGRES_BUSY:
            return _busy()
        if sqlstate in _POSTGRES_NO_TEXT:
            return Invalid("invalid-input", "A text holds a character that cannot be stored")
        if sqlstate == _POSTGRES_NO_TABLE:
            return _without_schema()
        return _down() if sqlstate[:2] in _POSTGRES_DOWN_CLASSES else None
    return _down() if isinstance(cause, ConnectionError | OSError | TimeoutError) else None


def _busy() -> Unavailable:
    return Unavailable("database-busy", retry_after_s=RETRY_AFTER_S)


def _down() -> Unavailable:
    return Unavailable("database-unavailable", retry_after_s=RETRY_AFTER_S)


def _without_schema() -> Unavailable:
    return Unavailable(
        "database-unavailable",
        "The database lacks a table: `steppe database upgrade` brings its schema to this version",
    )
