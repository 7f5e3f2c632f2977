"""Residents that order at a given rate, whatever the answers take: an open loop."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

ASK_AGAIN_S: Final = 0.5
"""Pause before an order is sent again, with its key, that was answered "not now"."""
GIVE_UP_S: Final = 120.0
"""Seconds after which an order that nobody took is counted as lost."""
LINKS: Final = 128
"""Connections of all residents together; an order that finds none free waits, and its wait counts."""


@dataclass
class Placed:
    """What came of a stretch: seconds from when each order was due to its 201, its id by its key."""

    answered_s: list[float] = field(default_factory=list)
    ids: dict[str, str] = field(default_factory=dict)
    not_now: int = 0
    refused: Counter[str] = field(default_factory=Counter)


class Link:
    """One kept-alive HTTP/1.1 connection; answers carry a content length."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def post(self, path: str, cookie: str, key: str, body: bytes) -> tuple[int, bytes]:
        """Return status and body. Raises OSError and IncompleteReadError when a fresh connection breaks.

        One that the api closed while nobody used it is opened anew: the key makes asking twice the same.
        """
        if self._streams is not None:
            try:
                return await self._ask(path, cookie, key, body)
            except (OSError, asyncio.IncompleteReadError):
                pass
        self._streams = await asyncio.open_connection(self._host, self._port)
        return await self._ask(path, cookie, key, body)

    async def _ask(self, path: str, cookie: str, key: str, body: bytes) -> tuple[int, bytes]:
        assert self._streams is not None
        reader, writer = self._streams
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nCookie: {cookie}\r\n"
            f"Idempotency-Key: {key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
            length = re.search(r"content-length: (\d+)", head)
            answer = await reader.readexactly(int(length[1]) if length else 0)
        except (OSError, asyncio.IncompleteReadError):
            self.close()
            raise
        return int(head.split(" ", 2)[1]), answer

    def close(self) -> None:
        """Close it; the next post opens it again."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Residents:
    """Residents with sessions and baskets; every order is one of their baskets, in turn."""

    def __init__(self, api: str) -> None:
        self._api = api
        address = urlsplit(api)
        self._host, self._port = address.hostname or "", address.port or 0
        self._cookies: list[str] = []
        self._baskets: list[dict[str, Any]] = []
        self._free: asyncio.LifoQueue[Link] = asyncio.LifoQueue()
        self._links = [Link(self._host, self._port) for _ in range(LINKS)]
        for link in self._links:
            self._free.put_nowait(link)

    async def sign_in(self, people: int, districts: Sequence[str]) -> None:
        """Log residents in and read what the shops of the 旗区 sell."""
        for number in range(people):
            async with httpx.AsyncClient(base_url=self._api, timeout=30, trust_env=False) as client:
                await _log_in(client, f"138{number:08d}")
                if number == 0:
                    self._baskets = [basket for code in districts for basket in await _baskets(client, code)]
                self._cookies.append("; ".join(f"{name}={value}" for name, value in client.cookies.items()))

    async def order(self, name: str, per_s: float, seconds: float) -> Placed:
        """Place ``per_s`` orders a second for so long, each when it is due; return when all are answered."""
        placed = Placed()
        began_s = time.monotonic()
        under_way = []
        for number in range(round(per_s * seconds)):
            due_s = began_s + number / per_s
            if (ahead_s := due_s - time.monotonic()) > 0:
                await asyncio.sleep(ahead_s)
            under_way.append(asyncio.create_task(self._one(placed, f"{name}-{number}", number, due_s)))
        await asyncio.gather(*under_way)
        return placed

    async def _one(self, placed: Placed, key: str, number: int, due_s: float) -> None:
        # neighbours in time go to different 旗区, and each resident has several shops
        basket = self._baskets[number * 7919 % len(self._baskets)]
        body = json.dumps({**basket, "note": key}).encode()
        cookie = self._cookies[number % len(self._cookies)]
        while time.monotonic() < due_s + GIVE_UP_S:
            link = await self._free.get()
            try:
                status, answer = await link.post("/api/resident/orders", cookie, key, body)
            except (OSError, asyncio.IncompleteReadError):
                status, answer = 503, b""
            finally:
                self._free.put_nowait(link)
            if status == 201:
                placed.answered_s.append(time.monotonic() - due_s)
                placed.ids[key] = json.loads(answer)["orderId"]
                return
            if status < 500:
                placed.refused[json.loads(answer)["code"]] += 1
                return
            placed.not_now += 1
            await asyncio.sleep(ASK_AGAIN_S)
        placed.refused["gave up"] += 1

    def close(self) -> None:
        """Close the connections."""
        for link in self._links:
            link.close()


async def _log_in(client: httpx.AsyncClient, phone: str) -> None:
    (await client.post("/api/residents/codes", json={"phone": phone})).raise_for_status()
    for _ in range(200):
        messages = (await client.get("/api/demo/phone", params={"number": phone})).json()
        codes = [found[0] for message in messages if (found := re.findall(r"\d{6}", message["en"]))]
        if codes:
            login = {"phone": phone, "code": codes[0]}
            (await client.post("/api/residents/login", json=login)).raise_for_status()
            return
        await asyncio.sleep(0.1)
    raise SystemExit("no code came within 20 s")


async def _baskets(client: httpx.AsyncClient, district: str) -> list[dict[str, Any]]:
    """Return one piece of each of a shop's goods to one of the pickup points of its 旗区."""
    shops = (await client.get("/api/resident/merchants", params={"district": district})).json()
    points = (await client.get("/api/resident/pickup-points", params={"district": district})).json()
    found = []
    for shop in shops:
        goods = (await client.get(f"/api/resident/merchants/{shop['merchantId']}/goods")).json()
        found += [
            {
                "merchantId": shop["merchantId"],
                "pickupPointId": points[number % len(points)]["pickupPointId"],
                "lines": [{"goodsId": thing["goodsId"], "quantity": 1}],
            }
            for number, thing in enumerate(goods)
        ]
    return found
