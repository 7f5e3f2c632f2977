"""The page of state machines says what the tables say; that it is current is tried with the other pages."""

import pytest

from fleet.machines import Machine
from steppe.state_machines import ALL_MACHINES, event_name, names_of, state_machines_page


@pytest.mark.parametrize("machine", ALL_MACHINES, ids=lambda machine: machine.name)
def test_every_state_and_step_of_a_machine_stands_on_the_page(machine: Machine) -> None:
    page = state_machines_page("")
    section = page.split(f"## {machine.name} ")[1].split("\n## ")[0]
    for state in type(machine.initial):
        zh, en = names_of(state)
        assert zh in section
        assert en in section
    for before, event, after in machine.rows:
        assert f"| `{before.value}` | {event_name(event)} | `{after.value}` |" in section


@pytest.mark.parametrize("machine", ALL_MACHINES, ids=lambda machine: machine.name)
def test_nothing_leaves_a_final_state_and_every_other_has_a_way_on(machine: Machine) -> None:
    leaving = {before for before, _, _ in machine.rows}
    assert not leaving & machine.terminal
    assert set(type(machine.initial)) == leaving | machine.terminal
