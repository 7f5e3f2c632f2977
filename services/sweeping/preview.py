"""A plan that somebody looks at before a zone is saved. A worker makes it; it is kept for a while."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NewType

from msgspec import Struct

from core.ids import DistrictCode, OperatorId, StaffId
from geofences import shapes
from geofences.geo import LocalPlane
from services.sweeping.left_out import LeftOut
from services.sweeping.plan import Plan
from services.sweeping.zone import Drawing, PlanState, ZoneKind

PreviewId = NewType("PreviewId", str)
PATIENCE: Final = timedelta(seconds=120)
"""Nobody waits longer: then it is given up, whatever became of its worker. The largest zone takes some
ten seconds, and a second worker has time for it after the first was killed."""
KEPT: Final = timedelta(hours=1)
SECONDS_PER_HECTARE: Final = 1.0
"""What a plan takes, as measured for zones (services.sweeping.zone.MOST_M2)."""
AT_LEAST_S: Final = 1.0


class PreviewState(StrEnum):
    """How far a preview is at a moment."""

    WAITING = "waiting"
    PLANNING = "planning"
    READY = "ready"
    FAILED = "failed"
    LATE = "late"
    """No worker came back with it in time."""


PREVIEW_STATE_NAMES: dict[PreviewState, tuple[str, str]] = {
    PreviewState.WAITING: ("排队中", "waiting for a worker"),
    PreviewState.PLANNING: ("规划中", "being planned"),
    PreviewState.READY: ("已规划", "planned"),
    PreviewState.FAILED: ("无法规划", "cannot be planned"),
    PreviewState.LATE: ("规划超时", "took too long"),
}


class Preview(Struct, frozen=True, kw_only=True):
    """A drawing and what a worker made of it. ``number`` grows with every new drawing of the same preview:
    what a worker found out of an earlier one is dropped. Moments are wall time."""

    preview_id: PreviewId
    number: int = 1
    asked_by: StaffId
    district: DistrictCode
    operator: OperatorId
    drawing: Drawing
    state: PlanState = PlanState.WANTED
    problem: str = ""
    """Code of the problem for which it cannot be planned."""
    fields: dict[str, Any] = {}
    """What the problem names: a width, a street."""
    plan: Plan | None = None
    left_out: tuple[LeftOut, ...] = ()
    asked_at: datetime
    gives_up_at: datetime
    held_until: datetime | None = None


def state_at(preview: Preview, wall: datetime) -> PreviewState:
    """Return how far a preview is; late ones are found so by whoever looks, no worker need live for it."""
    if preview.state is not PlanState.WANTED:
        return PreviewState(preview.state.value)
    if wall >= preview.gives_up_at:
        return PreviewState.LATE
    is_held = preview.held_until is not None and preview.held_until > wall
    return PreviewState.PLANNING if is_held else PreviewState.WAITING


def expected_s(drawing: Drawing) -> float:
    """Return how many seconds a worker will need for a drawing."""
    if drawing.kind is ZoneKind.STREETS:
        return AT_LEAST_S
    shape = shapes.to_geos(drawing.area)
    hectares = float(LocalPlane.around(shape).project(shape).area) / 10_000
    return max(AT_LEAST_S, SECONDS_PER_HECTARE * hectares)
