"""When a cause that the tracker sees stands, and when it is gone."""

import msgspec

from fleet.telemetry.silence_groups import GroupLimits


class AlarmLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Thresholds with a gap between raising and clearing; times are city seconds."""

    outside_s: float = 5.0
    back_inside_s: float = 5.0
    no_go_s: float = 0.0
    """A forbidden place is said at the first point (as the fence transitions do)."""
    out_of_no_go_s: float = 5.0
    overspeed_ratio: float = 1.1
    overspeed_margin_mps: float = 0.3
    """Above limit × ratio + margin: satellite speed is good to about 0.1 m/s."""
    overspeed_s: float = 3.0
    group_wait_s: float = 5.0
    """How long an offline vehicle waits for others of the same cause before it is an alarm of its own."""
    groups: GroupLimits = GroupLimits()
    low_battery_200: int = 40
    """20 %."""
    battery_back_200: int = 50
    """25 %."""
    stopped_mps: float = 0.2
    keep_clear_s: float = 10.0
    """Long enough to give way to somebody; domain.md wants the alarm at once after that."""
    no_fix_s: float = 10.0
    refused_s: float = 5.0
    """Inside, or outside again, for this long, where the service is not allowed."""
    stuck_s: float = 180.0
    """Longer than a red light and a level crossing; standing at a stop, held or charging is not stuck."""
    moves_mps: float = 0.5
    battery_cold_c: float = -20.0
    """Discharge limit of common lithium iron phosphate cells; a maker's own limit comes as fault 102."""
    battery_cold_back_c: float = -17.0
    battery_hot_c: float = 60.0
    """Upper limit of discharge of the same cells; fault 103 is the maker's own."""
    battery_hot_back_c: float = 50.0
    cargo_low_c: float = -5.0
    cargo_high_c: float = 40.0
    """Ours, for goods without a band of their own; judged only while something is loaded."""
    cargo_gap_c: float = 2.0
    cargo_s: float = 60.0
    open_s: float = 180.0
    """Long enough to load or to collect; driving with an open compartment is an alarm at once."""
    said_gone_s: float = 5.0
    """What a vehicle says of itself must be unsaid for this long: a code that flickers is one alarm."""
    crash_mps2: float = 30.0
    """Three times what any brake of a wheeled vehicle can do (1 g): something was hit."""
