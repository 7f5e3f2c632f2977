"""A patrol vehicle looks at an inspect stop before it drives on, and sees what others would see there."""

from collections import Counter

from fleet.links.wire.reports import EvidenceCaptured
from geofences.geo import distance_m
from simulator.vehicles.eyes import STAYS_MS, Eyes
from simulator.vehicles.reporting import as_struct
from tests.simulated import Drive, a_plan, a_stop, a_vehicle

HERE = (39.6, 109.8)


def test_evidence_is_reported_after_the_dwell_and_before_the_vehicle_leaves() -> None:
    drive = Drive(a_vehicle(service="patrol"))
    drive.assign(a_plan(a_stop("i", "inspect", 50.0, wait_s=30.0), kind="patrol", service="patrol"))
    drive.until_at("i")
    vehicle = drive.vehicle
    drive.until(lambda: vehicle.memory.task is None)
    told = [report for report in vehicle.memory.reports if report.task_id is not None]
    assert [report.kind.value for report in told[-4:]] == [
        "stop_reached",
        "evidence_captured",
        "stop_left",
        "task_done",
    ]
    assert told[-3].measured_at_ms - told[-4].measured_at_ms >= 30_000
    evidence = as_struct(told[-3])
    assert isinstance(evidence, EvidenceCaptured)
    assert (evidence.stop_id, evidence.finding) == ("i", "")
    assert evidence.media[0].reference.startswith("synthetic/")
    assert distance_m(evidence.lat, evidence.lng, *vehicle.place()) < 5


def test_two_vehicles_see_the_same_thing_until_it_is_gone() -> None:
    eyes = Eyes(7, 100.0)
    first = eyes.look(1, "s", HERE, HERE, 0)
    again = eyes.look(2, "t", HERE, (39.60001, 109.8), STAYS_MS - 1)
    assert (first.finding, first.detail) == (again.finding, again.detail)
    assert Eyes(7, 0.0).look(1, "s", HERE, HERE, 0).finding == ""


def test_as_many_places_have_something_amiss_as_was_asked_for() -> None:
    eyes = Eyes(7, 4.0)
    seen = [eyes.look(1, "s", (39 + n / 1000, 109.8), HERE, 0).finding for n in range(1000)]
    found = Counter(seen)
    assert 20 <= 1000 - found[""] <= 60
    assert found["waste"] > found["smoke_or_fire"]
