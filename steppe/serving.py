"""Runs an ASGI app under uvicorn the way this city needs it, beside the other components of a process."""

import asyncio
import contextlib
from collections.abc import Iterator, Sequence

import uvicorn
from litestar import Litestar
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from steppe.http_protocol import BoundedHttp
from steppe.live_socket import LiveSocketProtocol

GRACE_S = 5
"""What requests under way get at a stop; WebSockets are closed with 1012 at once."""


class _Quiet(uvicorn.Server):
    """A server that leaves signals to whoever runs the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class WebServer:
    """An app on an address. Compression of WebSockets is off: it costs 36–65 times the send itself."""

    def __init__(
        self,
        app: Litestar,
        host: str,
        port: int,
        *,
        trusted_proxies: Sequence[str] = (),
        max_message_bytes: int = 1_048_576,
        sockets: type[WebSocketsSansIOProtocol] = LiveSocketProtocol,
    ) -> None:
        """Take the app, where to listen, whose X-Forwarded-For is believed, and the largest message read.

        ``sockets`` is the WebSocket protocol; a gateway needs LinkSocketProtocol.
        """
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            loop="none",
            http=BoundedHttp,
            ws=sockets,
            ws_per_message_deflate=False,
            ws_max_size=max_message_bytes,
            ws_ping_interval=20,
            ws_ping_timeout=20,
            lifespan="on",
            access_log=False,
            log_config=None,
            server_header=False,
            forwarded_allow_ips=list(trusted_proxies),
            timeout_graceful_shutdown=GRACE_S,
        )
        self._server = _Quiet(config)

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`; raise OSError when the address is taken."""
        serving = asyncio.create_task(self._serve())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        self._server.should_exit = True
        await serving

    async def _serve(self) -> None:
        try:
            await self._server.serve()
        except SystemExit as error:
            # uvicorn's way of saying that it could not start; its own log line says why
            raise OSError("the web server could not start; is the port taken?") from error
