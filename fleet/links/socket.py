"""The WebSocket route of the vehicle link."""

from typing import Any

from litestar import WebSocket, websocket

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from fleet.links.link import Link


@websocket("/v1/link", guards=[requires(Scope.TELEMETRY_SEND)])
async def open_link(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve one vehicle link; ends with the link."""
    gateway = socket.app.state.gateway
    principal: Principal = socket.scope["user"]
    await socket.accept()
    await gateway.serve(Link(socket, gateway.sender(principal), gateway.parts))
