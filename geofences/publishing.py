"""Bringing fence versions into force and out of it: draft → previewed → published → retired.

What is written here is announced through the outbox, so whoever holds an index hears of it after the
commit and never before.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from core import keys
from core.auth.principal import EVERYTHING, Reach
from core.database import Transaction
from core.errors import Invalid
from core.ids import FenceId, FenceVersion
from core.outbox import OutboxMessage, Route, emit
from core.redis import Redis
from core.transitions import advance
from geofences import shapes
from geofences.fences import Fence, FenceDraft, FenceHours, FenceState, draft_of, versioned
from geofences.preview import FencePreview
from geofences.store import FenceRecord, FenceStore

TOPIC: Final = "fences.published"
"""Outbox topic; its route is ``announcer``."""


class FenceStep(StrEnum):
    """What can be done to a version."""

    PREVIEW = "preview"
    PUBLISH = "publish"
    SYNC = "sync"
    """Publish with its whole source, which was looked at as a whole (a city pack)."""
    DISCARD = "discard"
    RETIRE = "retire"


TRANSITIONS: Final[Mapping[tuple[FenceState, FenceStep], FenceState]] = {
    (FenceState.DRAFT, FenceStep.PREVIEW): FenceState.PREVIEWED,
    (FenceState.PREVIEWED, FenceStep.PREVIEW): FenceState.PREVIEWED,
    (FenceState.PREVIEWED, FenceStep.PUBLISH): FenceState.PUBLISHED,
    (FenceState.DRAFT, FenceStep.SYNC): FenceState.PUBLISHED,
    (FenceState.DRAFT, FenceStep.DISCARD): FenceState.RETIRED,
    (FenceState.PREVIEWED, FenceStep.DISCARD): FenceState.RETIRED,
    (FenceState.PUBLISHED, FenceStep.RETIRE): FenceState.RETIRED,
}
"""The whole machine: everything else raises."""
TERMINAL: Final = frozenset({FenceState.RETIRED})


class SyncCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What ``sync_fences`` did."""

    added: int = 0
    redrawn: int = 0
    unchanged: int = 0
    retired: int = 0


async def draw_fence(tx: Transaction, draft: FenceDraft, *, at: datetime, by: str) -> FenceVersion:
    """Write a new version as a draft and return its number. Raises ``Invalid`` for a bad area or hours."""
    return await FenceStore(tx).add_draft(checked(draft), at=at, by=by)


async def preview_fence(
    tx: Transaction,
    fence_id: FenceId,
    version: FenceVersion,
    preview: FencePreview,
    *,
    at: datetime,
    by: str,
    reach: Reach,
) -> FenceRecord:
    """Keep what a preview showed and return the version; it may be previewed again until it is published.

    Raises ``NotFound`` outside reach, ``IllegalTransition`` when it is published or retired.
    """
    store = FenceStore(tx)
    record = await store.get(fence_id, version, reach=reach)
    advance(TRANSITIONS, record.state, FenceStep.PREVIEW)
    await store.keep_preview((fence_id, version), record.state, preview, at=at, by=by)
    return await store.get(fence_id, version, reach=reach)


async def publish_fence(
    tx: Transaction,
    fence_id: FenceId,
    version: FenceVersion,
    *,
    at: datetime,
    by: str,
    reach: Reach,
    effective_at: datetime | None = None,
) -> Fence:
    """Publish a previewed version, in force from ``effective_at`` (default: now), and return it.

    Raises ``NotFound`` outside reach, ``IllegalTransition`` unless it was previewed, ``Invalid`` when it
    would come into force before now: the past has been judged already.
    """
    start = at if effective_at is None else effective_at
    if start < at:
        raise Invalid(
            "time-out-of-range",
            "A fence cannot come into force in the past",
            field="effectiveAt",
            limit=f"not before {at.isoformat()}",
        )
    store = FenceStore(tx)
    record = await store.get(fence_id, version, reach=reach)
    advance(TRANSITIONS, record.state, FenceStep.PUBLISH)
    await store.publish([(fence_id, version)], FenceState.PREVIEWED, effective_at=start, at=at, by=by)
    await _announce(tx, store, at)
    return versioned(record.draft, version, start)


