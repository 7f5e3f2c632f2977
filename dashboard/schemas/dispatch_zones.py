"""Zones of dispatch: by which weights each decides, and who set them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import DistrictCode
from services.delivery.wait_rule import LEAST_WAIT_S, MOST_WAIT_S, WaitRule
from services.dispatch.freeze import ZoneFreeze
from services.dispatch.weights import HIGHEST_LEVEL, LIMITS, MOST_LEVELS, Weights, WeightsVersion

Reason = Annotated[str, Meta(min_length=1, max_length=500)]
Weight = Annotated[float, Meta(ge=0, le=100_000)]
"""What any weight may be; services.dispatch.weights narrows each to its own limits and names them."""


class WeightsBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Every weight of a zone; what is left out takes its default."""

    start: Weight = 1.0
    idle: Weight = 0.25
    late: Weight = 2.0
    empty_s_per_km: Weight = 10.0
    low_battery_ratio: Weight = 0.35
    low_battery_s: Weight = 600.0
    waited: Weight = 0.5
    waited_cap_s: Weight = 86_400.0
    priority_s: Weight = 120.0
    levels: dict[str, int] = {}
    """Level by kind of merchant, 0 to 5; a kind that is not named has level 0."""


class NewWeights(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Weights in place of ``version``, and why."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    reason: Reason
    weights: WeightsBody


class WeightsVersionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One version of a zone's weights; version 0 are the defaults, which nobody set."""

    version: int
    at: datetime | None
    by_name: str | None
    reason: str
    weights: WeightsBody


class NewFreeze(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Freeze a zone (`is_frozen`) or let it work again, in place of ``version``, and why."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    is_frozen: bool
    reason: Reason


class FreezeView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Whether a zone gives out work and who said so; version 0: nobody ever froze it."""

    version: int
    is_frozen: bool
    at: datetime | None
    by_name: str | None
    reason: str


class NewWaits(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How long vehicles wait, in city seconds, in place of ``version``, and why; ``firstS`` null is each
    pickup point's own."""

    version: Annotated[int, Meta(ge=0, le=1_000_000)]
    first_s: Annotated[float, Meta(ge=LEAST_WAIT_S, le=MOST_WAIT_S)] | None = None
    second_s: Annotated[float, Meta(ge=LEAST_WAIT_S, le=MOST_WAIT_S)]
    reason: Reason


class PickupWaitsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How long vehicles wait at the first and the second point; version 0 is what nobody set."""

    version: int
    first_s: float | None
    second_s: float
    at: datetime | None
    by_name: str
    reason: str


class WeightLimitView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a weight may be, and what people call it."""

    field: str
    low: float
    high: float
    unit: str
    name_zh: str
    name_en: str


class ZoneBrief(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A zone with the weights that hold."""

    district: str
    weights: WeightsVersionView
    freeze: FreezeView


class ZoneList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Zones in which vehicles within the reader's reach deliver."""

    items: tuple[ZoneBrief, ...]


class ZoneDetail(ZoneBrief, frozen=True):
    """A zone with every version of its weights, the newest first, and what each weight may be."""

    history: tuple[WeightsVersionView, ...]
    freezes: tuple[FreezeView, ...]
    limits: tuple[WeightLimitView, ...]
    merchant_kinds: tuple[str, ...]
    """Of the zone's merchants: what an order's priority is a level of."""
    most_levels: int
    highest_level: int
    waits: PickupWaitsView


def weights_of(body: WeightsBody) -> Weights:
    """Return the weights that a body holds; limits are not checked."""
    return Weights(**msgspec.structs.asdict(body))


def weights_body(weights: Weights) -> WeightsBody:
    """Return weights in the api's words."""
    return WeightsBody(**msgspec.structs.asdict(weights))


def version_view(version: WeightsVersion | None) -> WeightsVersionView:
    """Return a version of weights, None for the defaults."""
    if version is None:
        return WeightsVersionView(
            version=0, at=None, by_name=None, reason="", weights=weights_body(Weights())
        )
    return WeightsVersionView(
        version=version.version,
        at=version.at,
        by_name=version.by_name,
        reason=version.reason,
        weights=weights_body(version.weights),
    )


def freeze_view(freeze: ZoneFreeze | None) -> FreezeView:
    """Return whether a zone is frozen, None for one that never was."""
    if freeze is None:
        return FreezeView(version=0, is_frozen=False, at=None, by_name=None, reason="")
    return FreezeView(
        version=freeze.version,
        is_frozen=freeze.is_frozen,
        at=freeze.at,
        by_name=freeze.by_name,
        reason=freeze.reason,
    )


def zone_brief(district: DistrictCode, newest: WeightsVersion | None, freeze: ZoneFreeze | None) -> ZoneBrief:
    """Return a line of the list of zones."""
    return ZoneBrief(district=district, weights=version_view(newest), freeze=freeze_view(freeze))


def zone_detail(
    district: DistrictCode,
    history: Sequence[WeightsVersion],
    freezes: Sequence[ZoneFreeze],
    waits: WaitRule,
    merchant_kinds: tuple[str, ...],
) -> ZoneDetail:
    """Return a zone with its past."""
    return ZoneDetail(
        district=district,
        weights=version_view(history[0] if history else None),
        freeze=freeze_view(freezes[0] if freezes else None),
        history=tuple(version_view(version) for version in history),
        freezes=tuple(freeze_view(freeze) for freeze in freezes),
        limits=tuple(
            WeightLimitView(
                field=_camel(name),
                low=limit.low,
                high=limit.high,
                unit=limit.unit,
                name_zh=limit.zh,
                name_en=limit.en,
            )
            for name, limit in LIMITS.items()
        ),
        merchant_kinds=merchant_kinds,
        most_levels=MOST_LEVELS,
        highest_level=HIGHEST_LEVEL,
        waits=waits_view(waits),
    )


def waits_view(rule: WaitRule) -> PickupWaitsView:
    """Return how long vehicles of a zone wait."""
    return PickupWaitsView(
        version=rule.version,
        first_s=rule.first_s,
        second_s=rule.second_s,
        at=rule.at,
        by_name=rule.by_name,
        reason=rule.reason,
    )


def _camel(name: str) -> str:
    return next(f.encode_name for f in msgspec.structs.fields(WeightsBody) if f.name == name)
