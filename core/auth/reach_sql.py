"""The reach of a principal as a condition of a query: authorisation is a filter, not an ``if``."""

from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import ColumnElement, false, true


def within(column: ColumnElement[Any], allowed: AbstractSet[Any] | None) -> ColumnElement[bool]:
    """Return the condition that `column` lies on one axis of a reach; None allows all, empty nothing.

    ``select(t).where(within(t.c.district, reach.districts), within(t.c.operator, reach.operators))``
    """
    if allowed is None:
        return true()
    return column.in_(sorted(allowed)) if allowed else false()


def only(column: ColumnElement[Any], allowed: Any | None) -> ColumnElement[bool]:
    """Return the condition that `column` is the single value of an axis; None allows all."""
    return true() if allowed is None else column == allowed
