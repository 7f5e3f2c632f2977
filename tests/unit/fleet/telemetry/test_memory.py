"""A partition's memory is read as whoever wrote it; a part that cannot be read takes no other along."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from core import metrics
from core.ids import FenceId, FenceVersion, VehicleNo
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.found_events import FenceEvent, FoundEvents
from fleet.telemetry.found_facts import Facts
from fleet.telemetry.memory import Memory, PackedMemory, read_memory
from fleet.telemetry.unsettled import Unsettled

AT = datetime(2026, 7, 1, 2, tzinfo=UTC)


def an_event(seq: int, **changes: Any) -> FenceEvent:
    event = FenceEvent(
        vehicle_no=VehicleNo(7), fence_id=FenceId(f"f-{seq}"), fence_version=FenceVersion(3), set_version=9,
        kind="enter", seq=seq, measured_at=AT, since_at=AT, received_at=AT, lat=39.6003, lng=109.805,
        accuracy_m=0.5, is_border_uncertain=True,
    )  # fmt: skip
    return msgspec.structs.replace(event, **changes)


RAISED = AlarmRaised(vehicle_no=VehicleNo(7), kind=AlarmKind.OVERSPEED, at=AT)
FACTS = Facts(partition=3, epoch=2, events=FoundEvents.of(9, [an_event(1)]), raised=[RAISED])


def left_out(part: str) -> float:
    value: float = metrics.MEMORY_UNREADABLE.labels(part=part)._value.get()
    return value


def test_what_was_written_is_read() -> None:
    memory = Memory(
        facts=[FACTS],
        unsettled=Unsettled(gaps=b"12", late=b"34"),
    )
    assert read_memory(msgspec.msgpack.encode(memory)) == memory


def test_a_memory_without_what_is_new_in_it_is_read() -> None:
    facts = [FACTS]
    packed = msgspec.msgpack.encode({"membership": None, "facts": facts})
    assert read_memory(packed) == Memory(facts=facts)


def test_events_and_their_columns_say_the_same() -> None:
    events = [an_event(1), an_event(2, kind="dwell", accuracy_m=None, is_border_uncertain=False)]
    assert FoundEvents.of(9, events).each() == events


def test_crossings_of_before_the_columns_become_columns_in_their_order() -> None:
    events = [an_event(1), an_event(2), an_event(3, set_version=10)]
    old = {"partition": 3, "epoch": 2, "events": events, "raised": [RAISED], "comebacks": []}
    found = read_memory(msgspec.msgpack.encode({"facts": [old]})).facts
    assert [event for facts in found for event in facts.events.each()] == events
    assert [signal for facts in found for signal in facts.raised] == [RAISED]
    assert {(facts.partition, facts.epoch) for facts in found} == {(3, 2)}


@pytest.mark.parametrize(
    ("part", "changes"),
    [
        ("facts", {"facts": [{"partition": "three"}, FACTS]}),
        ("membership", {"membership": [1, 2]}),
        ("unsettled", {"unsettled": {"gaps": 7}}),
        ("unsettled", {"unsettled": Unsettled(version=2, gaps=b"12")}),
    ],
    ids=["facts", "membership", "unsettled", "a later version"],
)
def test_a_part_that_cannot_be_read_is_counted_and_the_others_are_kept(
    part: str, changes: dict[str, Any]
) -> None:
    before = left_out(part)
    facts = [FACTS]
    found = read_memory(msgspec.msgpack.encode({"facts": facts, "unsettled": None, **changes}))
    assert found == Memory(facts=facts)
    assert left_out(part) == before + 1


def test_a_memory_that_is_none_at_all_is_counted() -> None:
    before = left_out("memory")
    assert read_memory(b"rubbish") == Memory()
    assert left_out("memory") == before + 1


def test_an_empty_one_costs_little() -> None:
    ours = msgspec.msgpack.encode(PackedMemory())
    assert len(ours) < 40
