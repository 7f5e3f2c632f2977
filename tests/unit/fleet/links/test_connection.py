"""A link's connection speaks RFC 6455, however the bytes are cut, and reads nothing while it is paused."""

import asyncio
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.links.connection import LinkConnection

MOST = 70_000
KEY = b"\x11\x22\x33\x44"
TEXT, BINARY, CLOSE, PING, PONG, CONT = 1, 2, 8, 9, 10, 0


def message(opcode: int, data: bytes, *, fin: bool = True, rsv: int = 0, is_masked: bool = True) -> bytes:
    first, mask = (0x80 if fin else 0) | rsv | opcode, 0x80 if is_masked else 0
    if len(data) < 126:
        head = struct.pack("!BB", first, mask | len(data))
    elif len(data) < 65_536:
        head = struct.pack("!BBH", first, mask | 126, len(data))
    else:
        head = struct.pack("!BBQ", first, mask | 127, len(data))
    if not is_masked:
        return head + data
    return head + KEY + bytes(byte ^ KEY[place % 4] for place, byte in enumerate(data))


def closing(code: int) -> bytes:
    return struct.pack("!H", code)


class Wire:
    """What a transport shows."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = self.is_aborted = self.is_paused = False

    def set_protocol(self, protocol: Any) -> None:
        return

    def is_closing(self) -> bool:
        return self.is_closed

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True

    def abort(self) -> None:
        self.is_aborted = True

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


class Heard:
    """Takes everything."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.lost = 0

    def on_text(self, text: str) -> None:
        self.messages.append(text)

    def on_frame(self, data: bytes) -> None:
        self.messages.append(data)

    def on_writable(self) -> None:
        return

    def on_lost(self) -> None:
        self.lost += 1


def opened() -> tuple[LinkConnection, Wire, Heard]:
    wire, heard = Wire(), Heard()
    return LinkConnection(wire, set(), heard, max_bytes=MOST), wire, heard


@given(
    bodies=st.lists(
        st.one_of(
            st.binary(max_size=300), st.text(max_size=100), st.sampled_from([bytes(126), bytes(65_536)])
        ),
        max_size=6,
    ),
    pieces=st.lists(st.integers(min_value=1, max_value=400), min_size=1, max_size=20),
    fragments=st.integers(min_value=1, max_value=3),
)
def test_messages_arrive_whole_and_in_order_however_they_are_cut(
    bodies: list[bytes | str], pieces: list[int], fragments: int
) -> None:
    stream = b""
    for body in bodies:
        data, opcode = (body.encode(), TEXT) if isinstance(body, str) else (body, BINARY)
        size = -(-len(data) // fragments) or 1
        parts = [data[at : at + size] for at in range(0, len(data), size)] or [b""]
        for number, part in enumerate(parts):
            stream += message(CONT if number else opcode, part, fin=number == len(parts) - 1)
            stream += message(PING, b"there?")
    connection, wire, heard = opened()
    at, turn = 0, 0
    while at < len(stream):
        size = pieces[turn % len(pieces)] if turn < len(pieces) else len(stream)
        connection.data_received(stream[at : at + size])
        at, turn = at + size, turn + 1
    assert heard.messages == bodies
    assert wire.written.replace(b"\x8a\x06there?", b"") == b""
    assert not wire.is_closed


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (message(BINARY, b"x", is_masked=False), 1002),
        (message(BINARY, b"x", rsv=0x40), 1002),
        (message(3, b"x"), 1002),
        (message(CONT, b"x"), 1002),
        (message(BINARY, b"x", fin=False) + message(BINARY, b"y"), 1002),
        (message(PING, b"x" * 126), 1002),
        (message(PING, b"x", fin=False), 1002),
        (message(CLOSE, b"x"), 1002),
        (message(BINARY, bytes(MOST + 1))[:14], 1009),
        (message(BINARY, bytes(40_000), fin=False) + message(CONT, bytes(40_000)), 1009),
        (message(CLOSE, closing(1000)), 1000),
    ],
    ids=[
        "unmasked", "reserved bit", "unknown opcode", "continues nothing", "new message inside another",
        "long ping", "ping in pieces", "close of one byte", "too large, at its head", "too large in pieces",
        "the peer closes",
    ],
)  # fmt: skip
def test_a_violation_or_a_close_is_answered_with_its_code_and_ends_the_connection(
    data: bytes, code: int
) -> None:
    connection, wire, heard = opened()
    connection.data_received(data)
    assert wire.written[:1] == b"\x88"
    assert wire.written[2:4] == closing(code)
    assert wire.is_closed
    assert heard.messages == []


async def test_a_text_that_is_not_utf8_is_closed_with_1007() -> None:
    connection, wire, heard = opened()
    connection.data_received(message(TEXT, b"\xff"))
    assert wire.written[2:4] == closing(1007)
    assert heard.messages == []


def test_nothing_is_handed_on_while_it_is_paused_and_everything_afterwards() -> None:
    connection, wire, heard = opened()
    connection.pause()
    connection.pause()
    assert wire.is_paused
    connection.data_received(message(BINARY, b"1") + message(BINARY, b"2"))
    connection.resume()
    assert (heard.messages, wire.is_paused) == ([], True)
    connection.resume()
    assert (heard.messages, wire.is_paused) == ([b"1", b"2"], False)


async def test_a_close_is_said_once_and_what_comes_after_it_is_not_handed_on() -> None:
    connection, wire, heard = opened()
    connection.close(4480, "client-too-slow")
    connection.close(1012, "again")
    connection.send_text(b"late")
    connection.data_received(message(BINARY, b"late"))
    assert wire.written == b"\x88\x11" + closing(4480) + b"client-too-slow"
    assert (heard.messages, wire.is_closed) == ([], False)
    connection.data_received(message(CLOSE, closing(4480)))
    assert wire.is_closed


async def test_a_peer_that_answers_no_close_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleet.links.connection.CLOSE_WITHIN_S", 0.01)
    connection, wire, _ = opened()
    connection.close(1012, "")
    await asyncio.sleep(0.1)
    assert wire.is_aborted


async def test_a_peer_that_answers_no_ping_is_closed_with_1011_and_one_that_does_is_not() -> None:
    connection, wire, _ = opened()
    connection.keep_alive()
    connection.data_received(message(PONG, b""))
    connection.keep_alive()
    assert (wire.written, wire.is_closed) == (b"\x89\x00\x89\x00", False)
    connection.keep_alive()
    assert wire.written[6:8] == closing(1011)
    assert wire.is_closed


@pytest.mark.parametrize("length", [0, 125, 126, 65_535, 65_536])
def test_texts_of_every_length_are_framed(length: int) -> None:
    connection, wire, _ = opened()
    connection.send_text(b"x" * length)
    assert wire.written == message(TEXT, b"x" * length, is_masked=False)
