"""What screens are told of the past, and what an export is asked for with."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict

from fleet.history.ledger import Level
from fleet.history.summary import Gap, Summary
from fleet.vehicles.kinds import ControlMode

Moment = Annotated[int, Meta(ge=0, le=4_102_444_800_000, description="City milliseconds")]

VehicleNumber = Annotated[int, Meta(ge=1, le=4_294_967_295)]


class GapView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A span in which a vehicle said nothing for more than 15 s."""

    from_ms: int
    to_ms: int


class PositionColumns(Struct, frozen=True, kw_only=True, rename="camel"):
    """Positions as columns of one length."""

    vehicle_no: list[int]
    measured_at_ms: list[int]
    lat: list[float]
    lng: list[float]
    speed_mps: list[float]
    heading_deg: list[float]
    battery_ratio: list[float | None]
    control_mode: list[ControlMode]
    accuracy_m: list[float | None]


class ReplayView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One vehicle over a span of city time, oldest first."""

    vehicle_no: int
    from_ms: int
    to_ms: int
    level: Level
    """How finely the coarsest hour of the span is kept."""
    is_cut: bool
    """There were more positions than asked for: every nth is given."""
    gaps: tuple[GapView, ...]
    positions: PositionColumns


class AreaView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Everybody in a box over a span of city time."""

    from_ms: int
    to_ms: int
    positions: PositionColumns


class SummaryView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one vehicle did over a span; docs/history.md has the formulas."""

    vehicle_no: int
    positions: int
    first_ms: int
    last_ms: int
    distance_m: float
    moving_s: float
    standing_s: float
    silent_s: float
    stops: int
    stopped_s: float
    idle_s: float
    top_speed_mps: float
    mode_s: dict[ControlMode, float]


class SummariesView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Summaries of the vehicles that said anything, with the formula they are made by."""

    from_ms: int
    to_ms: int
    formula: str
    vehicles: tuple[SummaryView, ...]


class ExportAsked(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What to write as which format, and why."""

    format: Literal["csv", "geojson", "gpx"]
    from_ms: Moment
    to_ms: Moment
    vehicles: (
        Annotated[tuple[Annotated[int, Meta(ge=1, le=4_294_967_295)], ...], Meta(max_length=200)] | None
    ) = None
    bbox: Annotated[str, Meta(max_length=80)] | None = None
    """west,south,east,north in degrees."""
    reason: Annotated[str, Meta(min_length=4, max_length=500)]


def summary_view(summary: Summary) -> SummaryView:
    """Return a summary in the api's words."""
    return SummaryView(**asdict(summary))


def gap_view(gap: Gap) -> GapView:
    """Return a gap in the api's words."""
    return GapView(from_ms=gap.from_ms, to_ms=gap.to_ms)
