"""A preview says what the live fence step would have said over the same positions, in whatever pieces."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.fences.past_crossings import near_m, past_crossings
from fleet.history.kept import HOUR_MS
from fleet.telemetry.records import STREAM_POSITION, Records
from geofences.events import FenceEventKind
from geofences.fences import Fence, FenceKind, FenceTiming
from geofences.index import FenceIndex
from geofences.transitions import Transitions
from tests.fences import KANGBASHI, a_fence, a_square
from tests.history import T0, Written

HOURS = 14
FENCE = a_fence(
    "gate",
    a_square(50.0),
    kind=FenceKind.KEEP_CLEAR,
    timing=FenceTiming(min_inside_s=15.0, min_outside_s=20.0, dwell_s=1800.0),
)


def a_drive(number: int, metres: list[float], every_s: int) -> Records:
    """One vehicle's positions on a line through the fence, to the end of the span."""
    records = np.zeros(len(metres), STREAM_POSITION)
    places = [KANGBASHI.lat_lng(east, 3.0) for east in metres]
    records["vehicle_no"], records["seq"] = number, np.arange(len(metres)) + 1
    records["measured_ms"] = T0 + np.arange(len(metres)) * every_s * 1000 + number
    records["lat_e7"] = [round(lat * 1e7) for lat, _ in places]
    records["lng_e7"] = [round(lng * 1e7) for _, lng in places]
    records["accuracy_dm"] = 20
    return records


def a_week(seed: int, vehicles: int = 4, every_s: int = 20) -> Records:
    """Vehicles that stand, cross and flap, now and then for hours, inside and around the fence."""
    rng = np.random.default_rng(seed)
    count = HOURS * 3600 // every_s
    drives = []
    for number in range(1, vehicles + 1):
        stays = rng.geometric(rng.choice([0.3, 0.02, 0.002], count))
        places = rng.uniform(-120.0, 120.0, count)
        drives.append(a_drive(number, np.repeat(places, stays)[:count].tolist(), every_s))
    return np.concatenate(drives)


def written(folder: Path, records: Records) -> None:
    """Store them as the archiver does, in raw files of some minutes."""
    hand = Written(folder)
    for start in range(T0, T0 + HOURS * HOUR_MS, HOUR_MS // 2):
        ms = records["measured_ms"]
        some = records[(ms >= start) & (ms < start + HOUR_MS // 2)]
        hand.raw(some, start + HOUR_MS // 2 + 500)


def live(fence: Fence, records: Records) -> tuple[dict[str, int], int]:
    """Return what the fence step says of them second by second, and of how many vehicles."""
    records = records[np.argsort(records["measured_ms"], kind="stable")]
    transitions = Transitions(FenceIndex.build([fence]), int(records["vehicle_no"].max()) + 1)
    counts: Counter[str] = Counter()
    who: set[int] = set()
    for some in np.array_split(records, 50):
        said = transitions.step(
            some["vehicle_no"].astype(np.int32),
            some["lat_e7"] * 1e-7,
            some["lng_e7"] * 1e-7,
            some["accuracy_dm"] / 10,
            some["measured_ms"].astype(np.int64),
            some["seq"].astype(np.int64),
        )
        counts.update(FenceEventKind(kind).name.lower() for kind in said.kind.tolist())
        who.update(said.slot.tolist())
    return dict(counts), len(who)


@pytest.mark.slow
@given(seed=st.integers(0, 10_000))
@settings(max_examples=2, deadline=None)
def test_a_preview_says_what_the_live_step_would_have_said(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    folder, records = tmp_path_factory.mktemp("history"), a_week(seed)
    written(folder, records)
    found = past_crossings(
        folder, FENCE, np.arange(1, 5), from_ms=T0, to_ms=T0 + HOURS * HOUR_MS, left_s=lambda: 1.0
    )
    assert (found.events, found.vehicles) == live(FENCE, records)
    assert (found.positions, found.is_whole) == (len(records), True)


def test_who_stands_inside_for_half_a_day_is_said_once(tmp_path: Path) -> None:
    records = a_drive(1, [0.0] * (HOURS * 180), 20)
    written(tmp_path, records)
    found = past_crossings(
        tmp_path, FENCE, np.array([1]), from_ms=T0, to_ms=T0 + HOURS * HOUR_MS, left_s=lambda: 1.0
    )
    assert found.events == {"inside": 1, "dwell": 1}


def test_when_time_is_over_the_newest_whole_part_is_judged_and_the_answer_says_so(tmp_path: Path) -> None:
    records = a_week(3)
    written(tmp_path, records)
    left = iter(range(40, -10_000, -1))
    found = past_crossings(
        tmp_path, FENCE, np.arange(1, 5), from_ms=T0, to_ms=T0 + HOURS * HOUR_MS,
        left_s=lambda: float(next(left)),
    )  # fmt: skip
    assert not found.is_whole
    assert found.from_at < found.to_at - timedelta(minutes=30)
    begin = round(found.from_at.timestamp() * 1000)
    assert begin > T0
    part = records[records["measured_ms"] >= begin]
    assert (found.events, found.vehicles) == live(FENCE, part)
    assert found.positions == len(part)


def test_a_fence_that_waits_longer_for_an_exit_is_looked_at_from_farther_away() -> None:
    assert near_m(a_fence("a", a_square(50.0), timing=FenceTiming(min_outside_s=2.0))) == 300.0
    assert near_m(a_fence("a", a_square(50.0), timing=FenceTiming(min_outside_s=60.0))) == 960.0
    assert near_m(a_fence("a", a_square(50.0), timing=FenceTiming(min_outside_s=86_400.0))) == 3_000.0
