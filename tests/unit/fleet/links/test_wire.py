"""The codec against docs/wire-protocol.md: the bytes as the page gives them, and nothing else accepted."""

import contextlib
import struct

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.links.wire.commands import COMMAND_BODIES, AssignTask, CommandKind, StopPlan, read_command_body
from fleet.links.wire.frame import MAX_FRAME_BYTES, FrameError, decode_frame, encode_frame
from fleet.links.wire.messages import (
    Command,
    Hello,
    Report,
    body_of,
    decode_from_vehicle,
    decode_to_vehicle,
    encode_message,
)
from fleet.links.wire.positions import (
    POSITION_BYTES,
    POSITION_SECTION,
    encode_positions,
    new_positions,
    read_positions,
)
from fleet.links.wire.reports import REPORT_BODIES, ReportKind, StopReached, read_report_body
from fleet.links.wire.status import STATUS_BYTES, STATUS_SECTION, new_status, read_status


def test_a_position_frame_has_the_bytes_of_the_page() -> None:
    records = new_positions(1)
    records[0] = (7, 9, 396_000_000, -1_097_800_000, 123, 456, 64, 160, 0b1010, 5)
    frame = encode_positions(3, 1_780_000_000_000, records)
    assert frame == (
        b"ST\x01\x01"
        + struct.pack("<IQq", 56, 3, 1_780_000_000_000)
        + struct.pack("<BBHI", 1, 1, 24, 24)
        + struct.pack("<IIiiHHBBBB", 7, 9, 396_000_000, -1_097_800_000, 123, 456, 64, 160, 0b1010, 5)
    )


def test_record_sizes_are_those_of_the_page() -> None:
    assert (POSITION_BYTES, STATUS_BYTES) == (24, 80)


@given(
    st.integers(0, 2**64 - 1),
    st.integers(-(2**63), 2**63 - 1),
    st.lists(st.tuples(st.integers(0, 255), st.integers(0, 65_535), st.binary(max_size=60)), max_size=64),
)
def test_every_frame_comes_back_as_it_was(
    seq: int, base_ms: int, sections: list[tuple[int, int, bytes]]
) -> None:
    frame = decode_frame(encode_frame(seq, base_ms, sections))
    assert (frame.frame_seq, frame.base_time_ms) == (seq, base_ms)
    assert [(s.type, s.record_bytes, bytes(s.payload)) for s in frame.sections] == sections


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(data: bytes) -> None:
    codes = {"frame-truncated", "malformed-frame", "unknown-version", "too-large"}
    with contextlib.suppress(FrameError):
        decode_frame(data)
        return
    with pytest.raises(FrameError) as refused:
        decode_frame(data)
    assert refused.value.code in codes


@given(st.data())
def test_a_flipped_or_cut_frame_is_read_or_refused_and_never_crashes(data: st.DataObject) -> None:
    whole = bytearray(encode_positions(1, 1_780_000_000_000, new_positions(3)))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    cut = whole[: data.draw(st.integers(0, len(whole)))]
    try:
        for section in decode_frame(bytes(cut)).sections:
            if section.type == POSITION_SECTION:
                read_positions(section)
    except FrameError:
        pass


def test_a_frame_above_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(FrameError, match="too-large"):
        decode_frame(bytes(MAX_FRAME_BYTES + 1))


def test_sixty_five_sections_are_too_many() -> None:
    with pytest.raises(FrameError, match="malformed-frame"):
        decode_frame(encode_frame(1, 0, [(9, 0, b"")] * 65))


@pytest.mark.parametrize("more", [0, 4, 40], ids=["the size we know", "one field more", "many more"])
def test_records_of_a_newer_sender_are_read_to_the_size_that_is_known(more: int) -> None:
    status = new_status(2)
    status["vehicle_no"], status["software_version"] = (7, 8), (70, 80)
    payload = b"".join(record.tobytes() + bytes(more) for record in status)
    frame = decode_frame(encode_frame(1, 0, [(STATUS_SECTION, STATUS_BYTES + more, payload)]))
    found = read_status(frame.sections[0])
    assert found["software_version"].tolist() == [70, 80]


def test_a_new_status_knows_no_temperature_no_water_and_no_exact_heading() -> None:
    status = new_status(1)[0]
    assert [int(status[name]) for name in ("battery_dc", "water_200", "heading_cdeg")] == [
        -32_768,
        255,
        65_535,
    ]


def test_every_kind_of_command_and_report_has_a_body() -> None:
    assert set(COMMAND_BODIES) == set(CommandKind)
    assert set(REPORT_BODIES) == set(ReportKind)


def test_a_command_with_an_unknown_field_in_its_body_is_refused_by_the_vehicle() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        read_command_body(CommandKind.OPEN_COMPARTMENT, b'{"compartment":1,"alsoDo":"that"}')


def test_a_report_with_a_field_of_a_newer_vehicle_is_read() -> None:
    body = read_report_body("stop_reached", b'{"stopId":"s","lat":39.6,"lng":109.8,"mood":"good"}')
    assert body == StopReached(stop_id="s", lat=39.6, lng=109.8)


def test_a_command_comes_back_with_its_body() -> None:
    stop = StopPlan(
        stop_id="s1", seq=1, kind="load", lat=39.6, lng=109.8, polyline6="", length_m=0.0, expected_s=0.0
    )
    task = AssignTask(task_id="t", epoch=2, kind="delivery", service="delivery", stops=(stop,))
    command = Command(
        command_id="c", vehicle_no=7, kind=CommandKind.ASSIGN_TASK, issued_at_ms=1, body=body_of(task)
    )
    back = decode_to_vehicle(encode_message(command))
    assert isinstance(back, Command)
    assert read_command_body(back.kind, back.body) == task


def test_names_on_the_wire_are_camel_case_and_the_tag_is_type() -> None:
    text = encode_message(Hello(protocol=1, last_durable_seq=5))
    assert msgspec.json.decode(text) == {
        "type": "hello",
        "protocol": 1,
        "vehicles": None,
        "lastDurableSeq": 5,
        "software": "",
    }


def test_a_report_keeps_its_body_as_it_was_said() -> None:
    text = (
        b'{"type":"report","vehicleNo":7,"reportSeq":1,"kind":"fault","measuredAtMs":5,"body":{"code":  301}}'
    )
    report = decode_from_vehicle(text)
    assert isinstance(report, Report)
    assert bytes(report.body) == b'{"code":  301}'


def test_views_are_not_copied() -> None:
    data = encode_positions(1, 0, new_positions(100))
    records = read_positions(decode_frame(data).sections[0])
    assert np.shares_memory(records, np.frombuffer(data, np.uint8))
