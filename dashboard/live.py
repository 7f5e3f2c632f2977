"""The live WebSocket of staff: one connection, the topics it asks for, snapshot then deltas."""

import asyncio
from typing import Annotated, Any, Final

import msgspec
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from msgspec import Meta

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.errors import SteppeError
from fleet.live.client import LiveClient, Subscription
from fleet.live.hub import LiveHub
from fleet.live.mirror import Box

TOPIC_SCOPES: Final[dict[str, Scope]] = {
    "vehicles": Scope.VEHICLES_READ,
    "alarms": Scope.ALARMS_READ,
    "orders": Scope.ORDERS_READ,
    "commands": Scope.COMMANDS_READ,
    "summary": Scope.CITY_READ,
}
"""What a role must hold for a topic; topics that it may not read are left out without a word."""
MAX_AGE_S: Final = 4 * 3600.0
"""A screen connects again after this, so that a session that ended cannot look on for ever."""


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, tag="subscribe", tag_field="type"):
    """The one thing that a client says: it replaces what it said before."""

    topics: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(max_length=20)]
    bbox: tuple[float, float, float, float] | None = None
    """west, south, east, north in degrees; null is the whole city."""


_decoder: msgspec.json.Decoder[Subscribe] = msgspec.json.Decoder(Subscribe)


@websocket("/api/live", guards=[requires(Scope.LIVE_READ)])
async def live(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve one screen until either side ends it."""
    hub: LiveHub = socket.app.state.live_hub
    principal: Principal = socket.scope["user"]
    await socket.accept()

    async def send(data: bytes | str) -> None:
        await socket.send_data(data, mode="binary" if isinstance(data, bytes) else "text")

    client = await hub.join(send, reach_of(principal))
    writer = asyncio.create_task(client.run(hub.mirror))
    reader = asyncio.create_task(_read(socket, hub, client, principal))
    ending = asyncio.create_task(_age(client, principal, hub))
    try:
        await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
        if writer.done() and client.close_code is not None:
            await socket.close(code=client.close_code, reason=client.close_reason)
    finally:
        hub.leave(client)
        for task in (writer, reader, ending):
            task.cancel()
        await asyncio.gather(writer, reader, ending, return_exceptions=True)


async def _read(socket: WebSocket[Any, Any, Any], hub: LiveHub, client: LiveClient, who: Principal) -> None:
    try:
        while True:
            text = await socket.receive_text()
            await hub.follow(client, _subscription(text, who, hub))
    except WebSocketDisconnect:
        return
    except (msgspec.DecodeError, ValueError):
        client.close("invalid-input")
    except SteppeError as error:
        client.close(error.code)


def _subscription(text: str, who: Principal, hub: LiveHub) -> Subscription:
    wanted = _decoder.decode(text)
    topics = {topic for topic in wanted.topics if topic in hub.topics and may_read(who, topic)}
    return Subscription(topics=frozenset(topics), box=None if wanted.bbox is None else Box(*wanted.bbox))


def may_read(who: Principal, topic: str) -> bool:
    """Return whether a principal's role holds the scope of a topic; a topic without a scope is nobody's."""
    scope: Scope | None = TOPIC_SCOPES.get(topic)
    return scope is not None and who.may(scope)


async def _age(client: LiveClient, who: Principal, hub: LiveHub) -> None:
    left_s = (who.expires_at - hub.wall()).total_seconds()
    await asyncio.sleep(max(0.0, min(MAX_AGE_S, left_s)))
    client.close("max-age")
