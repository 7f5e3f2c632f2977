"""The rule at a place, as screens show it."""

from collections.abc import Mapping

import msgspec

from geofences.fences import KIND_NAMES, FenceRef
from geofences.rules import EffectiveRule


class FenceName(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One version of a fence."""

    fence_id: str
    version: int
    kind: str
    kind_zh: str
    kind_en: str
    name_zh: str
    name_en: str


class RuleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The one rule that holds at a place and a time for one service and operator."""

    speed_limit_mps: float | None
    no_entry: bool
    no_stopping: bool
    is_service_allowed: bool
    capacity: int | None
    decided_by: Mapping[str, FenceName]
    """Field → the fence that decided it; a field that none decided is left out."""
    fences: tuple[FenceName, ...]
    """Every fence in force there, most specific first."""


_FIELDS = {
    "speed_limit_mps": "speedLimitMps",
    "no_entry": "noEntry",
    "no_stopping": "noStopping",
    "is_service_allowed": "isServiceAllowed",
    "capacity": "capacity",
}


def rule_view(rule: EffectiveRule) -> RuleView:
    """Return a rule in the api's words."""
    return RuleView(
        speed_limit_mps=rule.speed_limit_mps,
        no_entry=rule.no_entry,
        no_stopping=rule.no_stopping,
        is_service_allowed=rule.is_service_allowed,
        capacity=rule.capacity,
        decided_by={_FIELDS[field]: fence_name(fence) for field, fence in rule.decided_by.items()},
        fences=tuple(fence_name(fence) for fence in rule.fences),
    )


def fence_name(fence: FenceRef) -> FenceName:
    """Return the name of a version with its kind in both languages."""
    zh, en = KIND_NAMES[fence.kind]
    return FenceName(
        fence_id=fence.fence_id,
        version=fence.version,
        kind=fence.kind.value,
        kind_zh=zh,
        kind_en=en,
        name_zh=fence.name_zh,
        name_en=fence.name_en,
    )
