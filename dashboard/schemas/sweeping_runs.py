"""Sweeping runs on the wire, with what was really swept by cell and by month."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import h3.api.basic_int as h3i
from msgspec import Meta

from dashboard.schemas.sweeping import Body, View
from geofences import geo
from services.sweeping.effects import has_swept
from services.sweeping.ledger import CellSwept
from services.sweeping.run import SweepingRun
from services.sweeping.run_states import REST_NAMES, RUN_KIND_NAMES, RUN_REASON_NAMES, STATE_NAMES
from services.sweeping.run_store import MonthSum
from services.sweeping.watch_run import SweptSoFar
from services.sweeping.wetness import WAY_NAMES
from services.sweeping.zone import SweepingZone
from services.tasks.states import StopKind, StopState
from services.tasks.task import Task

VehicleNumber = Annotated[int, Meta(ge=1, le=4_294_967_295)]


class StartRunBody(Body, frozen=True):
    """Which vehicle alone may do it; any without."""

    vehicle_no: VehicleNumber | None = None


class ExcuseBody(Body, frozen=True):
    """Why ground was not swept."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class RecallRunBody(Body, frozen=True):
    """Why a run is called home, and what becomes of the ground that it did not sweep."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    rest: Literal["repair", "excused"]


class SweepingRunView(View, frozen=True):
    """A run. m² are 0 until it is measured.

    While it is under way ``passesDone`` of its ``passes`` (stretches of some 500 m) are behind its vehicle,
    and ``hasBegun`` says that it has left for the first; otherwise they are 0 and false.
    """

    run_id: str
    version: int
    zone_id: str
    district: str
    kind: str
    kind_zh: str
    kind_en: str
    state: str
    state_zh: str
    state_en: str
    repairs: str | None
    is_scheduled: bool
    wanted_vehicle_no: int | None
    vehicle_no: int | None
    vehicle_code: str | None
    has_begun: bool
    passes: int
    passes_done: int
    way: str | None
    way_zh: str
    way_en: str
    reason: str
    reason_zh: str
    reason_en: str
    asked_by_name: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    planned_m2: float
    verified_m2: float
    missed_m2: float
    rest: str
    rest_zh: str
    rest_en: str
    excuse: str
    excused_by_name: str


class SweptSoFarView(View, frozen=True):
    """What a run swept by its positions until ``asOf`` (null while there are none): preliminary, for the
    record is not complete before the run is measured."""

    as_of: datetime | None
    planned_m2: float
    swept_m2: float
    cells: int
    cells_swept: int


class SweepingRunSheet(View, frozen=True):
    """A run with what was swept, as GeoJSON: one feature a cell with ``share`` 0 to 1, ``isMissed`` and
    ``isToDo``.

    ``soFar`` is there from the moment when a vehicle was given the run until it is measured: cells are still
    to do then, and missed afterwards.
    """

    run: SweepingRunView
    so_far: SweptSoFarView | None
    cells: Mapping[str, Any]


class SweepingMonthView(View, frozen=True):
    """What was swept of a zone in a month of the city."""

    zone_id: str
    name_zh: str
    name_en: str
    month: str
    runs: int
    repairs: int
    planned_m2: float
    verified_m2: float
    missed_m2: float


class RunFacts(NamedTuple):
    """What is known of a run beside it: the code of its vehicle, and its task while it is under way."""

    code: str | None = None
    task: Task | None = None


def run_view(run: SweepingRun, facts: RunFacts) -> SweepingRunView:
    """Return a run with its words."""
    passes = [stop for stop in facts.task.stops if stop.kind is StopKind.SWEEP] if facts.task else []
    kind_zh, kind_en = RUN_KIND_NAMES[run.kind]
    state_zh, state_en = STATE_NAMES[run.state]
    way_zh, way_en = ("", "") if run.way is None else WAY_NAMES[run.way]
    rest_zh, rest_en = REST_NAMES[run.rest]
    reason_zh, reason_en = RUN_REASON_NAMES.get(run.reason, (run.reason, run.reason))
    return SweepingRunView(
        run_id=run.run_id,
        version=run.version,
        zone_id=run.zone_id,
        district=run.district,
        kind=run.kind.value,
        kind_zh=kind_zh,
        kind_en=kind_en,
        state=run.state.value,
        state_zh=state_zh,
        state_en=state_en,
        repairs=run.repairs,
        is_scheduled=run.occurrence_id is not None,
        wanted_vehicle_no=run.wanted_vehicle_no,
        vehicle_no=run.vehicle_no,
        vehicle_code=facts.code,
        has_begun=facts.task is not None and has_swept(facts.task),
        passes=len(passes),
        passes_done=sum(stop.state is StopState.DONE for stop in passes),
        way=None if run.way is None else run.way.value,
        way_zh=way_zh,
        way_en=way_en,
        reason=run.reason,
        reason_zh=reason_zh,
        reason_en=reason_en,
        asked_by_name=run.asked_by_name,
        created_at=run.created_at,
        started_at=run.started_at,
        ended_at=run.ended_at,
        planned_m2=run.planned_m2,
        verified_m2=run.verified_m2,
        missed_m2=run.missed_m2,
        rest=run.rest.value,
        rest_zh=rest_zh,
        rest_en=rest_en,
        excuse=run.excuse,
        excused_by_name=run.excused_by_name,
    )


def run_sheet(
    run: SweepingRun, facts: RunFacts, cells: Sequence[CellSwept], so_far: SweptSoFar | None = None
) -> SweepingRunSheet:
    """Return a run with its cells as GeoJSON: as measured, or those of what it swept so far."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Polygon", "coordinates": [_outline(cell.cell)]},
            "properties": {
                "share": round(cell.share, 3),
                "isMissed": cell.is_missed and so_far is None,
                "isToDo": not cell.is_swept and so_far is not None,
            },
        }
        for cell in (cells if so_far is None else so_far.ledger.cells)
    ]
    return SweepingRunSheet(
        run=run_view(run, facts),
        so_far=None if so_far is None else _so_far_view(so_far),
        cells={"type": "FeatureCollection", "features": features},
    )


def _so_far_view(so_far: SweptSoFar) -> SweptSoFarView:
    found = so_far.ledger
    return SweptSoFarView(
        as_of=so_far.until,
        planned_m2=round(found.planned_m2, 1),
        swept_m2=round(found.verified_m2, 1),
        cells=len(found.cells),
        cells_swept=sum(cell.is_swept for cell in found.cells),
    )


def month_view(found: MonthSum, zone: SweepingZone) -> SweepingMonthView:
    """Return the sums of a zone's month."""
    return SweepingMonthView(
        name_zh=zone.name_zh,
        name_en=zone.name_en,
        zone_id=found.zone_id,
        month=found.month,
        runs=found.runs,
        repairs=found.repairs,
        planned_m2=round(found.planned_m2, 1),
        verified_m2=round(found.verified_m2, 1),
        missed_m2=round(found.missed_m2, 1),
    )


def _outline(cell: int) -> list[tuple[float, float]]:
    ring = [geo.to_position(lat, lng) for lat, lng in h3i.cell_to_boundary(cell)]
    return [*ring, ring[0]]
