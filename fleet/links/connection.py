"""One open WebSocket of a vehicle after its handshake: whole messages in, messages out, no task of its own.

Reading a message through ASGI costs a queue, two dicts, a task switch and a pause of the transport: with one
position a frame that is most of the gateway. Here a short message that is whole is unmasked and handed on in
the transport's own call. Everything else of RFC 6455 (control frames, fragments, closing, every violation) is
decided by the sans-I/O protocol of ``websockets``, which is made when it is needed and let go afterwards.
"""

import asyncio
from collections.abc import Callable
from struct import Struct
from typing import Any, Final, Protocol

from websockets.frames import CTRL_OPCODES, Frame, Opcode
from websockets.protocol import Protocol as SansIO
from websockets.protocol import Side

try:
    from websockets.speedups import apply_mask
except ImportError:  # a platform without the wheel's C code
    from websockets.utils import apply_mask

CLOSE_WITHIN_S: Final = 10.0
"""How long the peer may take to answer a close; then the connection is dropped."""
HANDOVER: Final = "steppe.handover"
"""Scope extension under which the server offers the connection of an accepted WebSocket to its handler."""
_WHOLE_TEXT, _WHOLE_BINARY = 0x81, 0x82
_SHORT, _MEDIUM, _LONG = Struct("!BB"), Struct("!BBH"), Struct("!BBQ")
_MASKED: Final = 0x80
_SHORT_MOST, _MEDIUM_LENGTH, _LONG_LENGTH = 125, 126, 127
_PING: Final = Frame(Opcode.PING, b"").serialize(mask=False)
_NOT_UTF8, _KEEPALIVE, _RESTART = 1007, 1011, 1012


class Hearer(Protocol):
    """Who takes what comes over a connection; every call is made in the event loop, in order."""

    def on_text(self, text: str) -> None:
        """Take a text message."""
        ...

    def on_frame(self, data: bytes) -> None:
        """Take a binary message."""
        ...

    def on_writable(self) -> None:
        """Take that what was written before has left this process."""
        ...

    def on_lost(self) -> None:
        """Take that the connection is gone; called once."""
        ...


type HandOver = Callable[[Hearer], "LinkConnection"]


