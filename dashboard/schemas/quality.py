"""Data quality as people see it."""

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from dashboard.quality_sheets import QualitySheet, VehicleQualitySheet
from fleet.quality.samples import Sample
from fleet.quality.shown import MakerQuality, VehicleQuality
from fleet.quality.store import QualityDay


class QualityDayView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A city day that is over."""

    day: date
    maker: str
    score: float
    positions: int
    counts: Mapping[str, int]
    formula_version: int


class QualityView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Makers by name, the worst vehicles first, days newest first.

    `counted_at_ms`: when the newest count was taken; null when nothing was counted in the last five minutes.
    """

    counted_at_ms: int | None
    makers: tuple[MakerQuality, ...]
    vehicles: tuple[VehicleQuality, ...]
    days: tuple[QualityDayView, ...]


class VehicleQualityView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One vehicle now and on the days that had something to say about it."""

    now: VehicleQuality
    days: tuple[QualityDayView, ...]


class SamplesView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The newest of what was refused."""

    maker: str
    samples: tuple[Sample, ...]


def quality_view(sheet: QualitySheet) -> QualityView:
    """Return the city's quality in the api's words."""
    return QualityView(
        counted_at_ms=sheet.counted_ms,
        makers=tuple(sheet.makers),
        vehicles=tuple(sheet.vehicles),
        days=_days(sheet.days),
    )


def vehicle_quality_view(sheet: VehicleQualitySheet) -> VehicleQualityView:
    """Return a vehicle's quality in the api's words."""
    return VehicleQualityView(now=sheet.now, days=_days(sheet.days))


def _days(days: Sequence[QualityDay]) -> tuple[QualityDayView, ...]:
    return tuple(
        QualityDayView(
            day=one.day,
            maker=one.maker,
            score=one.score,
            positions=one.positions,
            counts=one.counts,
            formula_version=one.formula_version,
        )
        for one in days
    )
