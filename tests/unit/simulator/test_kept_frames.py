"""Frames that a maker's cloud keeps: until they are durable, sent again when they were not taken."""

import pytest

from simulator.link.kept import AGAIN_FIRST_S, AGAIN_MOST_S, KeptFrames


@pytest.fixture
def kept() -> KeptFrames:
    kept = KeptFrames()
    for seq in (1, 2, 3):
        kept.add(seq, b"frame %d" % seq)
        kept.next_to_send()
    return kept


def test_a_frame_that_was_not_taken_goes_again_after_a_pause_and_once(kept: KeptFrames) -> None:
    kept.not_taken(2, 100.0)
    assert kept.due_again(100.0 + AGAIN_FIRST_S / 2) == []
    assert kept.due_again(100.0 + AGAIN_FIRST_S) == [b"frame 2"]
    assert kept.due_again(1000.0) == []


def test_the_pause_doubles_up_to_a_limit(kept: KeptFrames) -> None:
    now_s, pauses = 0.0, []
    for _ in range(8):
        kept.not_taken(2, now_s)
        pause_s = next(step for step in range(1, 100) if kept.due_again(now_s + step))
        pauses.append(pause_s)
        now_s += pause_s
    assert pauses == [1, 2, 4, 8, 16, AGAIN_MOST_S, AGAIN_MOST_S, AGAIN_MOST_S]


def test_what_was_accepted_or_is_durable_does_not_go_again(kept: KeptFrames) -> None:
    for seq in (1, 2, 3):
        kept.not_taken(seq, 100.0)
    kept.accepted(1)
    kept.durable(2)
    kept.not_taken(1, 100.0)
    assert kept.due_again(200.0) == [b"frame 3"]


def test_a_new_link_sends_everything_once(kept: KeptFrames) -> None:
    kept.not_taken(2, 100.0)
    kept.rewind()
    assert kept.due_again(200.0) == []
    assert [kept.next_to_send() for _ in range(4)] == [b"frame 1", b"frame 2", b"frame 3", None]