class LinkConnection(asyncio.Protocol):
    """An accepted WebSocket whose transport it takes over. ``connections``: what the server waits for."""

    __slots__ = (
        "_close_timer", "_connections", "_hearer", "_is_closing", "_is_plain", "_is_walking", "_max_bytes",
        "_needed", "_parser", "_parts", "_pauses", "_rest", "_transport", "is_heard", "is_writable",
    )  # fmt: skip

    def __init__(self, transport: Any, connections: set[Any], hearer: Hearer, *, max_bytes: int) -> None:
        self._transport = transport
        self._connections = connections
        self._hearer = hearer
        self._max_bytes = max_bytes
        self._rest: bytearray | None = None
        """Bytes that are no whole message yet, or that wait while reading is paused."""
        self._needed = 0
        self._pauses = 0
        self._parser: SansIO | None = None
        self._parts: tuple[bool, bytearray] | None = None
        """Whether a fragmented message is text, and what came of it."""
        self._close_timer: asyncio.TimerHandle | None = None
        self._is_closing = False
        self._is_walking = False
        self._is_plain = True
        """Whether a whole message may be handed on at once."""
        self.is_heard = True
        self.is_writable = True
        connections.add(self)
        transport.set_protocol(self)

    # --- reading -------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Hand on what is whole."""
        self.is_heard = True
        if self._is_plain:
            size = len(data) - 6
            if 0 <= size <= _SHORT_MOST and data[0] == _WHOLE_BINARY and data[1] == size | _MASKED:
                self._hearer.on_frame(apply_mask(data[6:], data[2:6]))
                return
        if self._rest is None:
            self._rest = bytearray(data)
        else:
            self._rest += data
        self._walk()

    def _walk(self) -> None:
        """Take message after message of what has come, until one is not whole or reading is paused."""
        if self._is_walking:
            return
        self._is_walking, at = True, 0
        try:
            while (
                not self._pauses and self._rest is not None and len(self._rest) - at >= max(2, self._needed)
            ):
                size = self._message(self._rest, at)
                if not size:
                    break
                at += size
        finally:
            self._is_walking = False
            if self._rest is not None:
                del self._rest[:at]
                self._rest = self._rest or None
            self._note_plain()

    def _message(self, rest: bytearray, at: int) -> int:
        """Take the message that begins at a place; return its bytes, 0 when it is not whole."""
        length, head = rest[at + 1] & 0x7F, 6
        if length >= _MEDIUM_LENGTH:
            width = 2 if length == _MEDIUM_LENGTH else 8
            if len(rest) - at < 2 + width:
                return 0
            length, head = int.from_bytes(rest[at + 2 : at + 2 + width]), 6 + width
        if length > self._max_bytes or not rest[at + 1] & _MASKED:
            self._by_library(bytes(rest[at:]))
            return len(rest) - at
        size = head + length
        if len(rest) - at < size:
            self._needed = size
            return 0
        self._needed = 0
        if self._parser is None and rest[at] in (_WHOLE_TEXT, _WHOLE_BINARY):
            mask, body = at + head - 4, at + head
            self._whole(rest[at] == _WHOLE_TEXT, apply_mask(rest[body : at + size], rest[mask:body]))
        else:
            self._by_library(bytes(rest[at : at + size]))
        return size

    def _whole(self, is_text: bool, data: bytes) -> None:
        if not is_text:
            self._hearer.on_frame(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self.close(_NOT_UTF8, "a text that is not UTF-8")
            return
        self._hearer.on_text(text)

    def _by_library(self, data: bytes) -> None:
        """Let ``websockets`` judge bytes: a control frame, a piece of a message, or a violation."""
        parser = self._sans_io()
        parser.receive_data(data)
        frames = [event for event in parser.events_received() if isinstance(event, Frame)]
        self._send_what_is_due(parser)
        if parser.parser_exc is not None or any(frame.opcode is Opcode.CLOSE for frame in frames):
            self._is_closing = True
            self._transport.close()
            return
        for frame in frames:
            if frame.opcode not in CTRL_OPCODES and not self._is_closing:
                self._piece(frame)
        if parser.current_size is None and not self._is_closing:
            self._parser = None

    def _piece(self, frame: Frame) -> None:
        if self._parts is None:
            self._parts = (frame.opcode is Opcode.TEXT, bytearray())
        is_text, found = self._parts
        found += frame.data
        if frame.fin:
            self._parts = None
            self._whole(is_text, bytes(found))

    def _sans_io(self) -> SansIO:
        if self._parser is None:
            self._parser = SansIO(Side.SERVER, max_size=self._max_bytes)
        return self._parser

    def _send_what_is_due(self, parser: SansIO) -> None:
        due = b"".join(parser.data_to_send())
        if due and not self._transport.is_closing():
            self._transport.write(due)

    def _note_plain(self) -> None:
        self._is_plain = not (self._pauses or self._is_closing or self._rest or self._parser)

    def pause(self) -> None:
        """Read nothing until ``resume`` was called as often."""
        self._pauses += 1
        self._is_plain = False
        if self._pauses == 1 and not self._transport.is_closing():
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on, what came before the pause first."""
        self._pauses = max(0, self._pauses - 1)
        if self._pauses == 0 and not self._transport.is_closing():
            self._transport.resume_reading()
            self._walk()

    # --- writing -------------------------------------------------------------------------------

    def send_text(self, data: bytes) -> None:
        """Send one text message without waiting; nothing on a connection that is closing."""
        if self._is_closing or self._transport.is_closing():
            return
        length = len(data)
        if length <= _SHORT_MOST:
            head = _SHORT.pack(_WHOLE_TEXT, length)
        elif length < 65_536:
            head = _MEDIUM.pack(_WHOLE_TEXT, _MEDIUM_LENGTH, length)
        else:
            head = _LONG.pack(_WHOLE_TEXT, _LONG_LENGTH, length)
        self._transport.write(head + data)

    def keep_alive(self) -> None:
        """Send a ping; end a connection over which nothing came since the ping before."""
        if self._is_closing or self._transport.is_closing():
            return
        if not self.is_heard:
            self.close(_KEEPALIVE, "keepalive ping timeout")
            self._transport.close()
            return
        self.is_heard = bool(self._pauses)  # while we do not read we cannot hear its pong
        self._transport.write(_PING)

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake; the peer has ten seconds to end it."""
        if self._is_closing or self._transport.is_closing():
            return
        self._is_closing = True
        parser = self._sans_io()
        parser.send_close(code, reason)
        self._send_what_is_due(parser)
        self._close_timer = asyncio.get_running_loop().call_later(CLOSE_WITHIN_S, self._transport.abort)
        if self._pauses:
            self._pauses = 0
            self._transport.resume_reading()
        self._walk()
        self._note_plain()

    def shutdown(self) -> None:
        """End with 1012: the server stops."""
        self.close(_RESTART, "")
        self._transport.close()

    def pause_writing(self) -> None:
        """Note that the transport is full."""
        self.is_writable = False

    def resume_writing(self) -> None:
        """Let what waits be sent."""
        self.is_writable = True
        self._hearer.on_writable()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Tell the hearer."""
        self._connections.discard(self)
        self._is_closing, self._is_plain, self._rest, self._parser = True, False, None, None
        if self._close_timer is not None:
            self._close_timer.cancel()
            self._close_timer = None
        self._hearer.on_lost()
