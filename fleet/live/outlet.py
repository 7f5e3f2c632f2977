"""How messages leave to one screen: a way that can say whether it would have to wait."""

from collections.abc import Awaitable, Callable
from typing import Protocol

type Send = Callable[[bytes | str], Awaitable[None]]


class Outlet(Protocol):
    """One connection, outwards."""

    @property
    def is_ready(self) -> bool:
        """Return whether ``write`` may be called now: what was written before has left this process."""
        ...

    async def ready(self) -> None:
        """Return once it is ready, or once the connection is gone."""
        ...

    def write(self, head: bytes, body: bytes) -> None:
        """Send one binary message of two parts without waiting; ``body`` may belong to many screens."""
        ...

    async def send(self, data: bytes | str) -> None:
        """Send one message, waiting for the ones before it."""
        ...

    def abort(self) -> None:
        """Drop the connection and what has not left yet."""
        ...


class PlainOutlet:
    """An outlet over a coroutine that sends, for servers that offer no more: never ready at once."""

    is_ready: bool = False

    def __init__(self, send: Send) -> None:
        self._send = send

    async def send(self, data: bytes | str) -> None:
        """Send one message, waiting for the ones before it."""
        await self._send(data)

    async def ready(self) -> None:
        """Return at once; ``send`` waits."""

    def write(self, head: bytes, body: bytes) -> None:
        """Raise RuntimeError: a plain outlet is never ready."""
        raise RuntimeError(f"this outlet is never ready; {len(head) + len(body)} bytes are not sent")

    def abort(self) -> None:
        """Do nothing: the server drops the connection when its handler ends."""


class Direct(Protocol):
    """A connection that can take a message at once (steppe/live_socket.py)."""

    @property
    def is_ready(self) -> bool:
        """Return whether what was written before has left this process."""
        ...

    async def ready(self) -> None:
        """Return once it is ready, or once the connection is gone."""
        ...

    def write(self, head: bytes, body: bytes) -> None:
        """Send one binary message without waiting."""
        ...

    def abort(self) -> None:
        """Drop the connection and what has not left yet."""
        ...


class DirectOutlet:
    """An outlet over a connection: binary messages past the framework, texts and the close through it."""

    def __init__(self, direct: Direct, send: Send) -> None:
        self._direct = direct
        self._send = send
        self.write = direct.write
        self.abort = direct.abort

    @property
    def is_ready(self) -> bool:
        """Return whether what was written before has left this process."""
        return self._direct.is_ready

    async def ready(self) -> None:
        """Return once it is ready, or once the connection is gone."""
        await self._direct.ready()

    async def send(self, data: bytes | str) -> None:
        """Send one message through the framework."""
        await self._send(data)
