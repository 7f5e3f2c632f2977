"""Limits come from the city's settings, with the same defaults."""

import pytest

from core.errors import Invalid
from core.settings import CauseSettings, load
from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.limits_of import alarm_limits_of
from fleet.telemetry.pipeline import Pipeline
from fleet.telemetry.steps.alarm_limits import AlarmLimits
from tests.unit.fleet.telemetry.lines import Line


def test_a_city_that_sets_nothing_judges_by_the_defaults() -> None:
    assert alarm_limits_of(CauseSettings()) == AlarmLimits()


def test_a_limit_of_the_environment_decides_when_goods_are_too_warm() -> None:
    causes = load({"STEPPE_CAUSES__CARGO_HIGH_C": "8", "STEPPE_CAUSES__CARGO_S": "0.5"}).causes
    line = Line()
    line.pipeline = Pipeline(line.roster, alarm_limits=alarm_limits_of(causes))
    for at_s, tenths in enumerate((80, 81, 81, 60, 60), start=1):
        line.state(at_s, cargo_dc=tenths, compartments_loaded=1)
    assert line.signals == [
        (3, "raised", AlarmKind.CARGO_TEMPERATURE),
        (5, "cleared", AlarmKind.CARGO_TEMPERATURE),
    ]


def test_a_band_that_no_temperature_fits_is_refused_by_the_settings_name() -> None:
    with pytest.raises(Invalid) as refused:
        alarm_limits_of(CauseSettings(cargo_low_c=5.0, cargo_high_c=9.0))
    assert refused.value.fields["field"] == "STEPPE_CAUSES__CARGO_HIGH_C"
