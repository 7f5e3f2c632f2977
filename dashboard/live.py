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
from core.errors import Invalid, SteppeError
from core.problems import close_code
from fleet.live.client import LiveClient
from fleet.live.hub import LiveHub
from fleet.live.mirror import Box
from fleet.live.outlet import DirectOutlet, Outlet, PlainOutlet
from fleet.live.subscription import ALL, Chosen, Mode, Subscription

TOPIC_SCOPES: Final[dict[str, Scope]] = {
    "vehicles": Scope.VEHICLES_READ,
    "alarms": Scope.ALARMS_READ,
    "orders": Scope.ORDERS_READ,
    "commands": Scope.COMMANDS_READ,
    "summary": Scope.CITY_READ,
}
"""What a role must hold for a topic; topics that it may not read are left out without a word."""
DIRECT: Final = "steppe.direct"
"""The scope extension of steppe/live_socket.py: messages that many screens share leave uncopied."""
MAX_NAMES: Final = 50
CLOSE_S: Final = 5.0
MAX_REASON_BYTES: Final = 123
"""Of a close frame, RFC 6455 section 5.5."""
MAX_AGE_S: Final = 4 * 3600.0
"""A screen connects again after this, so that a session that ended cannot look on for ever."""


type Names = Annotated[
    tuple[Annotated[str, Meta(max_length=60)], ...], Meta(min_length=1, max_length=MAX_NAMES)
]
"""A choice on one axis."""


class Filter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Vehicles that a screen chose among those it may see; null on an axis is all of it."""

    services: Names | None = None
    districts: Names | None = None
    operators: Names | None = None

    def chosen(self) -> Chosen:
        """Return the choice in the hub's words; whether the names mean anything the hub says."""
        return Chosen(**{name: _set(getattr(self, name)) for name in self.__struct_fields__})


def _set(names: tuple[str, ...] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


class Refused(msgspec.Struct, frozen=True, kw_only=True, tag="error", tag_field="type"):
    """A subscription that is not followed, and why; the one before it goes on."""

    code: str
    field: str
    detail: str


class Subscribe(msgspec.Struct, frozen=True, kw_only=True, tag="subscribe", tag_field="type"):
    """The one thing that a client says: it replaces what it said before."""

    topics: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(max_length=20)]
    bbox: tuple[float, float, float, float] | None = None
    """west, south, east, north in degrees; null is the whole city."""
    zoom: Annotated[float, Meta(ge=0, le=24)] | None = None
    """Of a map with tiles of 512 pixels; with it the server chooses vehicles or cells."""
    mode: Mode | None = None
    """null: auto with a zoom, vehicles without."""
    filter: Filter | None = None


_decoder: msgspec.json.Decoder[Subscribe] = msgspec.json.Decoder(Subscribe)


@websocket("/api/live", guards=[requires(Scope.LIVE_READ)])
async def live(socket: WebSocket[Any, Any, Any]) -> None:
    """Serve one screen until either side ends it."""
    hub: LiveHub = socket.app.state.live_hub
    principal: Principal = socket.scope["user"]
    await socket.accept()

    async def send(data: bytes | str) -> None:
        await socket.send_data(data, mode="binary" if isinstance(data, bytes) else "text")

    direct: Any = (socket.scope["extensions"] or {}).get(DIRECT)
    outlet: Outlet = PlainOutlet(send) if direct is None else DirectOutlet(direct, send)
    client = await hub.join(outlet, reach_of(principal))
    writer = asyncio.create_task(client.run(hub.mirror))
    reader = asyncio.create_task(_read(socket, hub, client, principal))
    ending = asyncio.create_task(_age(client, principal, hub))
    try:
        await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
        if writer.done() and client.close_code is not None:
            await _close(socket, client, outlet)
    finally:
        hub.leave(client)
        for task in (writer, reader, ending):
            task.cancel()
        await asyncio.gather(writer, reader, ending, return_exceptions=True)


async def _close(socket: WebSocket[Any, Any, Any], client: LiveClient, outlet: Outlet) -> None:
    """Say why; a screen that does not even take that in time is dropped."""
    reason = f"{client.close_reason}: {client.close_detail}" if client.close_detail else client.close_reason
    text = reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")
    try:
        async with asyncio.timeout(CLOSE_S):
            await socket.close(code=client.close_code or close_code("internal-error"), reason=text)
    except TimeoutError:
        outlet.abort()


async def _read(socket: WebSocket[Any, Any, Any], hub: LiveHub, client: LiveClient, who: Principal) -> None:
    try:
        while True:
            text = await socket.receive_text()
            await _follow(hub, client, _subscription(text, who, hub))
    except WebSocketDisconnect:
        return
    except (msgspec.DecodeError, ValueError) as error:
        client.close("invalid-input", str(error))
    except SteppeError as error:
        client.close(error.code)


async def _follow(hub: LiveHub, client: LiveClient, wanted: Subscription) -> None:
    """Follow what is wanted; a choice that means nothing is answered, and what was followed goes on."""
    try:
        await hub.follow(client, wanted)
    except Invalid as error:
        field = str(error.fields.get("field", ""))
        refused = Refused(code=error.code, field=field, detail=error.message)
        client.say(msgspec.json.encode(refused).decode())


def _subscription(text: str, who: Principal, hub: LiveHub) -> Subscription:
    wanted = _decoder.decode(text)
    topics = {topic for topic in wanted.topics if topic in hub.topics and may_read(who, topic)}
    mode = wanted.mode or (Mode.VEHICLES if wanted.zoom is None else Mode.AUTO)
    if mode is not Mode.VEHICLES and wanted.zoom is None:
        raise ValueError(f"mode {mode.value} needs a zoom, 0 to 24")
    return Subscription(
        topics=frozenset(topics),
        box=None if wanted.bbox is None else Box(*wanted.bbox),
        zoom=wanted.zoom or 0.0,
        mode=mode,
        chosen=ALL if wanted.filter is None else wanted.filter.chosen(),
    )


def may_read(who: Principal, topic: str) -> bool:
    """Return whether a principal's role holds the scope of a topic; a topic without a scope is nobody's."""
    scope: Scope | None = TOPIC_SCOPES.get(topic)
    return scope is not None and who.may(scope)


async def _age(client: LiveClient, who: Principal, hub: LiveHub) -> None:
    left_s = (who.expires_at - hub.wall()).total_seconds()
    await asyncio.sleep(max(0.0, min(MAX_AGE_S, left_s)))
    client.close("max-age")
