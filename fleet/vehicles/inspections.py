"""When a vehicle must be inspected next: an interval by company and model, from the last one. Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from fleet.vehicles.vehicle import Vehicle

ANY: Final = ""
"""A rule's company or model that stands for every one."""
LONGEST_INTERVAL_DAYS: Final = 3_650


class InspectionRule(msgspec.Struct, frozen=True, kw_only=True):
    """How often vehicles of a company and a model are inspected."""

    operator: str = ANY
    hardware_model: str = ANY
    every_days: int


class InspectionDue(msgspec.Struct, frozen=True, kw_only=True):
    """Where a vehicle stands; ``due_at`` is None while no rule asks for an inspection."""

    inspected_at: datetime | None = None
    """None before the first; then the interval counts from the registration."""
    due_at: datetime | None = None

    def is_overdue(self, at: datetime) -> bool:
        """Return whether the inspection should have been by now."""
        return self.due_at is not None and self.due_at <= at


def rule_for(vehicle: Vehicle, rules: Sequence[InspectionRule]) -> InspectionRule | None:
    """Return the rule of a vehicle: the one that names most decides, the model before the company."""
    fitting = [
        rule
        for rule in rules
        if rule.operator in (ANY, vehicle.operator) and rule.hardware_model in (ANY, vehicle.hardware_model)
    ]
    return max(fitting, key=lambda rule: (rule.hardware_model != ANY, rule.operator != ANY), default=None)


def inspection_due(
    vehicle: Vehicle, inspected_at: datetime | None, rules: Sequence[InspectionRule]
) -> InspectionDue:
    """Return when a vehicle must be inspected next."""
    rule = rule_for(vehicle, rules)
    if rule is None:
        return InspectionDue(inspected_at=inspected_at)
    due_at = (inspected_at or vehicle.registered_at) + timedelta(days=rule.every_days)
    return InspectionDue(inspected_at=inspected_at, due_at=due_at)
