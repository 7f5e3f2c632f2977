"""The internal server of the scheduler: routes for quotes, and its health. Never reachable from outside."""

import asyncio
import contextlib
import hmac
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from typing import Any, Final

import msgspec
import uvicorn

from core import metrics
from core.errors import Invalid, NotFound, SteppeError, Unauthenticated
from core.health import Check, readiness
from core.problems import problem
from services.routing.question import PREFIX, LegsQuestion, MatrixQuestion, Refusal, SnapQuestion
from services.routing.route import Routes

MOST_BYTES: Final = 1_000_000
"""A 500 × 500 matrix question is 40 kB; closed areas add some."""

type Message = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]


class RouteEndpoint:
    """Answers questions about routes from our own processes that show the internal key."""

    def __init__(self, routes: Routes, internal_key: str) -> None:
        self._routes = routes
        self._key = internal_key

    async def answer(self, path: str, authorization: str, body: bytes) -> tuple[int, bytes]:
        """Return status and JSON body; what went wrong is a Refusal with the status of its code."""
        try:
            if not hmac.compare_digest(authorization.encode(), f"Bearer {self._key}".encode()):
                raise Unauthenticated("not-authenticated", "internal routes need the internal key")
            return 200, msgspec.json.encode(await self._dispatch(path.removeprefix(PREFIX), body))
        except SteppeError as error:
            refusal = Refusal(code=error.code, message=error.message, fields=dict(error.fields))
            return problem(error.code).status, msgspec.json.encode(refusal)

    async def _dispatch(self, name: str, body: bytes) -> object:
        match name:
            case "legs":
                legs = _read(body, LegsQuestion)
                return await self._routes.legs(legs.places, vehicle=legs.vehicle, closed=legs.closed)
            case "matrix":
                pairs = _read(body, MatrixQuestion)
                return await self._routes.matrix(
                    pairs.sources, pairs.targets, vehicle=pairs.vehicle, closed=pairs.closed
                )
            case "snap":
                snap = _read(body, SnapQuestion)
                return await self._routes.snap(snap.place, vehicle=snap.vehicle)
            case _:
                raise NotFound("not-found", f"there is no internal route {name!r}")


class InternalServer:
    """Serves the route endpoint, /health/live, /health/ready and /metrics on one address."""

    def __init__(self, host: str, port: int, endpoint: RouteEndpoint, checks: Mapping[str, Check]) -> None:
        """Take where to listen (port 0: a free one, see ``port`` after start) and what readiness means."""
        self._host = host
        self._endpoint = endpoint
        self._checks = dict(checks)
        self._socket: socket.socket | None = None
        self.port = port

    def start(self) -> None:
        """Take the port. Raises OSError when it is taken; run() starts by itself when this was not called."""
        self._socket = socket.create_server((self._host, self.port))
        self.port = self._socket.getsockname()[1]

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until ``stop``; requests under way are finished."""
        if self._socket is None:
            self.start()
        config = uvicorn.Config(self, lifespan="off", log_config=None, access_log=False, ws="none")
        server = _Server(config)
        serving = asyncio.create_task(server.serve(sockets=[self._socket] if self._socket else None))
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            stopping.cancel()
            await serving
            self._socket = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        status, content_type, body = await self._respond(scope, receive)
        headers = [(b"content-type", content_type.encode()), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _respond(self, scope: Message, receive: Receive) -> tuple[int, str, bytes]:
        path: str = scope["path"]
        if path.startswith(PREFIX):
            if scope["method"] != "POST":
                return 405, "application/json", b"{}"
            body = await _body(receive)
            if body is None:
                return 413, "application/json", b"{}"
            authorization = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
            status, answer = await self._endpoint.answer(path, authorization, body)
            return status, "application/json", answer
        if path == "/health/live":
            return 200, "application/json", b'{"live":true}'
        if path == "/health/ready":
            state = await readiness(self._checks)
            return 200 if state.ready else 503, "application/json", msgspec.json.encode(state)
        if path == "/metrics":
            return 200, metrics.CONTENT_TYPE, metrics.render()
        return 404, "application/json", b"{}"


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the process that runs us has its own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _body(receive: Receive) -> bytes | None:
    """Return the whole body, or None when it is larger than accepted."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _read[T](body: bytes, to: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=to)
    except msgspec.ValidationError as error:
        text, _, where = str(error).partition(" - at `$.")
        raise Invalid("invalid-input", text, field=where.rstrip("`")) from error
    except msgspec.DecodeError as error:
        raise Invalid("malformed-json", str(error)) from error
