"""uvicorn's WebSocket protocol for vehicles' links: it makes the handshake and then hands the socket over.

Until the 101 everything is as everywhere: routing, identity, guards, refusals. After it the handler takes the
connection (scope extension ``steppe.handover``) and the ASGI task ends: an idle link is two small objects and
not a stack of coroutines with queues, events and the request's headers.
"""

from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

from fleet.links.connection import HANDOVER, Hearer, LinkConnection


class _HandedOver:
    """In the place of a transport that belongs to somebody else now."""

    def is_closing(self) -> bool:
        """Return True: nothing more is written here."""
        return True

    def write(self, data: bytes) -> None:
        """Write nothing."""

    def close(self) -> None:
        """Leave it open: its new owner closes it."""


class LinkSocketProtocol(WebSocketsSansIOProtocol):
    """One WebSocket connection until its handler takes it over."""

    def handle_connect(self, event: Request) -> None:
        """Offer the connection to the application."""
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)
        if scope is not None:
            scope["extensions"][HANDOVER] = self.hand_over

    def hand_over(self, hearer: Hearer) -> LinkConnection:
        """Return the connection, whose messages go to ``hearer`` from now on. Call it right after accept."""
        self.stop_keepalive()
        self.connections.discard(self)
        transport: Any = self.transport
        self.transport = _HandedOver()  # type: ignore[assignment]
        return LinkConnection(
            transport, self.connections, hearer, max_bytes=self.config.ws_max_size or 1_048_576
        )
