"""From a city's settings to the limits by which its trackers judge."""

from core.errors import Invalid
from core.settings import CauseSettings
from fleet.telemetry.silence_groups import GroupLimits
from fleet.telemetry.steps.alarm_limits import AlarmLimits

BATTERY_BACK_RATIO = 0.05
"""How far above the low limit a battery is no longer low."""
COLD_BACK_C, HOT_BACK_C = 3.0, 10.0
"""How far inside its limits a battery is no longer too cold or too hot: cells change slowly."""


def alarm_limits_of(causes: CauseSettings) -> AlarmLimits:
    """Return the limits; raise Invalid, naming the setting, where a cause could never be gone."""
    gap_c = AlarmLimits().cargo_gap_c
    if causes.cargo_high_c - causes.cargo_low_c <= 2 * gap_c:
        raise Invalid(
            "invalid-input",
            f"STEPPE_CAUSES__CARGO_HIGH_C must be more than {2 * gap_c:g} above STEPPE_CAUSES__CARGO_LOW_C",
            field="STEPPE_CAUSES__CARGO_HIGH_C",
            limit=causes.cargo_low_c + 2 * gap_c,
        )
    return AlarmLimits(
        outside_s=causes.left_area_s,
        back_inside_s=causes.left_area_s,
        overspeed_ratio=causes.overspeed_ratio,
        overspeed_s=causes.overspeed_s,
        low_battery_200=round(causes.low_battery_ratio * 200),
        battery_back_200=round((causes.low_battery_ratio + BATTERY_BACK_RATIO) * 200),
        keep_clear_s=causes.keep_clear_s,
        stuck_s=causes.stuck_s,
        battery_cold_c=causes.battery_cold_c,
        battery_cold_back_c=causes.battery_cold_c + COLD_BACK_C,
        battery_hot_c=causes.battery_hot_c,
        battery_hot_back_c=causes.battery_hot_c - HOT_BACK_C,
        cargo_low_c=causes.cargo_low_c,
        cargo_high_c=causes.cargo_high_c,
        cargo_s=causes.cargo_s,
        open_s=causes.compartment_open_s,
        groups=GroupLimits(
            least=causes.group_least,
            within_s=causes.group_within_s,
            share=causes.group_share,
            link=causes.group_link,
        ),
    )
