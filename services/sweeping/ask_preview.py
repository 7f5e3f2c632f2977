"""Asking for the plan of a drawing that is not saved."""

from datetime import datetime

import msgspec

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict
from core.ids import DistrictCode, OperatorId, StaffId
from core.outbox import emit
from services.sweeping.preview import KEPT, PATIENCE, Preview, PreviewId, PreviewState, state_at
from services.sweeping.preview_store import PreviewStore
from services.sweeping.save_zone import check_tenant
from services.sweeping.zone import Drawing, check_drawing
from services.sweeping.zone_store import KEY, TOPIC


async def ask_preview(
    tx: Transaction,
    principal: Principal,
    preview_id: PreviewId,
    drawing: Drawing,
    *,
    district: DistrictCode,
    operator: OperatorId,
    wall: datetime,
    at: datetime,
) -> Preview:
    """Return the preview of a drawing, made or to be made by a worker. Another drawing takes the place of
    the one before, whose plan is dropped; the same is the same unless it was given up.

    Raises Invalid naming field and limit, NotFound for a tenant out of reach, Conflict for the id of a
    colleague's.
    """
    check_drawing(drawing)
    check_tenant(principal, district, operator)
    store = PreviewStore(tx)
    await store.forget(wall - KEPT)
    known = await store.find(preview_id)
    asked = Preview(
        preview_id=preview_id,
        asked_by=StaffId(principal.id),
        district=district,
        operator=operator,
        drawing=drawing,
        asked_at=wall,
        gives_up_at=wall + PATIENCE,
    )
    if known is not None:
        await store.get(preview_id, reach_of(principal))
        if known.asked_by != asked.asked_by:
            raise Conflict("conflict", "the id of this preview is taken", preview_id=preview_id)
        if _is_same(known, asked) and state_at(known, wall) is not PreviewState.LATE:
            return known
        asked = msgspec.structs.replace(asked, number=known.number + 1)
    await store.put(asked)
    await emit(tx, TOPIC, {"preview_id": preview_id}, key=KEY, at=at)
    return asked


def _is_same(known: Preview, asked: Preview) -> bool:
    return all(getattr(known, each) == getattr(asked, each) for each in ("district", "operator", "drawing"))
