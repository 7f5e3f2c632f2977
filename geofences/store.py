"""Fences in SQL. A version's body is written once; only its state moves on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, func, insert, or_, select, tuple_, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction, insert_new
from core.errors import Conflict, IllegalTransition, NotFound
from core.ids import FenceId, FenceVersion
from geofences.earlier import Ended, ended_versions
from geofences.fences import Fence, FenceDraft, FenceKind, FenceState, versioned
from geofences.preview import FencePreview
from geofences.tables import fence_changes, fence_versions

type VersionKey = tuple[FenceId, FenceVersion]

_t = fence_versions
_WERE_IN_FORCE = (FenceState.PUBLISHED, FenceState.RETIRED)
_ROWS_A_STATEMENT = 300
"""Keys in one IN list: SQLite takes 32,766 parameters, PostgreSQL plans long lists badly."""


class FenceRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One version with its history."""

    draft: FenceDraft
    version: FenceVersion
    state: FenceState
    drawn_at: datetime
    drawn_by: str
    effective_at: datetime | None = None
    published_at: datetime | None = None
    published_by: str | None = None
    retired_at: datetime | None = None
    retired_by: str | None = None
    preview: FencePreview | None = None
    previewed_at: datetime | None = None
    previewed_by: str | None = None


class FenceStore:
    """Reads and writes fence versions inside one transaction."""

    def __init__(self, tx: Transaction) -> None:
        """Use this transaction."""
        self._tx = tx

    async def add_draft(self, draft: FenceDraft, *, at: datetime, by: str) -> FenceVersion:
        """Write the next version of a fence as a draft. Raises ``Conflict`` when two do so at once."""
        newest = await self._tx.scalar(select(func.max(_t.c.version)).where(_t.c.fence_id == draft.fence_id))
        version = FenceVersion((newest or 0) + 1)
        if not await insert_new(self._tx, _t, _row(draft, version, at, by)):
            raise Conflict("already-exists", "Somebody else drew this version", fence_id=draft.fence_id)
        return version

    async def add_drafts(
        self, drafts: Sequence[tuple[FenceDraft, FenceVersion]], *, at: datetime, by: str
    ) -> None:
        """Write many drafts whose versions the caller knows to be free, in one statement."""
        if drafts:
            await self._tx.execute(insert(_t), [_row(draft, version, at, by) for draft, version in drafts])

    async def publish(
        self, keys: Sequence[VersionKey], was: FenceState, *, effective_at: datetime, at: datetime, by: str
    ) -> None:
        """Move versions to published. Raises ``IllegalTransition`` unless all are in state ``was``."""
        await self._move(
            keys,
            was,
            FenceState.PUBLISHED,
            at=at,
            by=by,
            effective_at=effective_at,
            published_at=at,
            published_by=by,
        )

    async def retire(self, keys: Sequence[VersionKey], *, at: datetime, by: str) -> None:
        """Move published versions to retired. Raises ``IllegalTransition`` unless all are published."""
        await self._move(
            keys, FenceState.PUBLISHED, FenceState.RETIRED, at=at, by=by, retired_at=at, retired_by=by
        )

    async def keep_preview(
        self, key: VersionKey, was: FenceState, preview: FencePreview, *, at: datetime, by: str
    ) -> None:
        """Note what a preview showed. Raises ``IllegalTransition`` unless it is in state ``was``."""
        seen = {"preview": preview, "previewed_at": at, "previewed_by": by}
        await self._set([key], was, FenceState.PREVIEWED, **seen)

    async def discard(self, key: VersionKey, was: FenceState, *, at: datetime, by: str) -> None:
        """Retire what was never published. Raises ``IllegalTransition`` unless it is in state ``was``."""
        await self._set([key], was, FenceState.RETIRED, retired_at=at, retired_by=by)

    async def get(self, fence_id: FenceId, version: FenceVersion, *, reach: Reach) -> FenceRecord:
        """Return one version. Raises ``NotFound`` when there is none within reach."""
        key = (_t.c.fence_id == fence_id) & (_t.c.version == version)
        row = (await self._tx.execute(select(_t).where(key, reachable(reach)))).one_or_none()
        if row is None:
            raise NotFound("not-found", "There is no such fence version", fence_id=fence_id, version=version)
        return record_of(row)

    async def newest_of(self, fence_id: FenceId) -> FenceRecord | None:
        """Return the newest version of a fence, whoever's it is; None when there is none."""
        query = select(_t).where(_t.c.fence_id == fence_id).order_by(_t.c.version.desc()).limit(1)
        row = (await self._tx.execute(query)).one_or_none()
        return None if row is None else record_of(row)

    async def versions(self, fence_id: FenceId, *, reach: Reach) -> tuple[FenceRecord, ...]:
        """Return every version of a fence within reach, oldest first; empty when there is none."""
        rows = await self._tx.execute(
            select(_t).where(_t.c.fence_id == fence_id, reachable(reach)).order_by(_t.c.version)
        )
        return tuple(record_of(row) for row in rows)

    async def listed(
        self, *, at: datetime, reach: Reach, kinds: Sequence[FenceKind] | None = None
    ) -> tuple[Fence, ...]:
        """Return the versions in force at a moment that are within reach, by id; ``kinds`` None is all."""
        query = _in_force(at, _t.c.fence_id, _t.c.version, _t.c.effective_at, _t.c.body)
        query = query.where(reachable(reach))
        if kinds is not None:
            query = query.where(_t.c.kind.in_(kinds))
        rows = (await self._tx.execute(query)).all()
        return tuple(versioned(r.body, FenceVersion(r.version), r.effective_at) for r in rows if r.nth == 1)

    async def keys_in_force(self, at: datetime) -> tuple[VersionKey, ...]:
        """Return (fence id, version) of what decides at a moment, by id, without reading bodies."""
        rows = await self._tx.execute(_in_force(at, _t.c.fence_id, _t.c.version))
        return tuple((FenceId(r.fence_id), FenceVersion(r.version)) for r in rows if r.nth == 1)

    async def published_bodies(self, keys: Sequence[VersionKey]) -> dict[VersionKey, Fence]:
        """Return the fences of these published versions; a key without one is left out."""
        found: dict[VersionKey, Fence] = {}
        for start in range(0, len(keys), _ROWS_A_STATEMENT):
            some = keys[start : start + _ROWS_A_STATEMENT]
            rows = await self._tx.execute(
                select(_t.c.version, _t.c.effective_at, _t.c.body).where(
                    tuple_(_t.c.fence_id, _t.c.version).in_(some), _t.c.effective_at.is_not(None)
                )
            )
            for row in rows:
                fence = versioned(row.body, FenceVersion(row.version), row.effective_at)
                found[fence.fence_id, fence.version] = fence
        return found

    async def ended(self, *, since: datetime, at: datetime) -> tuple[Ended, ...]:
        """Return the versions that stopped being in force after ``since`` and by ``at``."""
        came = (_t.c.effective_at > since) & (_t.c.effective_at <= at)
        went = (_t.c.retired_at > since) & (_t.c.retired_at <= at)
        changed = select(_t.c.fence_id).where(_t.c.state.in_(_WERE_IN_FORCE), or_(came, went))
        rows = await self._tx.execute(
            select(_t.c.version, _t.c.effective_at, _t.c.retired_at, _t.c.body)
            .where(
                _t.c.fence_id.in_(changed),
                _t.c.state.in_(_WERE_IN_FORCE),
                _t.c.effective_at <= at,
                or_(_t.c.retired_at.is_(None), _t.c.retired_at > since),
            )
            .order_by(_t.c.fence_id, _t.c.version)
        )
        found = [(versioned(r.body, FenceVersion(r.version), r.effective_at), r.retired_at) for r in rows]
        return ended_versions(found, since=since, at=at)

    async def newest_versions(self) -> dict[FenceId, tuple[FenceVersion, FenceState]]:
        """Return the newest version of every fence and its state."""
        newest = select(_t.c.fence_id, func.max(_t.c.version).label("version")).group_by(_t.c.fence_id)
        wanted = newest.subquery()
        rows = await self._tx.execute(
            select(_t.c.fence_id, _t.c.version, _t.c.state).join(
                wanted, (wanted.c.fence_id == _t.c.fence_id) & (wanted.c.version == _t.c.version)
            )
        )
        return {FenceId(r.fence_id): (FenceVersion(r.version), FenceState(r.state)) for r in rows}

    async def next_effective_after(self, at: datetime) -> datetime | None:
        """Return when the next published version comes into force; None when none waits."""
        query = select(func.min(_t.c.effective_at)).where(
            _t.c.state == FenceState.PUBLISHED, _t.c.effective_at > at
        )
        moment: datetime | None = await self._tx.scalar(query)
        return moment

    async def revision(self) -> int:
        """Return the version of the published set: the number of the last publish or retirement, 0 before."""
        return int(await self._tx.scalar(select(func.max(fence_changes.c.revision))) or 0)

    async def _move(
        self,
        keys: Sequence[VersionKey],
        was: FenceState,
        becomes: FenceState,
        *,
        at: datetime,
        by: str,
        **values: object,
    ) -> None:
        await self._set(keys, was, becomes, **values)
        noted = [
            {"fence_id": fence_id, "version": version, "change": becomes, "at": at, "by": by}
            for fence_id, version in keys
        ]
        if noted:
            await self._tx.execute(insert(fence_changes), noted)

    async def _set(
        self, keys: Sequence[VersionKey], was: FenceState, becomes: FenceState, **values: object
    ) -> None:
        for start in range(0, len(keys), _ROWS_A_STATEMENT):
            some = keys[start : start + _ROWS_A_STATEMENT]
            moved = await self._tx.execute(
                update(_t)
                .where(tuple_(_t.c.fence_id, _t.c.version).in_(some), _t.c.state == was)
                .values(state=becomes, **values)
            )
            if moved.rowcount != len(some):
                await self._refuse(some, was, becomes)

    async def _refuse(self, keys: Sequence[VersionKey], was: FenceState, becomes: FenceState) -> None:
        rows = await self._tx.execute(
            select(_t.c.fence_id, _t.c.version, _t.c.state).where(
                tuple_(_t.c.fence_id, _t.c.version).in_(keys)
            )
        )
        found = {(row.fence_id, row.version): row.state for row in rows}
        for fence_id, version in keys:
            state = found.get((fence_id, version))
            if state is None:
                raise NotFound(
                    "not-found", "There is no such fence version", fence_id=fence_id, version=version
                )
        # one of them was moved by this very statement if it shows the new state: the others are at fault
        wrong = next((s for s in found.values() if s not in (was, becomes)), becomes)
        raise IllegalTransition(wrong, becomes, fence_id=keys[0][0])


