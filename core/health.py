"""Whether a process lives and can work: the checks, and a small HTTP server for processes without routes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

import msgspec
import structlog

from core import metrics
from core.errors import SteppeError

type Check = Callable[[], Awaitable[None]]

CHECK_DEADLINE_S = 2.0
"""A check that takes longer has failed: an orchestrator asks every few seconds."""
REQUEST_MOST_BYTES = 8192
REQUEST_DEADLINE_S = 5.0

_log = structlog.get_logger("core.health")


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The body of /health/ready. Each check is "ok" or the code of its problem."""

    ready: bool
    checks: dict[str, str]


async def readiness(checks: Mapping[str, Check]) -> Readiness:
    """Return the outcome of all checks, run together; a check passes by returning within its deadline."""
    outcomes = await asyncio.gather(*(_outcome(check) for check in checks.values()))
    named = dict(zip(checks, outcomes, strict=True))
    return Readiness(ready=all(outcome == "ok" for outcome in outcomes), checks=named)


async def _outcome(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_DEADLINE_S):
            await check()
    except SteppeError as error:
        return error.code
    except TimeoutError:
        return "timeout"
    except Exception as error:  # noqa: BLE001 - an unknown failure is an answer too
        return type(error).__name__
    return "ok"


class HealthServer:
    """Serves /health/live, /health/ready and /metrics with HTTP/1.1, one request a connection."""

    def __init__(self, host: str, port: int, checks: Mapping[str, Check]) -> None:
        """Take where to listen (port 0: a free one, see `port` after start) and what readiness means."""
        self._host = host
        self._checks = dict(checks)
        self.port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raise OSError when the port is taken. run() starts by itself when this was not called."""
        self._server = await asyncio.start_server(
            self._serve, self._host, self.port, limit=REQUEST_MOST_BYTES
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until `stop`."""
        if self._server is None:
            await self.start()
        server = self._server
        try:
            await stop.wait()
        finally:
            self._server = None
            if server is not None:
                server.close()
                await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_DEADLINE_S):
                request = await reader.readuntil(b"\r\n\r\n")
                status, content_type, body = await self._answer(request)
                head = (
                    f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {content_type}\r\n"
                    f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
        except (TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, request: bytes) -> tuple[HTTPStatus, str, bytes]:
        method, _, rest = request.partition(b" ")
        path = rest.split(b" ", 1)[0].split(b"?", 1)[0]
        if method not in (b"GET", b"HEAD"):
            return HTTPStatus.METHOD_NOT_ALLOWED, "application/json", b"{}"
        if path == b"/health/live":
            return HTTPStatus.OK, "application/json", b'{"live":true}'
        if path == b"/health/ready":
            state = await readiness(self._checks)
            status = HTTPStatus.OK if state.ready else HTTPStatus.SERVICE_UNAVAILABLE
            return status, "application/json", msgspec.json.encode(state)
        if path == b"/metrics":
            return HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.render()
        return HTTPStatus.NOT_FOUND, "application/json", b"{}"
