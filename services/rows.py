"""Rows of SQL as Structs."""

from collections.abc import Mapping
from typing import Any

import msgspec


def read_row[T](row: Mapping[Any, Any], kind: type[T], **more: Any) -> T:
    """Return a row as a Struct of that kind; ``more`` adds fields or replaces columns.

    Column names are plain ``str`` here: SQLAlchemy's are a subclass, which msgspec refuses as a key. A
    column that the Struct does not have is dropped. Raises msgspec.ValidationError for a row that does not
    fit.
    """
    return msgspec.convert({str(name): value for name, value in row.items()} | more, kind)
