"""What is said of a sender's frames: never that one is safe which was not taken."""

from datetime import UTC, datetime

import pytest

from core.auth.principal import Principal
from core.auth.roles import Role
from core.ids import VehicleNo
from fleet.links.sender import GAP_MOST_S, MOST_GAPS, Sender
from fleet.telemetry.roster import Roster


@pytest.fixture
def sender() -> Sender:
    principal = Principal(
        kind="device", id="d7", name="", role=Role.DEVICE, expires_at=datetime(2099, 1, 1, tzinfo=UTC),
        vehicles=frozenset({VehicleNo(7)}),
    )  # fmt: skip
    return Sender(principal, Roster())


def came(sender: Sender, *frames: int) -> list[bool]:
    """Whether each frame is refused as one that came before."""
    return [sender.is_replay(frame_seq) for frame_seq in frames]


def test_accepted_and_durable_stop_before_a_frame_that_was_not_taken(sender: Sender) -> None:
    came(sender, 1, 2, 3)
    sender.took(1, 1, flush=1)
    sender.forget(2)
    sender.took(3, 1, flush=2)
    assert sender.settle(2)
    assert (sender.accepted_seq, sender.durable_seq, sender.missing) == (1, 1, [2])


def test_a_frame_that_was_not_taken_may_come_again_and_no_other(sender: Sender) -> None:
    came(sender, 1, 2, 3)
    sender.forget(2)
    assert came(sender, 1, 2, 3) == [True, False, True]
    sender.took(2, 1, flush=2)
    assert came(sender, 2) == [True]


def test_what_came_again_is_durable_with_its_own_flush_and_not_with_a_later_frames(sender: Sender) -> None:
    came(sender, 1, 2, 3)
    sender.forget(1)
    sender.took(2, 1, flush=1)
    sender.took(3, 1, flush=2)
    sender.took(1, 1, flush=3)
    assert sender.accepted_seq == 3
    assert not sender.settle(2)
    assert sender.durable_seq == 0
    assert sender.settle(3)
    assert (sender.durable_seq, sender.gaps) == (3, {})


def test_a_sender_that_leaves_a_gap_open_is_stuck(sender: Sender) -> None:
    came(sender, 1, 2)
    sender.forget(1)
    sender.took(2, 1, flush=1)
    assert not sender.is_stuck(100.0)
    assert not sender.is_stuck(100.0 + GAP_MOST_S)
    assert sender.is_stuck(100.1 + GAP_MOST_S)
    sender.took(1, 1, flush=2)
    assert not sender.is_stuck(1000.0)


def test_more_gaps_than_are_remembered_let_nothing_pass(sender: Sender) -> None:
    frames = range(1, MOST_GAPS + 10)
    came(sender, *frames)
    for frame_seq in frames:
        sender.forget(frame_seq)
    came(sender, MOST_GAPS + 10)
    sender.took(MOST_GAPS + 10, 1, flush=1)
    sender.settle(1)
    assert (sender.accepted_seq, sender.durable_seq, sender.is_stuck(0.0)) == (0, 0, True)
