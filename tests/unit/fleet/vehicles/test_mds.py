"""The derived MDS state and its transition table."""

from itertools import product

import pytest

from fleet.vehicles.kinds import Connection, Duty, Lifecycle
from fleet.vehicles.mds import (
    MDS_TRANSITIONS,
    MdsEvent,
    MdsFacts,
    MdsState,
    TripPhase,
    derive_mds_state,
    mds_path,
)

ABSENT = {MdsState.NON_CONTACTABLE, MdsState.MISSING, MdsState.ELSEWHERE, MdsState.REMOVED}


def facts(**changes: object) -> MdsFacts:
    values: dict[str, object] = {
        "lifecycle": Lifecycle.IN_SERVICE,
        "connection": Connection.ONLINE,
        "duty": Duty.IDLE,
    }
    return MdsFacts(**{**values, **changes})  # type: ignore[arg-type]


def test_the_table_has_the_52_rows_of_the_specification() -> None:
    assert sum(len(events) for events in MDS_TRANSITIONS.values()) == 52
    assert len(MdsState) == 9
    assert {event for events in MDS_TRANSITIONS.values() for event in events} == set(MdsEvent)


@pytest.mark.parametrize(("before", "after"), list(product(MdsState, MdsState)))
def test_every_change_is_told_as_legal_steps(before: MdsState, after: MdsState) -> None:
    state = before
    for step in mds_path(before, after):
        assert step.event in MDS_TRANSITIONS[state, step.state]
        state = step.state
    assert state is after


@pytest.mark.parametrize(("before", "after"), list(product(sorted(set(MdsState) - ABSENT), repeat=2)))
def test_a_vehicle_that_was_never_lost_is_not_told_as_lost(before: MdsState, after: MdsState) -> None:
    assert not {step.state for step in mds_path(before, after)} & ABSENT


def test_a_trip_ends_through_stopped_because_mds_has_no_shorter_way() -> None:
    path = mds_path(MdsState.ON_TRIP, MdsState.AVAILABLE)
    assert [step.state for step in path] == [MdsState.STOPPED, MdsState.AVAILABLE]
    assert [step.state for step in mds_path(MdsState.RESERVED, MdsState.ON_TRIP)] == [
        MdsState.STOPPED,
        MdsState.ON_TRIP,
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, MdsState.AVAILABLE),
        ({"lifecycle": Lifecycle.REGISTERED}, MdsState.REMOVED),
        ({"lifecycle": Lifecycle.DECOMMISSIONED, "connection": Connection.OFFLINE}, MdsState.REMOVED),
        ({"lifecycle": Lifecycle.SUSPENDED}, MdsState.NON_OPERATIONAL),
        ({"connection": Connection.OFFLINE, "trip": TripPhase.UNDER_WAY}, MdsState.NON_CONTACTABLE),
        ({"connection": Connection.HIBERNATING}, MdsState.NON_CONTACTABLE),
        ({"connection": Connection.STALE}, MdsState.AVAILABLE),
        ({"connection": Connection.OFFLINE, "is_given_up_for_lost": True}, MdsState.MISSING),
        ({"is_given_up_for_lost": True}, MdsState.AVAILABLE),
        ({"is_inside_jurisdiction": False, "trip": TripPhase.UNDER_WAY}, MdsState.ELSEWHERE),
        ({"duty": Duty.TO_STOP, "trip": TripPhase.RESERVED}, MdsState.RESERVED),
        ({"duty": Duty.TO_STOP, "trip": TripPhase.UNDER_WAY}, MdsState.ON_TRIP),
        ({"duty": Duty.AT_STOP, "trip": TripPhase.STOPPED}, MdsState.STOPPED),
        ({"duty": Duty.FAULT, "trip": TripPhase.STOPPED}, MdsState.STOPPED),
        ({"duty": Duty.CHARGING}, MdsState.NON_OPERATIONAL),
        ({"duty": Duty.FAULT}, MdsState.NON_OPERATIONAL),
        ({"duty": Duty.RETURNING}, MdsState.AVAILABLE),
    ],
)
def test_the_state_follows_from_the_other_machines(changes: dict[str, object], expected: MdsState) -> None:
    assert derive_mds_state(facts(**changes)) is expected
