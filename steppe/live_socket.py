"""uvicorn's WebSocket protocol with one thing more: a message of two parts that leaves without being copied.

An ASGI ``send`` of 160 kB costs three copies and a task switch for every screen. The live feed tells 200
screens the same bytes behind a header of their own, so it may ask the connection itself (scope extension
``steppe.direct``) whether it can take a message now, and to take one whose second part is shared.
"""

import socket
from asyncio.transports import BaseTransport
from struct import Struct
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

EXTENSION: Final = "steppe.direct"
UNSENT_MOST: Final = 131_072
"""Bytes that the kernel takes before the network has: else a slow line is megabytes, so minutes, behind."""
_SHORT: Final = Struct("!BB")
_MEDIUM: Final = Struct("!BBH")
_LONG: Final = Struct("!BBQ")
_BINARY: Final = 0x82
"""A whole binary message, RFC 6455 section 5.2; a server's frames are not masked."""


class LiveSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection; ``steppe.direct`` in its scope's extensions is the connection itself."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what lies unsent in the kernel."""
        super().connection_made(transport)
        found: socket.socket | None = transport.get_extra_info("socket")
        if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MOST)

    def handle_connect(self, event: Request) -> None:
        """Offer the connection to the application."""
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][EXTENSION] = self

    @property
    def is_ready(self) -> bool:
        """Return whether what was written before has left this process."""
        return self.writable.is_set()

    async def ready(self) -> None:
        """Return once it is ready, or once the connection is gone."""
        await self.writable.wait()

    def write(self, head: bytes, body: bytes) -> None:
        """Send one binary message without waiting; nothing on a connection that is closing."""
        if self.conn.state is not State.OPEN or self.close_sent or self.transport.is_closing():
            return
        length = len(head) + len(body)
        if length < 126:
            frame = _SHORT.pack(_BINARY, length)
        elif length < 65_536:
            frame = _MEDIUM.pack(_BINARY, 126, length)
        else:
            frame = _LONG.pack(_BINARY, 127, length)
        # Not writelines: asyncio's of Python before 3.12.9 never says that it is full (CVE-2024-12254).
        # uvloop gathers both parts into one writev at the end of its turn.
        self.transport.write(frame + head)
        if body:
            self.transport.write(body)

    def abort(self) -> None:
        """Drop the connection and what has not left yet."""
        self.transport.abort()
