"""Parcel stations that push waybills, and the people who get their messages: most choose a slot, some
decline, some never answer."""

import asyncio
import random
import re
from typing import Any

import msgspec

from simulator.issued import GivenMerchant
from simulator.people.api import Api
from simulator.people.collecting import Collecting
from simulator.people.pace import Pace

BETWEEN_S = (1_200.0, 3_600.0)
"""City seconds between two deliveries of parcels to one station, from and to."""
LEAST_WALL_S = 40.0
PHONES = 40
"""Other numbers than those of the residents who order."""
DECLINES = 0.15
SILENT = 0.2
"""Shares of recipients who come to the counter, and who never answer."""
_LINK = re.compile(r"#waybill=([A-Za-z0-9_-]+)")
DONE = frozenset({"delivered", "cancelled", "returned", "failed"})


class Offered(msgspec.Struct, frozen=True, rename="camel"):
    """What a recipient needs of an offer."""

    state: str
    slots: tuple[str, ...] = ()
    points: tuple[dict[str, Any], ...] = ()
    order_token: str | None = None


class Brought(msgspec.Struct, frozen=True, rename="camel"):
    """What a recipient needs of the order that brings her parcel."""

    state: str
    vehicle_code: str | None = None


class Station:
    """One station with the people whose parcels it has. A shop that is none finds out at its first try."""

    def __init__(self, given: GivenMerchant, api: Api, pace: Pace, collecting: Collecting, seed: int) -> None:
        self._given = given
        self._api = api
        self._pace = pace
        self._collecting = collecting
        self._lot = random.Random(f"station:{seed}:{given.merchant}")  # noqa: S311 - a simulation
        self._people: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Push parcels until everybody goes home."""
        while not self._pace.clock.is_known and not self._pace.is_over:
            await self._pace.wall(0.5)
        await self._pace.wall(self._lot.uniform(10, 30))
        while not self._pace.is_over and await self._push():
            await self._pace.city(self._lot.uniform(*BETWEEN_S), least_wall_s=LEAST_WALL_S)
        for task in self._people:
            task.cancel()
        await asyncio.gather(*self._people, return_exceptions=True)

    async def _push(self) -> bool:
        """Push one or two parcels; return whether this is a station at all."""
        if self._pace.is_quiet:
            return True
        now_ms = self._pace.clock.now_ms()
        phones = self._lot.sample(range(PHONES), self._lot.choice((1, 1, 2)))
        rows = [
            {
                "number": f"SF{now_ms // 1000}{number:02d}",
                "phone": self._phone(number),
                "litres": round(self._lot.uniform(2, 20), 1),
                "massKg": round(self._lot.uniform(0.3, 5), 1),
            }
            for number in phones
        ]
        answer = await self._api.call(
            "POST",
            "/api/merchant/waybills",
            token=self._given.token,
            body={"waybills": rows},
            key=f"parcels-{self._given.merchant}-{now_ms}",
        )
        if answer.is_good:
            for row in rows:
                self._start(str(row["phone"]))
        return answer.code != "area-not-served"

    def _phone(self, number: int) -> str:
        """Return a number that the simulation uses: 198, the station, and who."""
        station = sum(self._given.merchant.encode()) % 10_000
        return f"198{station:04d}{number:04d}"

    def _start(self, phone: str) -> None:
        task = asyncio.create_task(self._recipient(phone))
        self._people.add(task)
        task.add_done_callback(self._people.discard)

    async def _recipient(self, phone: str) -> None:
        """Read the message, answer it as people do, and collect what comes."""
        lot = random.Random(self._lot.random())  # noqa: S311 - a simulation
        token = await self._token_on_phone(phone)
        if token is None or lot.random() < SILENT:
            return
        await self._pace.city(lot.uniform(60, 900))
        offer = await self._say("open", {"token": token})
        if offer is None or offer.state != "offered":
            return
        if lot.random() < DECLINES or not offer.slots or not offer.points:
            await self._say("decline", {"token": token})
            return
        point = lot.choice(offer.points)["pickupPointId"]
        slot = offer.slots[min(len(offer.slots) - 1, lot.choice((0, 0, 1)))]
        await self._say("choose", {"token": token, "slotAt": slot, "pickupPointId": point})
        while not self._pace.is_over:
            await self._pace.wall(self._pace.poll_s(300, least_s=10.0, most_s=30.0) * lot.uniform(0.8, 1.2))
            offer = await self._say("open", {"token": token})
            if offer is not None and offer.state == "counter":
                return
            if offer is not None and offer.order_token is not None:
                await self._collect(offer.order_token, lot)
                return

    async def _collect(self, order_token: str, lot: random.Random) -> None:
        opened = await self._api.call("POST", "/api/links/session", body={"token": order_token})
        if not opened.is_good:
            return
        order_id = str(opened.body["orderId"])
        while not self._pace.is_over:
            path = f"/api/resident/orders/{order_id}"
            answer = await self._api.call("GET", path, cookie=opened.cookie)
            if answer.status in (401, 403, 404):
                return
            if answer.is_good:
                order = msgspec.convert(answer.body, Brought)
                if order.state in DONE:
                    return
                if order.state == "arrived":
                    code = order.vehicle_code or ""
                    await self._collecting.collect(opened.cookie, order_id, code, lot, self._pace)
            await self._pace.wall(self._pace.poll_s(60, least_s=4.0, most_s=15.0) * lot.uniform(0.8, 1.2))

    async def _token_on_phone(self, phone: str) -> str | None:
        """Wait for the message with the link, where a SIM would show it."""
        for _ in range(20):
            await self._pace.wall(3.0)
            if self._pace.is_over:
                return None
            answer = await self._api.call("GET", "/api/demo/phone", params={"number": phone})
            messages = answer.body if answer.is_good and isinstance(answer.body, list) else []
            for message in messages:
                found = _LINK.search(str(message.get("zh", "")))
                if found:
                    return found.group(1)
        return None

    async def _say(self, verb: str, body: dict[str, Any]) -> Offered | None:
        answer = await self._api.call("POST", f"/api/waybills/{verb}", body=body)
        return msgspec.convert(answer.body, Offered) if answer.is_good else None
