"""Fences brought into force step by step, as people do."""

from datetime import datetime

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import FenceId, FenceVersion
from geofences.fences import Fence, FenceDraft
from geofences.preview import FencePreview, PastCrossings
from geofences.publishing import draw_fence, preview_fence, publish_fence
from tests.fences import EPOCH

NOTHING_SEEN = FencePreview(
    vehicles_inside=0,
    inside=(),
    past=PastCrossings(events={}, vehicles=0, positions=0, from_at=EPOCH, to_at=EPOCH, is_whole=True),
    orders_touched=0,
    orders=(),
)


async def previewed(tx: Transaction, fence_id: FenceId, version: FenceVersion, *, at: datetime) -> None:
    await preview_fence(tx, fence_id, version, NOTHING_SEEN, at=at, by="tester", reach=EVERYTHING)


async def published(
    tx: Transaction, draft: FenceDraft, *, at: datetime, effective_at: datetime | None = None
) -> Fence:
    version = await draw_fence(tx, draft, at=at, by="tester")
    await previewed(tx, draft.fence_id, version, at=at)
    return await publish_fence(
        tx, draft.fence_id, version, at=at, by="tester", reach=EVERYTHING, effective_at=effective_at
    )
