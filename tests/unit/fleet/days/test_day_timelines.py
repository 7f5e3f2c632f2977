"""Days worked out by hand: what a vehicle did, second by second, and what its day must say."""

from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from core.ids import DistrictCode
from core.kinds import ServiceKind
from fleet.days.compute import Beside, Computed, compute_days
from fleet.days.vehicle_day import VehicleDay, span_of
from fleet.links.wire.positions import PositionFlag
from fleet.telemetry.records import Records
from fleet.vehicles.kinds import ControlMode, Duty
from fleet.vehicles.papers import PermitStage
from tests.unit.fleet.days.drives import (
    ALL_WEEK,
    MIDNIGHT,
    NOON,
    SPAN,
    Halves,
    at,
    drive,
    facts,
    frames,
    joined,
    permit,
    rules,
    spell,
)

REMOTE_DRIVE, MANUAL, MINIMAL_RISK, OFF = 2, 3, 4, 5


def computed(records: Records, *, border_m: float | None = None, **changes: Any) -> Computed:
    known = {name: changes.pop(name) for name in ("beside", "rules") if name in changes}
    [one] = compute_days(
        [records],
        [changes.pop("facts", None) or facts(**changes)],
        Halves(border_m),
        known.get("rules", rules()),
        {7: known["beside"]} if "beside" in known else None,  # type: ignore[dict-item]
    )
    return one


def day(records: Records, **changes: Any) -> VehicleDay:
    return computed(records, **changes).day


def test_ten_minutes_at_four_metres_a_second_are_2400_metres() -> None:
    found = day(drive(at(9), 600))
    [part] = found.parts
    assert part.metres == pytest.approx(2400, abs=0.5)
    assert (part.seconds, part.mode, part.stage) == (600, ControlMode.AUTONOMOUS, PermitStage.DEMONSTRATION)
    assert (part.district, part.service) == (DistrictCode("KB"), ServiceKind.DELIVERY)
    assert (found.frames, found.existed_s, found.unknown_s) == (601, 86_400, 85_800)


def test_a_silent_vehicle_has_a_day_of_unknown_time_and_no_metres() -> None:
    found = day(drive(MIDNIGHT - 86_400_000, 10))
    assert (found.parts, found.frames, found.metres) == ((), 0, 0)
    assert (found.known_s, found.unknown_s, found.available_s) == (0, 86_400, 0)
    assert found.battery_used_ratio is None


def test_a_gap_above_the_silence_limit_is_unknown_time_and_no_metres() -> None:
    records = joined(drive(at(9), 60), drive(at(9, 5), 60, start_m=1000))
    found = day(records)
    assert found.metres == pytest.approx(480, abs=0.5)
    assert found.known_s == 120


def test_a_gap_up_to_the_silence_limit_counts_as_driven_straight() -> None:
    found = day(frames([at(9), at(9, 1)], north_m=[0, 240], speed_mps=4))
    assert (found.known_s, found.metres) == pytest.approx((60, 240), abs=0.1)


def test_a_vehicle_that_stands_drives_nothing_however_its_position_trembles() -> None:
    trembling = np.tile([0.0, 1.5, -1.2, 0.8], 900)
    found = day(frames(at(9) + np.arange(3600) * 1000, north_m=trembling, speed_mps=0.1))
    assert (found.metres, found.known_s) == (0, 3599)


def test_a_vehicle_that_is_towed_is_driven_although_its_wheels_stand() -> None:
    found = day(frames([at(9), at(9, 0, 10)], north_m=[0, 60], speed_mps=0))
    assert found.metres == pytest.approx(60, abs=0.1)


def test_a_jump_that_nobody_drives_is_left_out_both_ways() -> None:
    records = drive(at(9), 100)
    records["lat_e7"][50] += 10_000_000
    found = day(records)
    assert found.metres == pytest.approx(4 * 98, abs=0.5)
    assert (found.teleports, found.known_s) == (2, 100)


def test_metres_without_a_fix_are_left_out_and_their_time_is_known() -> None:
    records = drive(at(9), 100)
    records["mode_flags"][20:31] = PositionFlag.NO_FIX
    found = day(records)
    assert (found.known_s, found.metres) == pytest.approx((100, 4 * 88), abs=0.5)


