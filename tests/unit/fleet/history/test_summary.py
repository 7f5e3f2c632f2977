"""What a vehicle did, out of its positions: distances, stops, silence."""

import numpy as np
import pytest

from fleet.history.kept import HISTORY
from fleet.history.summary import Gap, gaps, summarise
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.records import Records
from fleet.vehicles.kinds import ControlMode

T0 = 1_800_000_000_000
METRE_E7 = 1e7 / 111_195.08
"""Of latitude, on the mean sphere."""


def a_drive(speeds_mps: list[float], **columns: object) -> Records:
    """A position a second; the vehicle drives north as fast as it says."""
    speeds = np.array(speeds_mps)
    records = np.zeros(len(speeds), HISTORY)
    records["vehicle_no"] = 7
    records["measured_ms"] = T0 + np.arange(len(speeds)) * 1000
    records["speed_cm_s"] = speeds * 100
    records["lat_e7"] = 396_000_000 + np.round(np.cumsum(speeds) * METRE_E7)
    records["lng_e7"] = 1_098_000_000
    records["accuracy_dm"] = 10
    for name, values in columns.items():
        records[name] = values
    return records


def test_distance_is_the_sum_of_the_steps_while_it_moves() -> None:
    assert summarise(a_drive([5.0] * 101)).distance_m == pytest.approx(500, abs=0.2)


def test_distance_to_the_east_is_measured_on_the_sphere() -> None:
    """0.01° of longitude at 39.6° are 856.8 m."""
    records = a_drive([20.0] * 61, lat_e7=396_000_000)
    records["lng_e7"] += np.linspace(0, 100_000, 61).astype(np.int32)
    assert summarise(records).distance_m == pytest.approx(856.8, abs=0.3)


def test_a_receiver_that_trembles_while_the_vehicle_stands_measures_nothing() -> None:
    records = a_drive([0.0] * 600)
    records["lat_e7"] += np.tile([0, 40], 300)
    found = summarise(records)
    assert (found.distance_m, found.moving_s, found.standing_s) == (0.0, 0.0, 599.0)


def test_a_jump_of_the_receiver_measures_nothing() -> None:
    records = a_drive([5.0] * 11)
    records["lat_e7"][5] += 100_000
    assert summarise(records).distance_m == pytest.approx(8 * 5, abs=0.1)


@pytest.mark.parametrize(
    "columns", [{"accuracy_dm": 251}, {"mode_flags": int(PositionFlag.NO_FIX)}], ids=["inaccurate", "no-fix"]
)
def test_positions_that_do_not_know_their_place_are_bridged(columns: dict[str, int]) -> None:
    records = a_drive([5.0] * 11)
    for name, value in columns.items():
        records[name][4:7] = value
    records["lat_e7"][4:7] += 50_000
    assert summarise(records).distance_m == pytest.approx(50, abs=0.1)


def test_an_unknown_accuracy_is_trusted() -> None:
    assert summarise(a_drive([5.0] * 11, accuracy_dm=255)).distance_m == pytest.approx(50, abs=0.1)


def test_what_happened_in_a_silence_is_not_known() -> None:
    records = a_drive([5.0] * 20)
    records["measured_ms"][10:] += 16_000
    found = summarise(records)
    assert found.distance_m == pytest.approx(18 * 5, abs=0.1)
    assert (found.moving_s, found.standing_s, found.silent_s) == (18.0, 0.0, 17.0)


def test_a_stop_begins_at_sixty_seconds() -> None:
    short, long = [0.0] * 60, [0.0] * 62
    found = summarise(a_drive([5.0, *short, 5.0, *long, 5.0]))
    assert (found.stops, found.stopped_s, found.standing_s) == (1, 61.0, 120.0)


def test_a_silence_ends_a_stop() -> None:
    records = a_drive([0.0] * 80)
    records["measured_ms"][40:] += 16_000
    assert summarise(records).stops == 0


def test_idle_is_standing_switched_on_and_not_charging() -> None:
    flags = [0] * 10 + [5] * 10 + [int(PositionFlag.CHARGING)] * 11
    found = summarise(a_drive([0.0] * 31, mode_flags=flags))
    assert (found.standing_s, found.idle_s) == (30.0, 10.0)
    assert found.mode_s == {ControlMode.AUTONOMOUS: 20.0, ControlMode.OFF: 10.0}


def test_one_position_is_a_summary_of_nothing() -> None:
    found = summarise(a_drive([5.0]))
    assert (found.positions, found.distance_m, found.moving_s, found.top_speed_mps) == (1, 0.0, 0.0, 5.0)


def test_gaps_are_the_silences_between_positions_and_at_the_ends() -> None:
    ms = np.array([T0, T0 + 15_000, T0 + 31_000])
    assert gaps(ms, T0 - 16_000, T0 + 40_000) == (
        Gap(from_ms=T0 - 16_000, to_ms=T0),
        Gap(from_ms=T0 + 15_000, to_ms=T0 + 31_000),
    )


def test_without_a_position_the_whole_span_is_a_gap() -> None:
    assert gaps(np.zeros(0, np.int64), T0, T0 + 20_000) == (Gap(from_ms=T0, to_ms=T0 + 20_000),)
