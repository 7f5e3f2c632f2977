"""The judge itself: it must see each violation, and must not see what is allowed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.chaos import checker
from tests.chaos.checker import EventRow, OrderRow, TaskRow
from tests.chaos.history import Event, History
from tests.chaos.nemesis import plan

pytestmark = pytest.mark.chaos_short
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def placed(*outcomes: tuple[str, str, str | None]) -> dict[str, list[Event]]:
    grouped: dict[str, list[Event]] = {}
    for key, phase, order_id in outcomes:
        event = Event(phase, "place", key, 0.0, {"order_id": order_id} if order_id else {})  # type: ignore[arg-type]
        grouped.setdefault(key, []).append(event)
    return grouped


def a_task(task_id: str, vehicle: int, began: int, ended: int | None, *orders: str) -> TaskRow:
    def at(minute: int) -> datetime:
        return NOON + timedelta(minutes=minute)

    return TaskRow(task_id, vehicle, "x", at(began), None if ended is None else at(ended), orders)


def test_an_acknowledged_order_that_is_gone_is_seen() -> None:
    found = checker.lost_orders(placed(("k", "ok", "o1")), [OrderRow("o2", "created", 1)])
    assert [violation.promise for violation in found] == [1]


def test_an_unknown_outcome_is_held_against_nobody() -> None:
    history = placed(("k", "unknown", None), ("l", "fail", None))
    assert checker.lost_orders(history, []) == []
    assert checker.unserved_orders(history, [], frozenset()) == []


def test_an_order_that_waits_for_ever_is_seen() -> None:
    rows = [OrderRow("o1", "accepted", 2), OrderRow("o2", "delivered", 7)]
    found = checker.unserved_orders(
        placed(("k", "ok", "o1"), ("l", "ok", "o2")), rows, frozenset({"delivered"})
    )
    assert [str(violation) for violation in found] == ["promise 1: order o1 is still accepted"]


def test_two_orders_of_one_key_and_two_answers_are_seen() -> None:
    history = placed(("k", "ok", "o1"), ("k", "ok", "o2"), ("l", "unknown", None))
    assert len(checker.doubled_creates(history, {"k": ["o1", "o2"], "l": ["o3"]})) == 2


@pytest.mark.parametrize(
    ("tasks", "violations"),
    [
        ([a_task("a", 1, 0, 5, "o1"), a_task("b", 1, 5, 9, "o2")], 0),
        ([a_task("a", 1, 0, 6, "o1"), a_task("b", 1, 5, 9, "o2")], 1),
        ([a_task("a", 1, 0, None, "o1"), a_task("b", 2, 5, None, "o1")], 1),
        ([a_task("a", 1, 0, 3, "o1"), a_task("b", 2, 3, None, "o1")], 0),
        ([a_task("a", 1, 0, None, "o1"), a_task("b", 1, 5, None, "o1")], 2),
    ],
    ids=["one after the other", "two at once", "one order, two vehicles", "reassigned", "both"],
)
def test_a_vehicle_with_two_tasks_and_an_order_with_two_vehicles_are_seen(
    tasks: list[TaskRow], violations: int
) -> None:
    assert len(checker.shared_vehicles(tasks)) == violations


@pytest.mark.parametrize(
    ("events", "row", "violations"),
    [
        ([(1, None, "created", 0), (2, "created", "accepted", 0)], ("accepted", 2), 0),
        ([(1, None, "created", 0), (3, "created", "accepted", 0)], ("accepted", 3), 1),
        ([(1, None, "created", 1), (2, "created", "accepted", 0)], ("accepted", 2), 1),
        ([(1, None, "created", 0), (2, "assigned", "accepted", 0)], ("accepted", 2), 1),
        ([(1, None, "created", 0)], ("accepted", 2), 1),
    ],
    ids=["whole", "gap", "epoch falls", "wrong state", "row ahead of its events"],
)
def test_a_broken_chain_of_events_is_seen(
    events: list[tuple[int, str | None, str, int]], row: tuple[str, int], violations: int
) -> None:
    rows = [EventRow("o1", *event) for event in events]
    assert len(checker.broken_chains(rows, [OrderRow("o1", *row)])) == violations


def test_a_plan_is_the_same_for_the_same_seed_and_visits_the_crash_points() -> None:
    points = {"api": ["before_commit", "after_commit"], "worker": ["before_claim"]}
    faults = plan(7, 60, ["api", "worker", "valkey"], points)
    assert faults == plan(7, 60, ["api", "worker", "valkey"], points)
    assert faults != plan(8, 60, ["api", "worker", "valkey"], points)
    assert {(fault.target, fault.point) for fault in faults if fault.point} == {
        ("api", "before_commit"), ("api", "after_commit"), ("worker", "before_claim"),
    }  # fmt: skip


def test_a_history_is_read_as_it_was_written(tmp_path: Path) -> None:
    history = History(tmp_path / "history.jsonl")
    history.note("invoke", "place", "k1", 1.0)
    history.note("ok", "place", "k1", 1.25, order_id="o1")
    assert [event.phase for event in history.by_key("place")["k1"]] == ["invoke", "ok"]
    history.close()
