"""The WebSocket route of the vehicle link."""

from typing import Any

from litestar import WebSocket, websocket

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from fleet.links.connection import HANDOVER, HandOver


@websocket("/v1/link", guards=[requires(Scope.TELEMETRY_SEND)])
async def open_link(socket: WebSocket[Any, Any, Any]) -> None:
    """Accept one vehicle link and hand its connection to the gateway; the link outlasts this call."""
    principal: Principal = socket.scope["user"]
    await socket.accept()
    extensions: dict[str, Any] = socket.scope.get("extensions") or {}
    hand_over: HandOver | None = extensions.get(HANDOVER)
    if hand_over is None:
        await socket.close(code=1011, reason="the server hands no connection over")
        return
    socket.app.state.gateway.take(principal, hand_over)
