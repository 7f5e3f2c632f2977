"""Gaps in demand: hours in which vehicles are better at a charger. Pure."""

import msgspec

FEW = 0.5
"""An hour with less than this share of the mean is a gap."""
LEAST_A_DAY = 24
"""Fewer orders a day than one an hour tell nothing about hours."""


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Orders placed in a 旗区: in the last day, and in the hour that begins now as it was before."""

    last_day: int
    hour_yesterday: int
    hour_last_week: int
    waiting: int = 0


def is_gap(demand: Demand) -> bool:
    """Return whether the next hour is likely quiet: it was, yesterday and a week ago, and nobody waits."""
    if demand.waiting or demand.last_day < LEAST_A_DAY:
        return False
    return max(demand.hour_yesterday, demand.hour_last_week) < FEW * demand.last_day / 24
