"""Incidents as people report, see and move them; field names are those of MDS 2.1 where it has one."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import VehicleNo
from dashboard.cursors import write_cursor
from fleet.evidence.store import SealedBundle
from fleet.evidence.waiting import Awaited, Waiting
from fleet.incidents.incident import Incident
from fleet.incidents.kinds import IncidentSeverity, IncidentType, Responsibility
from fleet.incidents.open_incidents import NewIncident

Words = Annotated[str, Meta(min_length=1, max_length=4000)]
Reason = Annotated[str, Meta(min_length=1, max_length=1000)]
Version = Annotated[int, Meta(ge=1, le=2_147_483_647)]
Lat = Annotated[float, Meta(ge=-90, le=90)]
Lng = Annotated[float, Meta(ge=-180, le=180)]


class ReportIncident(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What somebody saw or was told; `happenedAt` may be days ago."""

    vehicle_no: Annotated[int, Meta(ge=1, le=4_294_967_295)]
    incident_type: IncidentType
    happened_at: datetime
    description: Words
    severity: IncidentSeverity | None = None
    medical_dispatch: bool = False
    report_id: Annotated[str, Meta(max_length=80)] = ""
    lat: Lat | None = None
    lng: Lng | None = None
    hold_scene: bool = False


class TriageIncident(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What it is, on a second look; null leaves a field as it is."""

    reason: Reason
    incident_type: IncidentType | None = None
    severity: IncidentSeverity | None = None
    medical_dispatch: bool | None = None
    report_id: Annotated[str, Meta(max_length=80)] | None = None
    version: Version | None = None


class MoveIncident(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why the step is taken; `version` refuses when somebody changed the incident meanwhile."""

    reason: Reason
    version: Version | None = None


class DetermineResponsibility(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """Who answers for it, and why."""

    responsibility: Responsibility
    reason: Words
    version: Version | None = None


class WhyHold(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why a scene is held or released, or more evidence is asked for."""

    reason: Reason


class StepView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One thing that was done."""

    event: str
    by_name: str
    role: str
    at: datetime
    reason: str


class IncidentView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One incident."""

    incident_id: str
    incident_type: str
    vehicle_no: int
    code: str | None
    district: str
    operator: str
    state: str
    incident_time: datetime
    discovery_time: datetime
    last_updated: datetime
    window_from: datetime
    window_to: datetime
    severity: str | None
    medical_dispatch: bool
    description: str
    report_id: str
    preliminary: bool
    lat: float | None
    lng: float | None
    opened_by_name: str
    is_scene_held: bool
    responsibility: str | None
    responsibility_note: str
    evidence_edition: int
    is_evidence_owed: bool
    due_at: datetime | None
    is_overdue: bool
    steps: tuple[StepView, ...]
    version: int


class IncidentPage(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A page of incidents, the latest first; `next_cursor` is null on the last one."""

    items: tuple[IncidentView, ...]
    next_cursor: str | None = None


class BundleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One sealed edition."""

    edition: int
    sha256: str
    size: int
    sealed_at: datetime
    keep_until: datetime
    public_key: str


class OwedBundle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The edition that comes next: what it waits for, and until when at the latest if a clock says so."""

    edition: int
    awaits: Awaited
    until: datetime | None


class BundleList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The sealed editions of an incident, the first first; `owed` is null when nothing is to be sealed."""

    items: tuple[BundleView, ...]
    owed: OwedBundle | None


def new_incident(data: ReportIncident) -> NewIncident:
    """Return the report in the domain's words."""
    return NewIncident(
        vehicle_no=VehicleNo(data.vehicle_no),
        type=data.incident_type,
        happened_at=data.happened_at,
        description=data.description,
        severity=data.severity,
        medical_dispatch=data.medical_dispatch,
        report_id=data.report_id,
        lat=data.lat,
        lng=data.lng,
        hold_scene=data.hold_scene,
    )


def incident_view(incident: Incident, code: str | None, at: datetime) -> IncidentView:
    """Return an incident as screens show it, with the code that its vehicle carries now."""
    same = (
        "incident_id", "vehicle_no", "district", "operator", "window_from", "window_to", "medical_dispatch",
        "description", "report_id", "lat", "lng", "opened_by_name", "is_scene_held", "responsibility_note",
        "evidence_edition", "due_at", "version",
    )  # fmt: skip
    return IncidentView(
        **{name: getattr(incident, name) for name in same},
        incident_type=incident.type.value,
        code=code,
        state=incident.state.value,
        incident_time=incident.happened_at,
        discovery_time=incident.discovered_at,
        last_updated=incident.changed_at,
        severity=None if incident.severity is None else incident.severity.value,
        preliminary=incident.is_preliminary,
        responsibility=None if incident.responsibility is None else incident.responsibility.value,
        is_evidence_owed=not incident.is_sealed,
        is_overdue=incident.due_at is not None and incident.due_at < at,
        steps=tuple(
            StepView(event=step.event, by_name=step.by_name, role=step.role, at=step.at, reason=step.reason)
            for step in incident.steps
        ),
    )


def incident_page(
    incidents: Sequence[Incident], codes: Mapping[VehicleNo, str | None], limit: int, at: datetime
) -> IncidentPage:
    """Return a page of at most `limit` of the incidents, which are one more when there is a next page."""
    shown = incidents[:limit]
    more = len(incidents) > limit
    cursor = write_cursor((shown[-1].happened_at, shown[-1].incident_id)) if more else None
    return IncidentPage(
        items=tuple(incident_view(one, codes.get(one.vehicle_no), at) for one in shown), next_cursor=cursor
    )


def bundle_list(bundles: Sequence[SealedBundle], waiting: Waiting | None) -> BundleList:
    """Return editions, and the one that is owed, as screens show them."""
    names = BundleView.__struct_fields__
    owed = None if waiting is None else OwedBundle(**msgspec.structs.asdict(waiting))
    return BundleList(
        items=tuple(BundleView(**{name: getattr(one, name) for name in names}) for one in bundles), owed=owed
    )
