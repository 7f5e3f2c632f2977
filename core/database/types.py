"""Column types that mean the same on SQLite and PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, DateTime, LargeBinary, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from core.clock import moment_of_ms, ms_of_moment


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment: TIMESTAMPTZ on PostgreSQL, fixed-width sortable UTC text on SQLite.

    Refuses a naive datetime with ValueError; always gives back UTC.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert to UTC before it is stored."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment without time zone cannot be stored: {value!r}")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the moment back in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EpochMs(TypeDecorator[datetime]):
    """An aware moment as integer milliseconds since 1970 (UTC), for tables of thousands of rows a second.

    A third of the room of ``UtcDateTime`` in an index on SQLite. What is finer than a millisecond is lost.
    Refuses a naive datetime with TypeError.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> int | None:
        """Count the milliseconds; None stays NULL."""
        return None if value is None else ms_of_moment(value)

    def process_result_value(self, value: int | None, _dialect: Dialect) -> datetime | None:
        """Give the moment back in UTC."""
        return None if value is None else moment_of_ms(value)


class JsonStruct(TypeDecorator[Any]):
    """A value of one msgspec type (Struct, union, dict, list …) as JSON text on both dialects.

    A row that no longer fits the type raises msgspec.ValidationError when read.
    """

    impl = Text
    cache_ok = True

    def __init__(self, struct: Any) -> None:
        """Take the type that values are encoded from and decoded to."""
        super().__init__()
        self.struct = struct
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(struct)
        self._encoder = msgspec.json.Encoder()

    def process_bind_param(self, value: Any, _dialect: Dialect) -> str | None:
        """Encode; None stays NULL."""
        return None if value is None else self._encoder.encode(value).decode()

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Decode and validate; NULL stays None."""
        return None if value is None else self._decoder.decode(value)


class Encrypted(TypeDecorator[str]):
    """Text that is stored encrypted. The cipher is looked up when a value passes, never at import.

    `cipher` returns an object with encrypt(str) -> bytes and decrypt(bytes) -> str; who calls the
    table's statements installs it first (core.privacy).
    """

    impl = LargeBinary
    cache_ok = True

    def __init__(self, cipher: Callable[[], Any]) -> None:
        """Take the function that returns the cipher of this process."""
        super().__init__()
        self.cipher = cipher

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> bytes | None:
        """Encrypt; None stays NULL."""
        if value is None:
            return None
        encrypted: bytes = self.cipher().encrypt(value)
        return encrypted

    def process_result_value(self, value: bytes | None, _dialect: Dialect) -> str | None:
        """Decrypt; NULL stays None."""
        if value is None:
            return None
        text: str = self.cipher().decrypt(value)
        return text
