"""Commands: what time and answers do to one."""

from datetime import UTC, datetime, timedelta

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.errors import IllegalTransition
from core.ids import CommandId, VehicleNo
from fleet.commands.command import (
    Command,
    Overdue,
    advance_command,
    expiry,
    is_open,
    may_be_sent,
    next_stop_epoch,
    overdue,
    to_wire,
)
from fleet.commands.kinds import (
    COMMAND_TERMINAL,
    KIND_RULES,
    STOP_EPOCH_KINDS,
    CommandEvent,
    CommandState,
)
from fleet.links.wire.commands import CommandKind

AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


def a_command(kind: CommandKind = CommandKind.PAUSE, **changes: object) -> Command:
    values: dict[str, object] = {
        "command_id": CommandId("c-1"),
        "vehicle_no": VehicleNo(7),
        "kind": kind,
        "requester": "staff-1",
        "issued_at": AT,
        "expires_at": expiry(kind, AT, rate=1),
        "stop_epoch": 5 if kind in STOP_EPOCH_KINDS else 0,
    }
    return Command(**{**values, **changes})  # type: ignore[arg-type]


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def test_a_command_is_sent_acknowledged_and_done_with_its_times_kept() -> None:
    timeline = [
        (1, CommandEvent.SENT, CommandState.SENT),
        (2, CommandEvent.ACKNOWLEDGED, CommandState.ACKNOWLEDGED),
        (9, CommandEvent.SUCCEEDED, CommandState.SUCCEEDED),
    ]
    command = a_command()
    for number, (second, event, state) in enumerate(timeline, start=2):
        command = advance_command(command, event, at=after(second))
        assert (command.state, command.version) == (state, number)
    assert (command.sent_at, command.acknowledged_at, command.finished_at) == (after(1), after(2), after(9))
    assert not is_open(command)


def test_an_answer_that_overtakes_the_note_of_sending_counts() -> None:
    command = advance_command(a_command(), CommandEvent.ACKNOWLEDGED, at=after(1))
    assert command.state is CommandState.ACKNOWLEDGED
    with pytest.raises(IllegalTransition):
        advance_command(command, CommandEvent.SENT, at=after(2))


@given(events=st.lists(st.sampled_from(list(CommandEvent)), max_size=10))
def test_a_final_command_stays_final_and_versions_have_no_gaps(events: list[CommandEvent]) -> None:
    command = a_command()
    steps = 0
    for event in events:
        try:
            moved = advance_command(command, event, at=AT)
        except IllegalTransition:
            continue
        assert command.state not in COMMAND_TERMINAL
        steps += 1
        command = moved
    assert command.version == 1 + steps


def test_every_kind_has_a_rule() -> None:
    assert set(KIND_RULES) == set(CommandKind)
    assert {kind for kind, rule in KIND_RULES.items() if rule.ttl_s is None} == STOP_EPOCH_KINDS


def test_a_command_lives_its_time_but_never_less_than_four_seconds_on_the_wall() -> None:
    assert expiry(CommandKind.PAUSE, AT, rate=1) == after(30)
    assert expiry(CommandKind.PAUSE, AT, rate=60) == after(240)
    assert expiry(CommandKind.EMERGENCY_STOP, AT, rate=60) is None


def test_a_command_past_its_time_is_not_sent() -> None:
    assert may_be_sent(a_command(), after(29.9), held_stop_epoch=0)
    assert not may_be_sent(a_command(), after(30), held_stop_epoch=0)


def test_an_acknowledged_command_is_not_sent_again() -> None:
    taken = advance_command(a_command(), CommandEvent.ACKNOWLEDGED, at=after(1))
    assert not may_be_sent(taken, after(2), held_stop_epoch=0)


def test_a_stop_waits_for_its_vehicle_until_a_release_overtakes_it() -> None:
    stop = a_command(CommandKind.EMERGENCY_STOP)
    assert may_be_sent(stop, after(86_400), held_stop_epoch=5)
    assert not may_be_sent(stop, after(1), held_stop_epoch=6)
    assert overdue(stop, after(86_400), held_stop_epoch=5) is None
    assert overdue(stop, after(1), held_stop_epoch=6) == Overdue(
        event=CommandEvent.EXPIRED, detail="superseded"
    )


@pytest.mark.parametrize(
    ("state", "second", "expected"),
    [
        (CommandState.QUEUED, 29, None),
        (CommandState.QUEUED, 30, Overdue(event=CommandEvent.EXPIRED, detail="not-delivered")),
        (CommandState.SENT, 89, None),
        (CommandState.SENT, 90, Overdue(event=CommandEvent.EXPIRED, detail="unanswered")),
        (CommandState.ACKNOWLEDGED, 1799, None),
        (CommandState.ACKNOWLEDGED, 1800, Overdue(event=CommandEvent.FAILED, detail="no-result")),
        (CommandState.SUCCEEDED, 90_000, None),
        (CommandState.REJECTED, 90_000, None),
    ],
)
def test_time_ends_an_open_command(state: CommandState, second: float, expected: Overdue | None) -> None:
    assert overdue(a_command(state=state), after(second), held_stop_epoch=0) == expected


@given(known=st.integers(0, 2**31), second=st.integers(0, 10**9))
def test_a_stop_epoch_is_above_every_one_known(known: int, second: int) -> None:
    assert next_stop_epoch(known, after(second)) > known


def test_a_stop_pushed_without_the_database_is_above_an_earlier_release() -> None:
    release = next_stop_epoch(0, AT)
    assert next_stop_epoch(0, after(1)) > release
    assert next_stop_epoch(0, AT) < 2**32


def test_the_wire_carries_what_the_vehicle_needs_to_refuse_a_late_or_old_command() -> None:
    wire = to_wire(a_command(CommandKind.OPEN_COMPARTMENT, epoch=3))
    assert (wire.command_id, wire.epoch, wire.stop_epoch) == ("c-1", 3, 0)
    assert wire.expires_at_ms == wire.issued_at_ms + 20_000
    assert to_wire(a_command(CommandKind.SAFE_STOP)).expires_at_ms is None