def test_a_drive_over_midnight_belongs_to_both_days_by_time() -> None:
    records = frames([MIDNIGHT - 4_000, MIDNIGHT + 6_000], north_m=[0, 50], speed_mps=5)
    found = day(records)
    assert (found.known_s, found.metres, found.frames) == pytest.approx((6, 30, 1), abs=0.1)
    before = day(records, rules=rules(span=span_of(date(2026, 6, 30), ZoneInfo("Asia/Shanghai"))))
    assert (before.known_s, before.metres, before.frames) == pytest.approx((4, 20, 1), abs=0.1)


def test_a_vehicle_that_changes_district_at_noon_has_its_metres_in_both() -> None:
    found = day(drive(NOON - 100_000, 200), border_m=400)
    metres = {part.district: part.metres for part in found.parts}
    assert metres == {"KB": pytest.approx(400, abs=0.5), "DS": pytest.approx(400, abs=0.5)}


def test_a_vehicle_whose_permit_is_raised_at_noon_has_its_metres_under_both_stages() -> None:
    permits = (
        permit(PermitStage.ROAD_TEST, MIDNIGHT - 1, NOON),
        permit(PermitStage.DEMONSTRATION, NOON, SPAN.to_ms),
    )
    found = day(drive(NOON - 100_000, 200), permits=permits)
    seconds = {part.stage: part.seconds for part in found.parts}
    assert seconds == {PermitStage.ROAD_TEST: 100, PermitStage.DEMONSTRATION: 100}


def test_a_vehicle_that_gets_another_service_at_noon_has_its_metres_for_both() -> None:
    spells = (spell(), spell(NOON, service=ServiceKind.VENDING, operator="op-b", district="DS"))
    found = day(drive(NOON - 100_000, 200), facts=facts(*spells))
    assert {(part.service, part.stage, part.seconds) for part in found.parts} == {
        (ServiceKind.DELIVERY, PermitStage.DEMONSTRATION, 100),
        (ServiceKind.VENDING, None, 100),
    }
    assert (found.service, found.operator, found.district) == (ServiceKind.VENDING, "op-b", "DS")
    assert found.permitted_s == 12 * 3600


def test_of_two_permits_the_further_stage_counts() -> None:
    both = (permit(PermitStage.COMMERCIAL_PILOT, MIDNIGHT, SPAN.to_ms), ALL_WEEK)
    assert {part.stage for part in day(drive(at(9), 10), permits=both).parts} == {
        PermitStage.COMMERCIAL_PILOT
    }


def test_modes_share_the_day_and_a_person_who_takes_over_is_counted_once() -> None:
    records = drive(at(9), 300)
    records["mode_flags"][100:200] = REMOTE_DRIVE
    records["mode_flags"][150:200] = MANUAL
    found = day(records)
    assert {part.mode: part.seconds for part in found.parts} == {
        ControlMode.AUTONOMOUS: 201 - 1,
        ControlMode.REMOTE_DRIVE: 50,
        ControlMode.ON_SITE_MANUAL: 50,
    }
    assert {part.mode: part.takeovers for part in found.parts} == {
        ControlMode.AUTONOMOUS: 1,
        ControlMode.REMOTE_DRIVE: 0,
        ControlMode.ON_SITE_MANUAL: 0,
    }


def test_a_crew_that_drives_a_vehicle_which_was_off_takes_nothing_over() -> None:
    records = drive(at(9), 10)
    records["mode_flags"][:5] = OFF
    records["mode_flags"][5:] = MANUAL
    assert day(records).takeovers == 0


def test_a_person_who_takes_over_during_a_radio_hole_is_counted() -> None:
    records = joined(drive(at(9), 10), drive(at(10), 10, mode_flags=REMOTE_DRIVE))
    assert day(records).takeovers == 1


@pytest.mark.parametrize(("seconds", "stops"), [(60, 0), (61, 1), (3600, 1)])
def test_standing_counts_as_a_stop_when_it_lasts_longer_than_a_minute(seconds: int, stops: int) -> None:
    arrives = drive(at(9), 10)
    stands = frames(at(9, 0, 11) + np.arange(seconds + 1) * 1000, north_m=44)
    leaves = drive(at(9, 0, 12 + seconds), 10, start_m=48)
    found = day(joined(arrives, stands, leaves))
    assert (found.stops, found.stops_on_the_way) == (stops, stops)


