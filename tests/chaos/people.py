"""The people of a run: residents that order, remote operators that watch."""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import httpx
import pyotp

from core.auth.principal import EVERYTHING
from core.database import Database
from core.errors import Unavailable
from fleet.people.store import ShiftStore
from tests.chaos.city import DISTRICT
from tests.chaos.history import History

ANSWER_WITHIN_S = 5.0


async def patiently(step: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Return a good answer, asked for again for a minute while the city says 5xx or nothing, or does not
    know a session yet that it has just opened (a mutant's)."""
    deadline = time.monotonic() + 60
    while True:
        try:
            answer = await step()
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
        else:
            if (answer.status_code < 500 and answer.status_code != 401) or time.monotonic() > deadline:
                return answer.raise_for_status()
        await asyncio.sleep(0.5)


class Resident:
    """One resident with a session. Every order carries its key as its note, so that rows tell their key."""

    def __init__(self, api: str, number: int, history: History, shops: frozenset[str]) -> None:
        self._number = number
        self._shops = shops
        self._history = history
        self._client = httpx.AsyncClient(base_url=api, timeout=ANSWER_WITHIN_S, trust_env=False)
        self._baskets: list[dict[str, Any]] = []

    async def sign_in(self) -> None:
        phone = f"139{self._number:08d}"
        await patiently(lambda: self._client.post("/api/residents/codes", json={"phone": phone}))
        deadline = time.monotonic() + 20
        while True:
            messages = (await self._client.get("/api/demo/phone", params={"number": phone})).json()
            codes = [found[0] for message in messages if (found := re.findall(r"\d{6}", message["en"]))]
            if codes:
                break
            assert time.monotonic() < deadline, "no code came"
            await asyncio.sleep(0.1)
        login = {"phone": phone, "code": codes[0]}
        await patiently(lambda: self._client.post("/api/residents/login", json=login))
        await self._look_around()

    async def _look_around(self) -> None:
        shops = await self._read("/api/resident/merchants", district=DISTRICT)
        points = await self._read("/api/resident/pickup-points", district=DISTRICT)
        for shop in shops:
            if shop["merchantId"] not in self._shops:
                continue
            goods = await self._read(f"/api/resident/merchants/{shop['merchantId']}/goods")
            self._baskets += [
                {
                    "merchantId": shop["merchantId"],
                    "pickupPointId": point["pickupPointId"],
                    "lines": [{"goodsId": thing["goodsId"], "quantity": 1}],
                }
                for thing in goods
                if thing["stock"] > 20
                for point in points[:10]
            ]

    async def _read(self, path: str, **params: str) -> list[dict[str, Any]]:
        answer = await patiently(lambda: self._client.get(path, params=params))
        found: list[dict[str, Any]] = answer.json()
        return found

    async def order_until(
        self, stop: asyncio.Event, dice: random.Random, pause_s: tuple[float, float]
    ) -> None:
        """Place orders; send each again with its key while the answer is unknown, and sometimes for fun."""
        number = 0
        while not stop.is_set():
            number += 1
            key = f"{self._number}-{number}"
            basket = {**dice.choice(self._baskets), "note": key}
            for _ in range(dice.choice((1, 1, 2, 3))):
                await self.order(key, basket)
            await asyncio.sleep(dice.uniform(*pause_s))

    async def order(self, key: str, basket: dict[str, Any]) -> None:
        self._history.note("invoke", "place", key, time.monotonic())
        try:
            answer = await self._client.post(
                "/api/resident/orders", json=basket, headers={"Idempotency-Key": key}
            )
        except httpx.HTTPError:
            self._history.note("unknown", "place", key, time.monotonic())
            await asyncio.sleep(0.2)
            return
        if answer.status_code == 201:
            order_id = answer.json()["orderId"]
            self._history.note("ok", "place", key, time.monotonic(), order_id=order_id)
        elif answer.status_code >= 500:
            # a 503 says "not now"; whether the commit was reached is not said
            self._history.note("unknown", "place", key, time.monotonic(), code=answer.json()["code"])
            await asyncio.sleep(0.2)
        else:
            self._history.note("fail", "place", key, time.monotonic(), code=answer.json()["code"])

    async def close(self) -> None:
        await self._client.aclose()


class RemoteOperator:
    """One remote operator who signs in for duty."""

    def __init__(self, api: str, account: dict[str, Any]) -> None:
        self._account = account
        self._client = httpx.AsyncClient(base_url=api, timeout=ANSWER_WITHIN_S, trust_env=False)

    async def sign_in(self) -> None:
        account = self._account

        def log_in() -> Awaitable[httpx.Response]:
            login = {
                "username": account["username"],
                "password": account["password"],
                "totp": pyotp.TOTP(account["totpSecret"]).now(),
            }
            # the hash of a password is slow by intent, and slower on a crowded machine
            return self._client.post("/api/staff/login", json=login, timeout=30)

        await patiently(log_in)
        await patiently(lambda: self._client.post("/api/remote-operators/sign-in"))

    async def close(self) -> None:
        await self._client.aclose()


async def stay_on_duty(database: Database, stop: asyncio.Event) -> None:
    """Say for every operator that he is there, until `stop`.

    Their consoles would reach another api while one restarts; a run has one, and its promises are about
    orders: without this, a slow restart rightly stops every vehicle that nobody watches.
    """
    while not stop.is_set():
        # a busy database is asked again: the run is no more than a client of it
        with suppress(Unavailable):
            async with database.write() as tx:
                shifts = ShiftStore(tx)
                for shift in await shifts.running(EVERYTHING):
                    await shifts.heard(shift, datetime.now(UTC))
        try:
            await asyncio.wait_for(stop.wait(), 5)
        except TimeoutError:
            continue
