"""Looking for fences: the newest version of each that somebody asks for."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import func, or_, select

from core.auth.principal import Reach
from core.database import Transaction
from core.ids import DistrictCode, FenceId
from geofences.fences import FenceKind, FenceState
from geofences.store import FenceRecord, reachable, record_of
from geofences.tables import fence_versions

ESCAPE: Final = "\\"
_t = fence_versions


class FenceFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody looks for; empty says nothing."""

    states: frozenset[FenceState] = frozenset()
    kinds: frozenset[FenceKind] = frozenset()
    districts: frozenset[DistrictCode] = frozenset()
    groups: frozenset[str] = frozenset()
    text: str | None = None
    """In the id or in one of the names, in any case."""


async def list_fences(
    tx: Transaction, wanted: FenceFilter, *, reach: Reach, after: FenceId | None, limit: int
) -> Sequence[FenceRecord]:
    """Return the newest version of each fence among those that fit, by id."""
    query = select(
        _t, func.row_number().over(partition_by=_t.c.fence_id, order_by=_t.c.version.desc()).label("nth")
    ).where(reachable(reach))
    for column, values in (
        (_t.c.state, wanted.states),
        (_t.c.kind, wanted.kinds),
        (_t.c.district, wanted.districts),
        (_t.c.group_name, wanted.groups),
    ):
        if values:
            query = query.where(column.in_(sorted(values)))
    if wanted.text:
        found = f"%{_literal(wanted.text.lower())}%"
        texts = (func.lower(column).like(found, escape=ESCAPE) for column in (_t.c.fence_id, _t.c.title))
        query = query.where(or_(*texts))
    if after is not None:
        query = query.where(_t.c.fence_id > after)
    newest = query.subquery()
    rows = await tx.execute(select(newest).where(newest.c.nth == 1).order_by(newest.c.fence_id).limit(limit))
    return [record_of(row) for row in rows]


def _literal(text: str) -> str:
    for sign in (ESCAPE, "%", "_"):
        text = text.replace(sign, ESCAPE + sign)
    return text
