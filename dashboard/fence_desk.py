"""What people do to fences: only to those of their own district and operator, only within the city."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from core.auth.principal import Principal, Reach, reach_of
from core.database import Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, VersionMismatch
from core.ids import FenceId, FenceVersion
from dashboard.parts import DashboardParts
from dashboard.schemas.fences import NewFence, draft_of_body
from geofences.fences import FenceDraft
from geofences.publishing import draw_fence, publish_fence, retire_fence
from geofences.shapes import bounding_box
from geofences.store import FenceRecord, FenceStore

EDGE_DEG = 0.05
"""How far beyond the outermost borders a fence may reach: they are generalised to some hundred metres."""


async def draw(dashboard: DashboardParts, principal: Principal, body: NewFence) -> FenceRecord:
    """Keep a fence, or its next version, as a draft. Raises Invalid, Forbidden, Conflict and
    VersionMismatch.
    """
    draft = _drawable(dashboard, draft_of_body(body))
    async with dashboard.database.write() as tx:
        return await _draw(tx, draft, principal, dashboard.clock.now(), after=body.after_version)


async def import_fences(
    dashboard: DashboardParts, principal: Principal, features: Sequence[Mapping[str, Any]]
) -> list[FenceRecord]:
    """Keep every feature as a draft, or none: the first that is wrong is named by its place in the list."""
    drafts = []
    for number, feature in enumerate(features):
        where = f"features[{number}]"
        try:
            properties = feature.get("properties")
            if feature.get("type") != "Feature" or not isinstance(properties, Mapping):
                raise Invalid("invalid-input", "It is no Feature", field="type", limit="GeoJSON Feature")
            body = msgspec.convert({**properties, "geometry": feature.get("geometry")}, NewFence)
            drafts.append((_drawable(dashboard, draft_of_body(body)), body.after_version))
        except msgspec.ValidationError as error:
            said, _, path = str(error).partition(" - at `$")
            field = f"{where}.properties{path.rstrip('`')}"
            raise Invalid("invalid-input", said, field=field, limit=said) from None
        except Invalid as error:
            fields = {**error.fields, "field": f"{where}.{error.fields.get('field', '')}"}
            raise Invalid(error.code, error.message, **fields) from None
    async with dashboard.database.write() as tx:
        at = dashboard.clock.now()
        return [await _draw(tx, draft, principal, at, after=after) for draft, after in drafts]


async def publish(
    dashboard: DashboardParts,
    principal: Principal,
    fence_id: FenceId,
    version: FenceVersion,
    effective_at: datetime | None,
) -> FenceRecord:
    """Publish a previewed version. Raises Invalid for the past, IllegalTransition, Forbidden, NotFound."""
    reach, at = reach_of(principal), dashboard.clock.now()
    async with dashboard.database.write() as tx:
        await _own(tx, fence_id, version, reach)
        await publish_fence(
            tx, fence_id, version, at=at, by=principal.id, reach=reach, effective_at=effective_at
        )
        return await FenceStore(tx).get(fence_id, version, reach=reach)


async def retire(
    dashboard: DashboardParts, principal: Principal, fence_id: FenceId, version: FenceVersion
) -> FenceRecord:
    """Take a version out of force, or discard one that never was. Raises as `publish`."""
    reach, at = reach_of(principal), dashboard.clock.now()
    async with dashboard.database.write() as tx:
        await _own(tx, fence_id, version, reach)
        await retire_fence(tx, fence_id, version, at=at, by=principal.id, reach=reach)
        return await FenceStore(tx).get(fence_id, version, reach=reach)


async def history(tx: Transaction, fence_id: FenceId, reach: Reach) -> tuple[FenceRecord, ...]:
    """Return every version of a fence, oldest first. Raises NotFound when none is within reach."""
    found = await FenceStore(tx).versions(fence_id, reach=reach)
    if not found:
        raise NotFound("not-found", "There is no such fence", fence_id=fence_id)
    return found


async def _draw(
    tx: Transaction, draft: FenceDraft, principal: Principal, at: datetime, *, after: int | None
) -> FenceRecord:
    reach = reach_of(principal)
    must_own(draft, reach)
    newest = await FenceStore(tx).newest_of(draft.fence_id)
    if newest is not None:
        must_own(newest.draft, reach)
    _must_follow(draft.fence_id, newest, after)
    version = await draw_fence(tx, draft, at=at, by=principal.id)
    return await FenceStore(tx).get(draft.fence_id, version, reach=reach)


def _must_follow(fence_id: FenceId, newest: FenceRecord | None, after: int | None) -> None:
    """Raise Conflict("already-exists") or VersionMismatch unless `after` is the newest version, 0 for none
    and None for whichever."""
    held = 0 if newest is None else newest.version
    if after is None or after == held:
        return
    if after == 0:
        raise Conflict("already-exists", "There is a fence with this id", fence_id=fence_id)
    raise VersionMismatch(
        "version-mismatch", f"Version {held} is the newest of this fence", version=held, given=after
    )


async def _own(tx: Transaction, fence_id: FenceId, version: FenceVersion, reach: Reach) -> None:
    must_own((await FenceStore(tx).get(fence_id, version, reach=reach)).draft, reach)


def must_own(draft: FenceDraft, reach: Reach) -> None:
    """Raise Forbidden unless a fence is of the reach's own district and operator.

    Whoever is bound to some reads everybody's fences, but draws only those.
    """
    for field, value, own in (
        ("district", draft.district, reach.districts),
        ("operator", draft.operator, reach.operators),
    ):
        if own is not None and value not in own:
            raise Forbidden(
                "forbidden",
                f"A fence whose {field} is {value or 'everybody'} is not yours to change",
                field=field,
                limit=", ".join(sorted(own)),
            )


def _drawable(dashboard: DashboardParts, draft: FenceDraft) -> FenceDraft:
    """Return the draft; raise Invalid("shape-invalid") when it lies outside the city."""
    corners = [_box(district.geometry) for district in dashboard.city.districts]
    if not corners:
        return draft
    west, south = (min(box[n] for box in corners) - EDGE_DEG for n in (0, 1))
    east, north = (max(box[n] for box in corners) + EDGE_DEG for n in (2, 3))
    box = bounding_box([draft.area])
    if box[0] < west or box[1] < south or box[2] > east or box[3] > north:
        raise Invalid(
            "shape-invalid",
            "The fence lies outside the city",
            field="geometry",
            limit=f"longitude {west:.2f} to {east:.2f}, latitude {south:.2f} to {north:.2f}",
        )
    return draft


def _box(geometry: Mapping[str, Any]) -> tuple[float, float, float, float]:
    polygons = geometry["coordinates"]
    if geometry["type"] == "Polygon":
        polygons = [polygons]
    return bounding_box([polygons])