async def retire_fence(
    tx: Transaction, fence_id: FenceId, version: FenceVersion, *, at: datetime, by: str, reach: Reach
) -> None:
    """Take a published version out of force, or discard one that was never published.

    Of a version in force the older published ones go too, so that none of them comes back; one that is
    not in force yet is withdrawn alone. Raises ``NotFound`` outside reach, ``IllegalTransition`` unless
    it is published.
    """
    store = FenceStore(tx)
    record = await store.get(fence_id, version, reach=reach)
    if record.state in (FenceState.DRAFT, FenceState.PREVIEWED):
        advance(TRANSITIONS, record.state, FenceStep.DISCARD)
        await store.discard((fence_id, version), record.state, at=at, by=by)
        return
    advance(TRANSITIONS, record.state, FenceStep.RETIRE)
    is_waiting = record.effective_at is not None and record.effective_at > at
    others = () if is_waiting else await store.versions(fence_id, reach=EVERYTHING)
    older = [r.version for r in others if r.state is FenceState.PUBLISHED and r.version < version]
    await store.retire([(fence_id, v) for v in (*older, version)], at=at, by=by)
    await _announce(tx, store, at)


async def sync_fences(
    tx: Transaction, drafts: Iterable[FenceDraft], *, source: str, at: datetime, by: str
) -> SyncCounts:
    """Make the fences of one source exactly these, all in force now; doing it again changes nothing.

    A fence whose content differs gets a new version; one of the same ``source`` that is not among the
    drafts is retired. Fences of other sources are left alone. Every draft must name ``source``.
    """
    wanted = {draft.fence_id: checked(draft) for draft in drafts}
    foreign = next((draft for draft in wanted.values() if draft.source != source), None)
    if foreign is not None:
        raise ValueError(f"fence {foreign.fence_id} is of source {foreign.source!r}, not {source!r}")
    store = FenceStore(tx)
    present = {fence.fence_id: fence for fence in await store.listed(at=at, reach=EVERYTHING)}
    newest = await store.newest_versions()
    fresh = [
        draft
        for fence_id, draft in wanted.items()
        if fence_id not in present or draft_of(present[fence_id]) != draft
    ]
    numbered = [(d, FenceVersion(newest[d.fence_id][0] + 1 if d.fence_id in newest else 1)) for d in fresh]
    await store.add_drafts(numbered, at=at, by=by)
    keys_of_fresh = [(d.fence_id, v) for d, v in numbered]
    await store.publish(keys_of_fresh, FenceState.DRAFT, effective_at=at, at=at, by=by)
    gone = [f for f in present.values() if f.source == source and f.fence_id not in wanted]
    for fence in gone:
        await retire_fence(tx, fence.fence_id, fence.version, at=at, by=by, reach=EVERYTHING)
    if fresh:
        await _announce(tx, store, at)
    added = sum(draft.fence_id not in present for draft in fresh)
    return SyncCounts(
        added=added,
        redrawn=len(fresh) - added,
        unchanged=len(wanted) - len(fresh),
        retired=len(gone),
    )


def checked(draft: FenceDraft) -> FenceDraft:
    """Return the draft with its rings the right way round. Raises ``Invalid`` for a bad area or hours."""
    area = shapes.check_area(draft.area, field="area")
    if draft.hours is not None:
        _check_hours(draft.hours)
    return msgspec.structs.replace(draft, area=area)


def announcer(redis: Redis) -> Route:
    """Return the outbox route of ``TOPIC``: it tells every holder of an index that there is a new set."""

    async def announce(message: OutboxMessage) -> None:
        await redis.publish(keys.fences_published(), str(message.payload["revision"]))

    return announce


async def _announce(tx: Transaction, store: FenceStore, at: datetime) -> None:
    await emit(tx, TOPIC, {"revision": await store.revision()}, key="fences", at=at)


def _check_hours(hours: FenceHours) -> None:
    _check_zone(hours.time_zone)
    if (
        hours.valid_from is not None
        and hours.valid_until is not None
        and hours.valid_until < hours.valid_from
    ):
        raise Invalid(
            "invalid-input",
            f"The last day {hours.valid_until} lies before the first, {hours.valid_from}",
            field="hours.valid_until",
            limit=f"not before {hours.valid_from}",
        )
    days = [other.day for other in hours.other_days]
    twice = next((day for day in days if days.count(day) > 1), None)
    if twice is not None:
        raise Invalid(
            "invalid-input", f"{twice} is named twice", field="hours.other_days", limit="each day once"
        )


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Invalid(
            "invalid-input", f"{name} is not a time zone", field="hours.time_zone", limit="IANA name"
        ) from None
