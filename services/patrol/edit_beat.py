"""A person makes, changes and retires beats; every change is a new version."""

from datetime import datetime
from typing import Any

import msgspec

from core import audit
from core.auth.principal import Principal, Reach, reach_of
from core.database import Transaction
from core.errors import Invalid, NotFound, VersionMismatch
from core.ids import DistrictCode, OperatorId, new_id
from services.patrol.beat import Beat, BeatId, Checkpoint, check_beat
from services.patrol.beat_store import BeatStore


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What a person writes into a beat."""

    name_zh: str
    name_en: str
    district: DistrictCode
    is_shuffled: bool
    checkpoints: tuple[Checkpoint, ...]


async def make_beat(
    tx: Transaction,
    principal: Principal,
    draft: Draft,
    *,
    operator: OperatorId | None,
    time_zone: str,
    at: datetime,
) -> Beat:
    """Store and return a new beat, of the person's operator unless he is of none and names one.

    Raises Invalid by field, NotFound for a 旗区 or operator out of reach.
    """
    reach = reach_of(principal)
    owner = principal.operator or operator
    if owner is None:
        raise Invalid("invalid-input", "say whose beat it is", field="operator", limit="an operator")
    _must_reach(reach, draft.district, owner if operator is None else operator)
    beat = Beat(
        beat_id=BeatId(new_id()),
        operator=owner,
        time_zone=time_zone,
        changed_at=at,
        changed_by_name=principal.name,
        **_written(draft),
    )
    check_beat(beat)
    await BeatStore(tx).add(beat)
    await _record(tx, principal, "beat.made", beat, at)
    return beat


async def change_beat(
    tx: Transaction, principal: Principal, beat_id: BeatId, draft: Draft, *, version: int, at: datetime
) -> Beat:
    """Return the next version of a beat; runs that have begun keep theirs.

    Raises Invalid by field, NotFound, VersionMismatch.
    """
    before = await _present(tx, principal, beat_id, version)
    _must_reach(reach_of(principal), draft.district, before.operator)
    after = msgspec.structs.replace(
        before, is_retired=False, changed_at=at, changed_by_name=principal.name, **_written(draft)
    )
    check_beat(after)
    saved = await BeatStore(tx).save(before, after)
    await _record(tx, principal, "beat.changed", saved, at)
    return saved


async def retire_beat(
    tx: Transaction, principal: Principal, beat_id: BeatId, *, version: int, at: datetime
) -> Beat:
    """Return the beat retired: its schedules start nothing any more, what is under way goes on."""
    before = await _present(tx, principal, beat_id, version)
    after = msgspec.structs.replace(before, is_retired=True, changed_at=at, changed_by_name=principal.name)
    saved = await BeatStore(tx).save(before, after)
    await _record(tx, principal, "beat.retired", saved, at)
    return saved


def _written(draft: Draft) -> dict[str, Any]:
    return {field: getattr(draft, field) for field in draft.__struct_fields__}


def _must_reach(reach: Reach, district: DistrictCode, operator: OperatorId) -> None:
    if reach.districts is not None and district not in reach.districts:
        raise NotFound("not-found", "no such 旗区", field="district", district=district)
    if reach.operators is not None and operator not in reach.operators:
        raise NotFound("not-found", "no such operator", field="operator", operator=operator)


async def _present(tx: Transaction, principal: Principal, beat_id: BeatId, version: int) -> Beat:
    before = await BeatStore(tx).get(beat_id, reach_of(principal))
    if before.version != version:
        raise VersionMismatch("version-mismatch", beat_id=beat_id, version=before.version)
    return before


async def _record(tx: Transaction, principal: Principal, action: str, beat: Beat, at: datetime) -> None:
    fields = {
        "version": beat.version,
        "checkpoints": len(beat.checkpoints),
        "is_shuffled": beat.is_shuffled,
    }
    await audit.record(tx, principal, action, f"beat:{beat.beat_id}", fields, at=at)
