"""A buffer out of a radio hole is taken late once, whatever the order in which it comes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fleet.telemetry.rejects import Reject
from fleet.telemetry.sequence_gaps import RANGES_MOST
from tests.unit.fleet.telemetry.test_guard import NOW, Gate, a_position

FRAMES_MOST = 2 * RANGES_MOST
FRAME = 5


def of(seq: int, number: int = 7) -> np.ndarray[Any, Any]:
    return a_position(number=number, seq=seq, ms=NOW + seq * 1000)


class Buffer:
    """Vehicles that were heard at 0 and again behind ``frames`` frames of five positions."""

    def __init__(self, frames: int, *numbers: int) -> None:
        self.gate = Gate()
        self.last = frames * FRAME + 1
        self.now = NOW + self.last * 1000
        self.numbers = numbers or (7,)
        for number in self.numbers:
            assert self.gate.judge(of(0, number), of(self.last, number), now=self.now) == [True, True]

    def frame(self, nth: int, number: int = 7, step: int = 1) -> int:
        """Send a frame; return how much of it was taken late."""
        seqs = range(nth * FRAME + 1, nth * FRAME + FRAME + 1)[::step]
        self.gate.judge(*(of(seq, number) for seq in seqs), now=self.now)
        return len(self.gate.guard.late)

    def refused(self) -> dict[Reject, int]:
        counts = self.gate.counts
        return {reason: counts.total(reason) for reason in Reject if counts.total(reason)}


@pytest.mark.slow
@given(order=st.permutations(range(FRAMES_MOST)), step=st.sampled_from([1, -1]))
@settings(max_examples=25, deadline=None)
def test_frames_in_any_order_are_taken_once_and_refused_as_duplicates_after_that(
    order: list[int], step: int
) -> None:
    buffer = Buffer(FRAMES_MOST)
    assert [buffer.frame(nth, step=step) for nth in order] == [FRAME] * FRAMES_MOST
    assert buffer.refused() == {}
    assert len(buffer.gate.guard.gaps) == 0
    assert [buffer.frame(nth) for nth in order] == [0] * FRAMES_MOST
    assert buffer.refused() == {Reject.DUPLICATE: FRAMES_MOST * FRAME}


@given(frames=st.lists(st.integers(0, 11), max_size=40))
@settings(max_examples=25, deadline=None)
def test_what_comes_again_between_the_others_is_refused(frames: list[int]) -> None:
    buffer = Buffer(12)
    came: set[int] = set()
    for nth in frames:
        assert buffer.frame(nth) == (0 if nth in came else FRAME)
        came.add(nth)


@given(orders=st.tuples(st.permutations(range(16)), st.permutations(range(16))))
@settings(max_examples=20, deadline=None)
def test_two_vehicles_fill_their_gaps_beside_each_other(orders: tuple[list[int], list[int]]) -> None:
    buffer = Buffer(16, 7, 8)
    for mine, other in zip(*orders, strict=True):
        assert (buffer.frame(mine, 7), buffer.frame(other, 8)) == (FRAME, FRAME)
    assert buffer.refused() == {}


@pytest.mark.parametrize("step", [1, -1], ids=["oldest first", "newest first"])
def test_a_long_buffer_that_has_a_direction_is_taken_whole(step: int) -> None:
    buffer = Buffer(170)
    assert [buffer.frame(nth, step=step) for nth in range(170)[::step]] == [FRAME] * 170
    assert buffer.refused() == {}


def test_beyond_the_limit_the_narrowest_range_is_refused_and_nothing_is_taken_twice() -> None:
    buffer = Buffer(100)
    every_third = range(1, buffer.last, 3)
    taken = 0
    for seq in [*every_third, *range(1, buffer.last)]:
        buffer.gate.judge(of(seq), now=buffer.now)
        taken += len(buffer.gate.guard.late)
    assert len(every_third) < taken < buffer.last - 1
    refused = buffer.refused()
    assert taken + sum(refused.values()) == len(every_third) + buffer.last - 1
    assert set(refused) == {Reject.DUPLICATE}


def test_single_losses_crowd_out_no_wide_gap() -> None:
    buffer = Buffer(20)
    for nth in range(40):
        seq = buffer.last + 2 + nth * 2
        buffer.now = NOW + seq * 1000
        assert buffer.gate.judge(of(seq), now=buffer.now) == [True]
    assert [buffer.frame(nth) for nth in range(20)[::-1]] == [FRAME] * 20


def test_a_position_that_is_far_from_what_came_after_it_is_not_taken() -> None:
    buffer = Buffer(20)
    far = a_position(seq=buffer.last - 1, ms=NOW + (buffer.last - 1) * 1000, lat=39.605)
    buffer.gate.judge(far, now=buffer.now)
    assert buffer.refused() == {Reject.LATE: 1}


def test_ranges_that_are_too_old_make_room_for_others() -> None:
    gaps = Gate().guard.gaps
    numbers = np.arange(1000)
    for turn in range(40):
        before = np.repeat(a_position(seq=turn * 10 + 1, ms=NOW + turn * 60_000), 1000)
        after = np.repeat(a_position(seq=turn * 10 + 5, ms=NOW + turn * 60_000 + 4000), 1000)
        gaps.open(numbers, before, after, NOW + turn * 60_000 - 240_000)
        assert gaps.lowest(numbers[:1], NOW + turn * 60_000 - 240_000) >= turn * 10 + 2 - 50
    assert len(gaps) <= 8192


def test_what_is_exported_is_taken_over_as_it_was() -> None:
    buffer, other = Buffer(16, 7, 8), Gate()
    for nth in (3, 9, 12):
        buffer.frame(nth, 7)
    buffer.frame(5, 8)
    kept = buffer.gate.guard.gaps.export(np.array([7, 8]), 100)
    other.guard.gaps.restore(kept)
    again = other.guard.gaps.export(np.array([7, 8]), 100)
    names = [name for name in kept.dtype.names or () if name != "next"]
    assert sorted(again[names].tolist()) == sorted(kept[names].tolist())
    assert [len(other.guard.gaps.export(np.array([number]), 100)) for number in (7, 8)] == [4, 2]
