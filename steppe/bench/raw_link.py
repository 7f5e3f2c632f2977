"""A WebSocket client of a few microseconds a message, so that ten thousand vehicles fit beside the servers.

It speaks what a vehicle needs of RFC 6455: the upgrade, masked messages, pings, close. Its masking key is
zero: the server unmasks as always, and a thousand frames can be made with one array.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

MASKED_HEAD_BYTES: Final = 6
"""Of a message below 126 bytes: opcode, length, masking key."""
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
_LONG, _LONGER = 126, 127

type OnMessage = Callable[["RawLink", bytes], None]


def masked(opcode: int, payload: bytes) -> bytes:
    """Return a client's message; the payload must be below 64 KiB."""
    if len(payload) < _LONG:
        return bytes((0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0)) + payload
    return bytes((0x80 | opcode, 0x80 | _LONG)) + len(payload).to_bytes(2) + b"\0\0\0\0" + payload


class RawLink(asyncio.Protocol):
    """One connection: ``on_message`` takes every text; ``ended`` is set when it is over."""

    def __init__(self, host: str, token: str, hello: str, on_message: OnMessage) -> None:
        self.is_over = False
        self.close_code = 0
        self.transport: Any = None
        self.on_lost: Callable[[], object] | None = None
        """Called once when the link is over."""
        self._request = (
            f"GET /v1/link HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()
        self._hello = hello.encode()
        self._on_message = on_message
        self._read = b""
        self._is_open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self.transport = transport
        self.transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Read whole messages; the rest waits."""
        self._read = self._read + data if self._read else data
        if not self._is_open:
            head, found, rest = self._read.partition(b"\r\n\r\n")
            if not found:
                return
            if b" 101 " not in head.split(b"\r\n", 1)[0]:
                self.transport.close()
                return
            self._is_open, self._read = True, rest
            self.transport.write(masked(TEXT, self._hello))
        while (size := self._first()) is not None:
            self._read = self._read[size:]

    def _first(self) -> int | None:
        """Handle the first message that is whole; return its size, None when there is none."""
        read = self._read
        if len(read) < 2:
            return None
        length, start = read[1], 2
        if length == _LONG:
            length, start = int.from_bytes(read[2:4]), 4
        elif length == _LONGER:
            length, start = int.from_bytes(read[2:10]), 10
        if len(read) < start + length:
            return None
        payload, opcode = read[start : start + length], read[0] & 0x0F
        if opcode == TEXT:
            self._on_message(self, payload)
        elif opcode == PING:
            self.transport.write(masked(PONG, payload))
        elif opcode == CLOSE:
            self.close_code = int.from_bytes(payload[:2])
            self.transport.close()
        return start + length

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note the end."""
        self.is_over = True
        if self.on_lost is not None:
            self.on_lost()
