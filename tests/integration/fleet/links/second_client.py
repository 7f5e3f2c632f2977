"""A vehicle written from docs/wire-protocol.md alone: struct and json, nothing of ours."""

import asyncio
import json
import struct
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

HEADER = struct.Struct("<2sBBIQq")
SECTION = struct.Struct("<BBHI")
POSITION = struct.Struct("<IIiiHHBBBB")
STATUS = struct.Struct("<IIHHhhhHBBBB4H16sBBHIIIhhhBBHHI")


def position(
    vehicle_no: int,
    seq: int,
    lat: float,
    lng: float,
    *,
    after_ms: int = 0,
    speed_mps: float = 0.0,
    heading_deg: float = 0.0,
    battery: float = 0.8,
    mode_flags: int = 0,
    accuracy_m: float = 0.5,
) -> bytes:
    """One 24-byte record."""
    return POSITION.pack(
        vehicle_no,
        seq,
        round(lat * 1e7),
        round(lng * 1e7),
        after_ms // 10,
        round(speed_mps * 100),
        round(heading_deg * 256 / 360) % 256,
        round(battery * 200),
        mode_flags,
        round(accuracy_m * 10),
    )


def status(vehicle_no: int, seq: int, *, fence_set: int = 0, outside_c: float = -25.0) -> bytes:
    """One 80-byte record."""
    return STATUS.pack(
        vehicle_no, seq, 0, 0b10, 12, 0, 0, 65535, 1, 1, 0, 0, 0, 0, 0, 0, bytes(16), 0, 0b1111, 0,
        fence_set, 77, 0, -32768, -32768, round(outside_c * 10), 0, 255, 4200, 1, 123456,
    )  # fmt: skip


def frame(frame_seq: int, base_ms: int, *sections: tuple[int, int, bytes], version: int = 1) -> bytes:
    """A frame of (type, record size, payload) sections."""
    body = b"".join(SECTION.pack(kind, 1, size, len(payload)) + payload for kind, size, payload in sections)
    total = HEADER.size + len(body)
    return HEADER.pack(b"ST", version, len(sections), total, frame_seq, base_ms) + body


def positions_frame(frame_seq: int, base_ms: int, *records: bytes) -> bytes:
    """A frame of one position section."""
    return frame(frame_seq, base_ms, (1, 24, b"".join(records)))


class Vehicle:
    """One link and everything that came over it."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url
        self._token = token
        self._socket: ClientConnection
        self._reader: asyncio.Task[None]
        self.heard: list[dict[str, Any]] = []
        self.close_code: int | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._socket = await connect(
            self._url, additional_headers={"Authorization": f"Bearer {self._token}"}, compression=None
        )
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._socket.close()
        await self._reader

    async def _read(self) -> None:
        try:
            while True:
                self.heard.append(json.loads(await self._socket.recv()))
                self._news.set()
        except ConnectionClosed:
            pass
        self.close_code = self._socket.close_code
        self._news.set()

    async def say(self, **message: Any) -> None:
        await self._socket.send(json.dumps(message))

    async def send(self, data: bytes | str) -> None:
        await self._socket.send(data)

    async def hello(self, **fields: Any) -> dict[str, Any]:
        await self.say(**{"type": "hello", "protocol": 1, **fields})
        return await self.hear("welcome")

    async def hear(
        self, kind: str, where: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        """Return the first message of this type for which `where` holds, waiting up to 5 s."""
        async with asyncio.timeout(5):
            while True:
                found = next((m for m in self.heard if m["type"] == kind and where(m)), None)
                if found is not None:
                    return found
                if self.close_code is not None:
                    raise AssertionError(f"closed with {self.close_code} before {kind}: {self.heard}")
                self._news.clear()
                await self._news.wait()

    async def closed(self) -> int:
        """Return the close code, waiting up to 5 s."""
        async with asyncio.timeout(5):
            await self._reader
        assert self.close_code is not None
        return self.close_code
