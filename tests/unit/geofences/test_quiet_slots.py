"""When a slot is quiet, so that its points may pass by unjudged."""

import numpy as np

from geofences.events import TransitionPolicy
from geofences.fences import FenceKind
from geofences.index import FenceIndex
from geofences.stays import AT_ONCE, FAR, NEVER
from geofences.transitions import Transitions
from tests.crossings import pass_by, step
from tests.fences import a_fence

SLOW_ENTRY = {FenceKind.SLOW_ZONE: TransitionPolicy(min_inside_s=2.0, min_outside_s=5.0)}


def a_square_of(capacity: int = 1) -> Transitions:
    return Transitions(FenceIndex.build([a_fence("f")]), capacity, SLOW_ENTRY)


def test_a_slot_that_was_never_heard_is_not_quiet() -> None:
    assert a_square_of(2).quiet_until_ms.tolist() == [NEVER, NEVER]


def test_where_nothing_waits_a_slot_is_quiet_for_good() -> None:
    transitions = a_square_of(2)
    step(transitions, (0, 0, 0.0), (1, 0, 500.0))
    assert transitions.quiet_until_ms.tolist() == [FAR, FAR]


def test_a_slot_that_comes_in_is_quiet_until_it_has_been_inside_for_the_minimum() -> None:
    transitions = a_square_of()
    step(transitions, (0, 0, 500.0))
    step(transitions, (0, 1, 0.0))
    assert transitions.quiet_until_ms.tolist() == [3000]
    step(transitions, (0, 3, 0.0))
    assert transitions.quiet_until_ms.tolist() == [FAR]


def test_a_slot_that_leaves_is_quiet_until_it_has_been_outside_for_the_minimum() -> None:
    transitions = a_square_of()
    step(transitions, (0, 0, 0.0))
    step(transitions, (0, 1, 80.0))
    assert transitions.quiet_until_ms.tolist() == [6000]
    step(transitions, (0, 6, 80.0))
    assert transitions.quiet_until_ms.tolist() == [FAR]


def test_a_slot_that_may_be_out_is_not_quiet() -> None:
    transitions = a_square_of()
    step(transitions, (0, 0, 0.0), accuracy_m=4.0)
    step(transitions, (0, 1, 52.0), accuracy_m=4.0)
    assert transitions.quiet_until_ms.tolist() == [AT_ONCE]


def test_nobody_is_quiet_after_a_publish_or_in_another_tracker() -> None:
    transitions = a_square_of()
    step(transitions, (0, 0, 0.0))
    heir = a_square_of()
    heir.restore(transitions.export(np.zeros(1, np.int32)))
    transitions.swap(FenceIndex.build([a_fence("f", version=2)]))
    assert [*transitions.quiet_until_ms, *heir.quiet_until_ms] == [NEVER, NEVER]


def test_what_passes_by_is_not_judged_again() -> None:
    transitions = a_square_of()
    step(transitions, (0, 0, 0.0))
    pass_by(transitions, (0, 3, 1.0), (0, 9, 2.0), (0, 5, 3.0))
    assert step(transitions, (0, 9, 500.0), (0, 8, 500.0), (0, 10, 0.0)).late.tolist() == [True, True, False]


def test_a_late_point_that_passes_by_changes_nothing() -> None:
    transitions = a_square_of()
    step(transitions, (0, 10, 0.0))
    pass_by(transitions, (0, 3, 1.0))
    assert step(transitions, (0, 10, 0.0), (0, 11, 0.0)).late.tolist() == [True, False]
