"""The section of limits by which the trackers judge; a file of its own for its length."""

from typing import Annotated

import msgspec
from msgspec import Meta

Seconds = Annotated[float, Meta(gt=0)]


class CauseSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When what vehicles send is a cause of an alarm; city seconds. A tracker that starts takes them."""

    overspeed_ratio: Annotated[float, Meta(ge=1, le=2)] = 1.1
    """Speed above limit × this + 0.3 m/s is an overspeed. Ours: ten per cent, as traffic police tolerate."""
    overspeed_s: Seconds = 3.0
    """How long it must last, and how long the limit must be kept again. Ours: longer than a slope's surge."""
    left_area_s: Seconds = 5.0
    """How long outside of all operating areas. Ours: as long as the fence's own exit."""
    keep_clear_s: Seconds = 10.0
    """How long a vehicle may stand where stopping is forbidden. Ours: long enough to give way to somebody."""
    stuck_s: Seconds = 180.0
    """How long it stands on the way. Ours: longer than a red light and a level crossing."""
    low_battery_ratio: Annotated[float, Meta(ge=0, le=0.9)] = 0.2
    """Below it the battery is low, 0.05 above it is not any more. Ours: the way home at −25 °C."""
    battery_cold_c: Annotated[float, Meta(ge=-60, le=20)] = -20.0
    """Discharge limit of common lithium iron phosphate cells; a maker's own limit comes as fault 102."""
    battery_hot_c: Annotated[float, Meta(ge=30, le=100)] = 60.0
    """Upper limit of discharge of the same cells; fault 103 is the maker's own."""
    cargo_low_c: Annotated[float, Meta(ge=-60, le=60)] = -5.0
    """Coldest that loaded goods may be. Ours, for goods without a band of their own: bottles do not burst."""
    cargo_high_c: Annotated[float, Meta(ge=-60, le=100)] = 40.0
    """Warmest that loaded goods may be. Ours, for goods without a band of their own: food for an hour."""
    cargo_s: Seconds = 60.0
    """How long outside of the band, and back in it by 2 °C. Ours: an open door is no spoiled lot."""
    compartment_open_s: Seconds = 180.0
    """How long a compartment may stay open. Ours: long enough to load or to collect."""
    group_least: Annotated[int, Meta(ge=2, le=10_000)] = 5
    """Fewest vehicles of one maker or place whose silence is one alarm. Ours: two or three are chance."""
    group_within_s: Seconds = 5.0
    """All of them were last heard within this. Ours: five report intervals."""
    group_share: Annotated[float, Meta(gt=0, le=1)] = 0.5
    """Of those of the maker or place that should be heard. Ours: the common cause is likelier than not."""
    group_link: Annotated[int, Meta(ge=2, le=100_000)] = 20
    """So many of one maker at once are one of its links, whatever share that is (Poisson: not by chance)."""
