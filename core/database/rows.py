"""Rows of SQL as Structs."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec


def read_row[T](row: Mapping[Any, Any], kind: type[T], **more: Any) -> T:
    """Return a row as a Struct of that kind; ``more`` adds fields or replaces columns.

    Column names are plain ``str`` here: SQLAlchemy's are a subclass, which msgspec refuses as a key. A
    column that the Struct does not have is dropped. Raises msgspec.ValidationError for a row that does not
    fit.
    """
    return msgspec.convert({str(name): value for name, value in row.items()} | more, kind)


def read_rows[T](columns: Iterable[str], rows: Iterable[Iterable[Any]], kind: type[T]) -> list[T]:
    """Return the Structs of rows of these columns, for half of what ``read_row`` costs each: it tells on a
    whole fleet."""
    names = [str(name) for name in columns]
    return [msgspec.convert(dict(zip(names, row, strict=True)), kind) for row in rows]