def test_a_stop_at_the_depot_is_no_stop_on_the_way() -> None:
    found = day(frames(at(9) + np.arange(120) * 1000), facts=facts(spell(duty=Duty.IDLE)))
    assert (found.stops, found.stops_on_the_way) == (1, 0)


def test_a_stop_belongs_to_the_day_on_which_it_begins() -> None:
    records = frames(MIDNIGHT - 30_000 + np.arange(300) * 1000)
    assert day(records).stops == 0
    before = rules(span=span_of(date(2026, 6, 30), ZoneInfo("Asia/Shanghai")))
    assert day(records, rules=before).stops == 1


def test_a_brake_from_15_km_per_hour_within_a_second_is_harsh_and_counts_once() -> None:
    speeds = [4.2, 4.2, 1.0, 0.0, 0.0, 4.2, 3.0, 1.8, 0.6]
    records = frames(at(9) + np.arange(9) * 1000, north_m=np.cumsum([0, *speeds[:-1]]), speed_mps=speeds)
    assert day(records).harsh_brakes == 1


def test_a_long_harsh_brake_counts_once() -> None:
    speeds = [11.0, 7.5, 4.0, 0.5, 0.5]
    records = frames(at(9) + np.arange(5) * 1000, north_m=np.cumsum([0, *speeds[:-1]]), speed_mps=speeds)
    assert day(records).harsh_brakes == 1


def test_minutes_by_duty_are_those_of_the_duties_whoever_heard_the_vehicle() -> None:
    duties = facts(spell(duty=Duty.IDLE), spell(at(6), duty=Duty.TO_STOP), spell(at(6, 30), duty=Duty.IDLE))
    assert day(drive(at(6), 10), facts=duties).minutes_by_duty == {Duty.IDLE: 1410, Duty.TO_STOP: 30}


def test_available_is_heard_permitted_without_fault_and_not_in_minimal_risk() -> None:
    records = drive(at(9), 400)
    records["mode_flags"][100:200] = MINIMAL_RISK
    faulty = facts(spell(), spell(at(9, 5), duty=Duty.FAULT))
    found = day(records, facts=faulty)
    assert (found.known_s, found.available_s, found.permitted_s) == (400, 200, 86_400)


def test_a_vehicle_registered_at_noon_has_half_a_day() -> None:
    found = day(drive(NOON - 50_000, 100), registered_ms=NOON)
    assert (found.existed_s, found.known_s) == (43_200, 50)


def test_a_vehicle_registered_later_has_no_day() -> None:
    assert compute_days([], [facts(registered_ms=SPAN.to_ms)], Halves(), rules()) == []


def test_energy_is_told_only_with_the_capacity_of_the_battery() -> None:
    records = drive(at(9), 100)
    records["battery_200"][50:] = 150
    without, beside = day(records), Beside(battery_kwh=12.0, orders=3, alarms={"stuck": 2})
    assert (without.battery_used_ratio, without.kwh, without.orders, without.m2) == (0.05, None, None, None)
    told = day(records, beside=beside)
    assert told.kwh == pytest.approx(0.6)
    assert (told.orders, told.alarms) == (3, {"stuck": 2})


def test_charging_takes_no_energy_back() -> None:
    records = frames(at(9) + np.arange(4) * 1000, battery_200=[100, 120, 118, 119])
    assert day(records).battery_used_ratio == pytest.approx(0.01)


def test_the_input_hash_names_every_input() -> None:
    records = drive(at(9), 10)
    other = records.copy()
    other["heading_256"][3] += 1
    hashes = [
        computed(records).input_hash,
        computed(other).input_hash,
        computed(records, permits=()).input_hash,
        computed(records, beside=Beside(orders=1)).input_hash,
        computed(records, rules=rules(silence_ms=61_000)).input_hash,
        computed(records, rules=rules(fences=(("district-KB", 2),))).input_hash,
        computed(records, rules=rules(formula=2)).input_hash,
    ]
    assert len(set(hashes)) == len(hashes)


def test_the_zone_is_data_and_a_day_on_which_clocks_are_put_back_has_25_hours() -> None:
    paris = span_of(date(2026, 10, 25), ZoneInfo("Europe/Paris"))
    assert paris.length_ms == 25 * 3_600_000
    [one] = compute_days([], [facts()], Halves(), rules(span=paris))
    assert (one.day.existed_s, one.day.zone) == (25 * 3600, "Europe/Paris")
    assert SPAN.length_ms == 24 * 3_600_000
