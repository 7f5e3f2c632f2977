"""Intervals of inspections as people set and see them."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from fleet.vehicles.inspections import LONGEST_INTERVAL_DAYS, InspectionRule


class InspectionRuleBody(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """An interval; an empty company or model stands for every one."""

    operator: Annotated[str, Meta(max_length=64)] = ""
    hardware_model: Annotated[str, Meta(max_length=64)] = ""
    every_days: Annotated[int, Meta(ge=1, le=LONGEST_INTERVAL_DAYS)]


class InspectionRuleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An interval; an empty company or model stands for every one."""

    operator: str
    hardware_model: str
    every_days: int


class InspectionRules(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Every interval, by company and model."""

    items: tuple[InspectionRuleView, ...]


def inspection_rules(rules: Sequence[InspectionRule]) -> InspectionRules:
    """Return intervals as screens show them."""
    return InspectionRules(
        items=tuple(
            InspectionRuleView(
                operator=rule.operator, hardware_model=rule.hardware_model, every_days=rule.every_days
            )
            for rule in rules
        )
    )
