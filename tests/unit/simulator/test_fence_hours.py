"""Hours of fences on the vehicle: told, signed and kept by its own clock, as the city judges them."""

from datetime import UTC, date, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from core.clock import ms_of_moment
from fleet.commands.sign_fences import FenceSigner
from fleet.commands.supply_fences import hours_of
from fleet.links.wire.commands import CommandKind, UpdateFences, WireFence
from fleet.links.wire.fence_hours import WireHours, WireOtherDay, WireSpan, holds_at
from fleet.links.wire.fence_sets import signed_text
from geofences.fences import FenceHours, FenceKind, HourSpan, OtherDay
from geofences.rules import is_open
from simulator.vehicles.fence_signature import is_signed
from tests.fences import a_fence as a_city_fence
from tests.simulated import START_MS
from tests.unit.simulator.test_held_fences import a_fence, on_the_way, speeds_between

DAYS = st.dates(date(2026, 6, 28), date(2026, 7, 4))
SPANS = st.builds(
    HourSpan,
    start_minute=st.integers(0, 1439),
    end_minute=st.integers(0, 1440),
    weekdays=st.frozensets(st.integers(1, 7), min_size=1),
)
HOURS = st.builds(
    FenceHours,
    spans=st.lists(SPANS, max_size=3).map(tuple),
    time_zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin"]),
    valid_from=st.none() | DAYS,
    valid_until=st.none() | DAYS,
    other_days=st.lists(
        st.builds(OtherDay, day=DAYS, spans=st.lists(SPANS, max_size=2).map(tuple)),
        max_size=2, unique_by=lambda other: other.day,
    ).map(tuple),
)  # fmt: skip
MOMENTS = st.integers(0, 8 * 86_400).map(lambda s: datetime(2026, 6, 27, tzinfo=UTC) + timedelta(seconds=s))


def until(minutes: float) -> WireHours:
    """Hours from midnight to some minutes after the tests' clock begins."""
    end = datetime.fromtimestamp(START_MS / 1000, UTC) + timedelta(minutes=minutes)
    return WireHours(
        time_zone="UTC", spans=(WireSpan(start_minute=0, end_minute=end.hour * 60 + end.minute),)
    )


@given(hours=HOURS, at=MOMENTS)
def test_a_vehicle_and_its_city_agree_on_every_moment(hours: FenceHours, at: datetime) -> None:
    told = hours_of(msgspec.structs.replace(a_city_fence(kind=FenceKind.SLOW_ZONE), hours=hours))
    assert isinstance(told, WireHours)
    sent = msgspec.json.decode(msgspec.json.encode(told), type=WireHours)
    assert holds_at(sent, ms_of_moment(at)) == is_open(hours, at)


def test_a_set_without_hours_is_of_the_first_format_to_the_byte() -> None:
    fence = a_fence(200, 300, speed_limit_mps=2.0)
    assert b"hours" not in msgspec.json.encode(fence)
    assert signed_text(7, 1, [fence]).startswith(b"signed fence set 1\n")


def test_the_signed_text_of_the_second_format_is_the_one_of_the_protocol() -> None:
    hours = WireHours(
        time_zone="Asia/Shanghai",
        spans=(
            WireSpan(start_minute=420, end_minute=480, weekdays=(1, 2, 3, 4, 5)),
            WireSpan(start_minute=1380, end_minute=60),
        ),
        valid_from=date(2026, 9, 1),
        other_days=(
            WireOtherDay(day=date(2026, 10, 1)),
            WireOtherDay(day=date(2026, 10, 10), spans=(WireSpan(start_minute=420, end_minute=480),)),
        ),
    )
    gate = WireFence(
        fence_id="school", version=3, kind="keep_clear", no_stopping=True, hours=hours,
        rings=(((109.78, 39.6), (109.79, 39.6), (109.79, 39.61), (109.78, 39.6)),),
    )  # fmt: skip
    assert signed_text(7, 12, [gate]).decode().split("\n") == [
        "signed fence set 2",
        "7",
        "12",
        "school 3 keep_clear 0 1 - 1",
        "hours Asia/Shanghai 2026-09-01 - 420-480:12345,1380-60:1234567 "
        "2026-10-01=-;2026-10-10=420-480:1234567",
        "1097800000,396000000 1097900000,396000000 1097900000,396100000 1097800000,396000000",
    ]


def test_hours_that_were_changed_or_taken_out_are_not_what_was_signed() -> None:
    signer, drive = FenceSigner("the audit key of a test"), on_the_way()
    given = msgspec.structs.replace(drive.vehicle.given, fence_key=signer.public_key)
    fence = a_fence(200, 300, hours=until(5))
    body = UpdateFences(fence_set_version=2, fences=(fence,), signature=signer.sign(7, 2, [fence]))
    assert is_signed(given, body)
    for hours in (until(6), msgspec.UNSET):
        other = msgspec.structs.replace(fence, hours=hours)
        assert not is_signed(given, msgspec.structs.replace(body, fences=(other,)))


def test_a_limit_is_kept_in_its_hours_only() -> None:
    drive = on_the_way(a_fence(200, 300, speed_limit_mps=2.0, hours=until(60)))
    assert max(speeds_between(drive, 200, 300)) <= 2.0 + 1e-9
    drive = on_the_way(a_fence(200, 300, speed_limit_mps=2.0, hours=until(-60)))
    assert max(speeds_between(drive, 200, 300)) > 4.0


def test_a_limit_that_ends_on_the_way_is_followed_within_the_minute() -> None:
    drive = on_the_way(a_fence(-10, 590, speed_limit_mps=1.0, hours=until(2)))
    drive.pass_time(60)
    assert 0 < drive.vehicle.speed_mps <= 1.0 + 1e-9
    drive.pass_time(90)
    assert drive.vehicle.speed_mps > 4.0


def test_another_set_replaces_the_hours_of_a_fence_whose_version_is_the_same() -> None:
    drive = on_the_way(a_fence(200, 300, speed_limit_mps=2.0))
    fences = (a_fence(200, 300, speed_limit_mps=2.0, hours=until(-60)),)
    drive.give(CommandKind.UPDATE_FENCES, UpdateFences(fence_set_version=2, fences=fences))
    assert max(speeds_between(drive, 200, 300)) > 4.0
