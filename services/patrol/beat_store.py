"""SQL of beats: the present version, every earlier one, and the seed of shuffled orders."""

import secrets
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, insert, select, update

from core.auth.principal import Reach
from core.auth.reach_sql import within
from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import NotFound, VersionMismatch
from services.patrol.beat import Beat, BeatId
from services.patrol.tables import patrol_beat_versions, patrol_beats

SEED_BYTES = 32


class BeatStore:
    """Reads and writes beats."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add(self, beat: Beat) -> bool:
        """Store a new beat with a seed of its own; False when one of its id is there."""
        row = {**_values(beat), "seed": secrets.token_hex(SEED_BYTES)}
        if not await insert_new(self._tx, patrol_beats, row):
            return False
        await self._keep_version(beat)
        return True

    async def save(self, before: Beat, after: Beat) -> Beat:
        """Write the next version; raise VersionMismatch when somebody was faster."""
        after = msgspec.structs.replace(after, version=before.version + 1)
        written = await self._tx.execute(
            update(patrol_beats)
            .where(patrol_beats.c.beat_id == before.beat_id, patrol_beats.c.version == before.version)
            .values(_values(after))
        )
        if written.rowcount != 1:
            raise VersionMismatch(
                "version-mismatch",
                "the beat was changed in between; read it again",
                beat_id=before.beat_id,
                version=before.version,
            )
        await self._keep_version(after)
        return after

    async def get(self, beat_id: BeatId, reach: Reach) -> Beat:
        """Return a beat within the reach; raise NotFound when there is none."""
        found = await self._beats(patrol_beats.c.beat_id == beat_id, *_reached(reach))
        if not found:
            raise NotFound("not-found", "there is no such beat", beat_id=beat_id)
        return found[0]

    async def all(self, reach: Reach, *, with_retired: bool = False) -> list[Beat]:
        """Return the beats within the reach by name."""
        clauses = [] if with_retired else [~patrol_beats.c.is_retired]
        return await self._beats(*clauses, *_reached(reach))

    async def versions(self, beat_id: BeatId) -> list[Beat]:
        """Return every version of a beat, the newest first; who may see it was decided by reading it."""
        query = select(patrol_beat_versions.c.beat).where(patrol_beat_versions.c.beat_id == beat_id)
        query = query.order_by(patrol_beat_versions.c.version.desc())
        return list((await self._tx.execute(query)).scalars())

    async def seed(self, beat_id: BeatId) -> str:
        """Return what the orders of a beat are drawn from; raise NotFound. Never part of an answer."""
        query = select(patrol_beats.c.seed).where(patrol_beats.c.beat_id == beat_id)
        seed = (await self._tx.execute(query)).scalar_one_or_none()
        if seed is None:
            raise NotFound("not-found", "there is no such beat", beat_id=beat_id)
        return str(seed)

    async def _keep_version(self, beat: Beat) -> None:
        row = {"beat_id": beat.beat_id, "version": beat.version, "beat": beat}
        await self._tx.execute(insert(patrol_beat_versions).values(row))

    async def _beats(self, *clauses: ColumnElement[bool]) -> list[Beat]:
        columns = [column for column in patrol_beats.c if column.name != "seed"]
        query = select(*columns).where(*clauses).order_by(patrol_beats.c.name_zh, patrol_beats.c.beat_id)
        return [read_row(row, Beat) for row in (await self._tx.execute(query)).mappings()]


def _reached(reach: Reach) -> tuple[ColumnElement[bool], ...]:
    return (
        within(patrol_beats.c.district, reach.districts),
        within(patrol_beats.c.operator, reach.operators),
    )


def _values(beat: Beat) -> dict[str, Any]:
    return {field: getattr(beat, field) for field in beat.__struct_fields__}
