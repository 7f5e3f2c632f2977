"""Sockets that outlast the proof they were opened with: closed soon after their session ended."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from litestar.types import Message, Receive, Send

from core.auth.principal import Principal
from core.errors import Unavailable
from core.problems import close_code

RECHECK_S = 30.0
"""Wall seconds between two looks at the session of an open socket."""
_ENDED = "session-expired"

type StillHolds = Callable[[Principal], Awaitable[bool]]


def accepted_before_closed(send: Send) -> Send:
    """Accept a refused socket before closing it: a browser reads the 44xx code only of an accepted one.

    A foreign origin never comes here (it is refused before the accept and learns nothing).
    """
    accepted = False

    async def wrapped(message: Message) -> None:
        nonlocal accepted
        if message["type"] == "websocket.accept":
            accepted = True
        elif message["type"] == "websocket.close" and not accepted:
            accepted = True
            await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
        await send(message)

    return wrapped


class WatchedSocket:
    """A socket whose handler hears a disconnect, and whose client a 4401, once the session is over."""

    def __init__(self, principal: Principal, still_holds: StillHolds, receive: Receive, send: Send) -> None:
        self._principal = principal
        self._still_holds = still_holds
        self._receive = receive
        self._send = send
        self._over = asyncio.Event()

    async def watch(self, every_s: float) -> None:
        """Look at the session again and again; close the socket and return when it is over."""
        while True:
            await asyncio.sleep(every_s)
            try:
                if await self._still_holds(self._principal):
                    continue
            except Unavailable:
                # A database that is away ends nobody's work; the next look may reach it.
                continue
            await self.send({"type": "websocket.close", "code": close_code(_ENDED), "reason": _ENDED})
            return

    async def receive(self) -> Any:
        """Return what the client sends next, or its disconnect once the socket was closed here."""
        incoming = asyncio.ensure_future(self._receive())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({incoming, over}, return_when=asyncio.FIRST_COMPLETED)
            if incoming.done():
                return incoming.result()
        finally:
            incoming.cancel()
            over.cancel()
        return {"type": "websocket.disconnect", "code": close_code(_ENDED)}

    async def send(self, message: Message) -> None:
        """Pass a message on; what a handler still says after the close is dropped."""
        if self._over.is_set():
            return
        if message["type"] == "websocket.close":
            self._over.set()
        await self._send(message)
