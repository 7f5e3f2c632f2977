"""Every table of the fleet: complete in its pairs, final in its ends, named in two languages."""

from enum import StrEnum
from itertools import product

import hypothesis.strategies as st
import pytest
from hypothesis import given

from core.errors import IllegalTransition
from core.transitions import advance
from fleet.machines import MACHINES, Machine
from fleet.names import NAMES, name_of

BY_NAME = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


def states_of(machine: Machine) -> list[StrEnum]:
    return list(type(machine.initial))


def events_of(machine: Machine) -> list[StrEnum]:
    kind: type[StrEnum] = type(next(iter(machine.table))[1])
    return list(kind)


@BY_NAME
def test_every_pair_of_state_and_event_is_in_the_table_or_raises(machine: Machine) -> None:
    for state, event in product(states_of(machine), events_of(machine)):
        if (state, event) in machine.table:
            assert advance(machine.table, state, event) is machine.table[state, event]
        else:
            with pytest.raises(IllegalTransition) as refusal:
                advance(machine.table, state, event)
            assert refusal.value.fields["state"] == state.value


@BY_NAME
def test_nothing_leaves_a_terminal_state_and_every_state_is_reached(machine: Machine) -> None:
    assert not [key for key in machine.table if key[0] in machine.terminal]
    reached = {machine.initial, *(after for _, _, after in machine.rows)}
    assert reached == set(states_of(machine))


@BY_NAME
def test_every_event_of_a_table_moves_something(machine: Machine) -> None:
    assert set(events_of(machine)) == {event for _, event, _ in machine.rows}


@BY_NAME
@given(data=st.data())
def test_a_walk_never_leaves_a_terminal_state(machine: Machine, data: st.DataObject) -> None:
    state = machine.initial
    for event in data.draw(st.lists(st.sampled_from(events_of(machine)), max_size=12)):
        before = state
        try:
            state = advance(machine.table, state, event)
        except IllegalTransition:
            assert state is before
        else:
            assert before not in machine.terminal


@pytest.mark.parametrize("kind", list(NAMES), ids=lambda kind: kind.__name__)
def test_every_state_and_kind_has_a_chinese_and_an_english_name(kind: type[StrEnum]) -> None:
    assert set(NAMES[kind]) == set(kind)
    assert all(name_of(member).zh.strip() and name_of(member).en.strip() for member in kind)
    assert len({name_of(member).zh for member in kind}) == len(list(kind))


def test_every_machine_of_the_fleet_has_its_states_named() -> None:
    assert {type(machine.initial) for machine in MACHINES} <= set(NAMES)
