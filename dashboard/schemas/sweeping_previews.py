"""Previews of sweeping zones on the wire: what a drawing would take, before it is saved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta

from dashboard.schemas.sweeping import DrawnBody, SweepingPlanView, View, passes_of, plan_view
from geofences import shapes
from services.sweeping.left_out import WHY_NAMES, LeftOut
from services.sweeping.preview import PREVIEW_STATE_NAMES, Preview, PreviewState, expected_s, state_at


class SweepingPreviewBody(DrawnBody, frozen=True, kw_only=True):
    """A drawing that nobody saved yet, and whose it would be."""

    district: Annotated[str, Meta(pattern=r"^[A-Z]{2}$")]
    operator: Annotated[str, Meta(min_length=1, max_length=64)]


class LeftOutView(View, frozen=True):
    """How much ground stays unswept for one reason."""

    why: str
    why_zh: str
    why_en: str
    m2: float


class SweepingPreviewView(View, frozen=True):
    """A drawing and what a worker made of it so far. ``number`` grows with every drawing asked for under the
    same id. ``plan`` is null until it is ``ready``; ``coveredRatio`` is the swept share of all that was
    drawn, 0 to 1. ``expectedS``: seconds that a worker takes about; ``waitedS``: since it was asked for."""

    preview_id: str
    number: int
    state: str
    state_zh: str
    state_en: str
    problem: str
    problem_fields: Mapping[str, Any]
    expected_s: float
    waited_s: float
    plan: SweepingPlanView | None
    covered_ratio: float
    left_out: tuple[LeftOutView, ...]
    passes: Mapping[str, Any]
    """GeoJSON: features with ``kind`` sweep or move."""
    gaps: Mapping[str, Any]
    """GeoJSON of what is left out: features with ``why``."""


def preview_view(preview: Preview, wall: datetime) -> SweepingPreviewView:
    """Return a preview as it is at a moment of wall time."""
    state = state_at(preview, wall)
    zh, en = PREVIEW_STATE_NAMES[state]
    plan = preview.plan if state is PreviewState.READY else None
    return SweepingPreviewView(
        preview_id=preview.preview_id,
        number=preview.number,
        state=state.value,
        state_zh=zh,
        state_en=en,
        problem=preview.problem,
        problem_fields=preview.fields,
        expected_s=round(expected_s(preview.drawing), 1),
        waited_s=round(max(0.0, (wall - preview.asked_at).total_seconds()), 1),
        plan=None if plan is None else plan_view(preview.state, preview.problem, plan),
        covered_ratio=0.0 if plan is None else round(min(1.0, plan.covered_m2 / plan.zone_m2), 4),
        left_out=tuple(_left_out(each) for each in preview.left_out),
        passes=passes_of(plan),
        gaps=_gaps(preview.left_out),
    )


def _left_out(found: LeftOut) -> LeftOutView:
    zh, en = WHY_NAMES[found.why]
    return LeftOutView(why=found.why.value, why_zh=zh, why_en=en, m2=found.m2)


def _gaps(found: tuple[LeftOut, ...]) -> Mapping[str, Any]:
    features = [
        {"type": "Feature", "geometry": shapes.to_geojson(each.area), "properties": {"why": each.why.value}}
        for each in found
    ]
    return {"type": "FeatureCollection", "features": features}
