"""No water goes onto a road that is colder than +3 °C."""

import pytest

from services.sweeping.wetness import REASON_NAMES, WAY_NAMES, Reason, Sweeping, Way, way_of


@pytest.mark.parametrize(
    ("road_c", "air_c", "may_sweep_dry", "expected"),
    [
        (3.0, None, True, Sweeping(Way.WET, Reason.AS_PLANNED)),
        (2.9, None, True, Sweeping(Way.DRY, Reason.ROAD_COLD)),
        (-25.0, None, False, Sweeping(Way.CANCELLED, Reason.ROAD_COLD)),
        (8.0, -10.0, False, Sweeping(Way.WET, Reason.AS_PLANNED)),
        (None, 5.0, True, Sweeping(Way.WET, Reason.AS_PLANNED)),
        (None, 4.9, True, Sweeping(Way.DRY, Reason.ROAD_COLD)),
        (None, None, True, Sweeping(Way.DRY, Reason.ROAD_UNKNOWN)),
        (None, None, False, Sweeping(Way.CANCELLED, Reason.ROAD_UNKNOWN)),
    ],
)
def test_the_road_decides_and_else_the_air_with_a_margin(
    road_c: float | None, air_c: float | None, may_sweep_dry: bool, expected: Sweeping
) -> None:
    assert way_of(wants_water=True, may_sweep_dry=may_sweep_dry, road_c=road_c, air_c=air_c) == expected


def test_a_dry_run_is_dry_at_any_temperature() -> None:
    assert way_of(wants_water=False, may_sweep_dry=True, road_c=-30.0).reason is Reason.AS_PLANNED


def test_every_way_and_reason_has_both_names() -> None:
    assert set(WAY_NAMES) == set(Way)
    assert set(REASON_NAMES) == set(Reason)
    assert all(zh and en for zh, en in (*WAY_NAMES.values(), *REASON_NAMES.values()))