def _in_force(at: datetime, *columns: ColumnElement[Any]) -> Select[Any]:
    """Rows of versions effective by ``at`` and not retired by then; ``nth`` 1 decides for its fence."""
    latest = func.row_number().over(
        partition_by=_t.c.fence_id, order_by=(_t.c.effective_at.desc(), _t.c.version.desc())
    )
    return (
        select(*columns, latest.label("nth"))
        .where(
            _t.c.state.in_(_WERE_IN_FORCE),
            _t.c.effective_at <= at,
            or_(_t.c.retired_at.is_(None), _t.c.retired_at > at),
        )
        .order_by(_t.c.fence_id)
    )


def reachable(reach: Reach) -> ColumnElement[bool]:
    """A fence without district or operator is everybody's."""
    return or_(_t.c.district.is_(None), within(_t.c.district, reach.districts)) & or_(
        _t.c.operator.is_(None), within(_t.c.operator, reach.operators)
    )


def _row(draft: FenceDraft, version: FenceVersion, at: datetime, by: str) -> dict[str, object]:
    return {
        "fence_id": draft.fence_id,
        "version": version,
        "state": FenceState.DRAFT,
        "kind": draft.kind,
        "district": draft.district,
        "operator": draft.operator,
        "group_name": draft.group,
        "title": f"{draft.name_zh} {draft.name_en}",
        "body": draft,
        "drawn_at": at,
        "drawn_by": by,
    }


def record_of(row: Row[Any]) -> FenceRecord:
    """Return the version that stands in a row of the whole table."""
    return FenceRecord(
        draft=row.body,
        version=FenceVersion(row.version),
        state=FenceState(row.state),
        drawn_at=row.drawn_at,
        drawn_by=row.drawn_by,
        effective_at=row.effective_at,
        published_at=row.published_at,
        published_by=row.published_by,
        retired_at=row.retired_at,
        retired_by=row.retired_by,
        preview=row.preview,
        previewed_at=row.previewed_at,
        previewed_by=row.previewed_by,
    )
