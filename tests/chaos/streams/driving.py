"""Vehicles written from docs/wire-protocol.md alone: frames kept until durable, sent again as it says."""

import asyncio
import json
import random
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.chaos.streams.world import LNG, PACE_S, Way, latitude
from tests.integration.fleet.links.second_client import position, positions_frame

AGAIN_MOST_S = 8.0
NOT_NOW = ("redis-unavailable", "overloaded")


@dataclass
class Link:
    """One sender. What it was told is what the city is held to."""

    way: Way
    url: str
    seq: int = 0
    accepted_seq: int = 0
    durable_seq: int = 0
    is_driving: bool = True
    kept: dict[int, bytes] = field(default_factory=dict)
    told: list[tuple[float, int]] = field(default_factory=list)
    """When `accepted` rose, and to what."""
    errors: dict[str, int] = field(default_factory=dict)
    links: int = 0
    _again: dict[int, tuple[float, float]] = field(default_factory=dict)
    """Frame → when it is to be sent again, and the pause before the next time."""

    def __post_init__(self) -> None:
        self._lot = random.Random(self.way.token)
        self._socket: ClientConnection | None = None
        self._unsent: deque[int] = deque()
        self._wake = asyncio.Event()

    @property
    def is_settled(self) -> bool:
        """Whether everything that was sent is accepted and on disk."""
        return self.accepted_seq == self.seq and self.durable_seq == self.seq

    def frame(self, seq: int) -> bytes:
        """Return a position of every vehicle, measured now."""
        records = [position(n, seq, latitude(n, seq), LNG) for n in self.way.vehicles]
        return positions_frame(seq, round(time.time() * 1000), *records)

    async def run(self) -> None:
        """Drive and keep the link until cancelled."""
        driving = asyncio.create_task(self._drive())
        pause_s = 0.5
        try:
            while True:
                with suppress(OSError, WebSocketException, TimeoutError):
                    await self._one_link()
                    pause_s = 0.5
                await asyncio.sleep(pause_s * self._lot.uniform(0.5, 1.0))
                pause_s = min(2 * pause_s, AGAIN_MOST_S)
        finally:
            driving.cancel()

    async def _drive(self) -> None:
        await asyncio.sleep(self._lot.uniform(0, PACE_S))
        while True:
            if self.is_driving:
                self.seq += 1
                self.kept[self.seq] = self.frame(self.seq)
                self._unsent.append(self.seq)
            now_s = time.monotonic()
            due = sorted(seq for seq, (at_s, _) in self._again.items() if at_s <= now_s)
            for seq in due:
                pause_s = self._again[seq][1]
                self._again[seq] = (now_s + pause_s, min(2 * pause_s, AGAIN_MOST_S))
            self._unsent.extendleft(reversed(due))
            self._wake.set()
            await asyncio.sleep(PACE_S)

    async def _one_link(self) -> None:
        headers = {"Authorization": f"Bearer {self.way.token}"}
        async with connect(self.url, additional_headers=headers, compression=None, proxy=None) as socket:
            hello = {"type": "hello", "protocol": 1, "lastDurableSeq": self.durable_seq}
            await socket.send(json.dumps(hello))
            async with asyncio.timeout(5):
                await socket.recv()
            self.links += 1
            self._again.clear()
            self._unsent = deque(sorted(self.kept))
            sending = asyncio.create_task(self._send(socket))
            try:
                async for text in socket:
                    self._hear(json.loads(text))
            finally:
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, socket: ClientConnection) -> None:
        while True:
            while self._unsent:
                seq = self._unsent.popleft()
                if seq in self.kept:
                    await socket.send(self.kept[seq])
            self._wake.clear()
            await self._wake.wait()

    def _hear(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "accepted":
                if message["frameSeq"] > self.accepted_seq:
                    self.accepted_seq = message["frameSeq"]
                    self.told.append((time.monotonic(), self.accepted_seq))
                for seq in [seq for seq in self._again if seq <= self.accepted_seq]:
                    del self._again[seq]
            case "durable":
                self.durable_seq = max(self.durable_seq, message["frameSeq"])
                for seq in [seq for seq in self.kept if seq <= self.durable_seq]:
                    del self.kept[seq]
            case "error":
                self.errors[message["code"]] = self.errors.get(message["code"], 0) + 1
                missing = message.get("frameSeq")
                if message["code"] in NOT_NOW and missing in self.kept and missing not in self._again:
                    self._again[missing] = (time.monotonic() + 1.0, 2.0)
