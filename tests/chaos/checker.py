"""Judges a run by its history and by the database that is left. Pure: rows in, violations out."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from tests.chaos.history import Event


@dataclass(frozen=True)
class Violation:
    """A broken promise (number of reliability.md) and what shows it."""

    promise: int
    what: str

    def __str__(self) -> str:
        return f"promise {self.promise}: {self.what}"


@dataclass(frozen=True)
class OrderRow:
    order_id: str
    state: str
    version: int


@dataclass(frozen=True)
class TaskRow:
    task_id: str
    vehicle_no: int
    state: str
    began_at: datetime
    ended_at: datetime | None
    orders: tuple[str, ...]


@dataclass(frozen=True)
class EventRow:
    order_id: str
    version: int
    from_state: str | None
    to_state: str
    epoch: int


def lost_orders(placed: Mapping[str, Sequence[Event]], orders: Iterable[OrderRow]) -> list[Violation]:
    """Every acknowledged order is in the database (promise 1)."""
    stored = {row.order_id for row in orders}
    return [
        Violation(1, f"order {event.value['order_id']} was acknowledged and is not in the database")
        for events in placed.values()
        for event in events
        if event.phase == "ok" and event.value["order_id"] not in stored
    ]


def unserved_orders(
    placed: Mapping[str, Sequence[Event]], orders: Iterable[OrderRow], done: frozenset[str]
) -> list[Violation]:
    """Every acknowledged order has reached a state of `done` (promise 1, after the last fault)."""
    state = {row.order_id: row.state for row in orders}
    acknowledged = {
        event.value["order_id"] for events in placed.values() for event in events if event.phase == "ok"
    }
    return [
        Violation(1, f"order {order_id} is still {state[order_id]}")
        for order_id in sorted(acknowledged)
        if order_id in state and state[order_id] not in done
    ]


def doubled_creates(
    placed: Mapping[str, Sequence[Event]], order_of_key: Mapping[str, Sequence[str]]
) -> list[Violation]:
    """One row a key and the same answer every time (promise 2).

    order_of_key: the orders that the database holds for each key, told apart by the key in their note.
    """
    found = []
    for key, events in placed.items():
        answers = {event.value["order_id"] for event in events if event.phase == "ok"}
        rows = set(order_of_key.get(key, ()))
        if len(answers) > 1:
            found.append(Violation(2, f"key {key} was answered with {sorted(answers)}"))
        if len(rows) > 1:
            found.append(Violation(2, f"key {key} made the orders {sorted(rows)}"))
    return found


def shared_vehicles(tasks: Iterable[TaskRow]) -> list[Violation]:
    """No vehicle holds two tasks at a time, no order two vehicles (promise 3), by replaying intervals."""
    by_vehicle: dict[str, list[TaskRow]] = defaultdict(list)
    by_order: dict[str, list[TaskRow]] = defaultdict(list)
    for task in tasks:
        by_vehicle[f"vehicle {task.vehicle_no}"].append(task)
        for order_id in task.orders:
            by_order[f"order {order_id}"].append(task)
    return [
        Violation(3, f"{name} has {one.task_id} and {other.task_id} at the same time")
        for group in (by_vehicle, by_order)
        for name, held in group.items()
        for one, other in pairwise(sorted(held, key=lambda task: task.began_at))
        if one.ended_at is None or one.ended_at > other.began_at
    ]


def broken_chains(events: Iterable[EventRow], orders: Iterable[OrderRow]) -> list[Violation]:
    """Versions grow by one without gaps, each event begins where the last ended, epochs never fall (4)."""
    by_order: dict[str, list[EventRow]] = defaultdict(list)
    for event in events:
        by_order[event.order_id].append(event)
    found = []
    for row in orders:
        chain = sorted(by_order[row.order_id], key=lambda event: event.version)
        if not chain or chain[-1].version != row.version or chain[-1].to_state != row.state:
            found.append(Violation(4, f"order {row.order_id} is not where its last event left it"))
        for one, other in pairwise(chain):
            if other.version != one.version + 1 or other.epoch < one.epoch:
                found.append(Violation(4, f"order {row.order_id} jumps from {one} to {other}"))
            elif other.from_state != one.to_state:
                found.append(Violation(4, f"order {row.order_id} goes on from another state: {one}, {other}"))
    return found
