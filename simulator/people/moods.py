"""What a shop does beside its orders: a break, a rush in which everything takes longer, a thing sold out."""

import random
from typing import Any

import msgspec

from simulator.people.api import Api
from simulator.people.pace import Pace

BETWEEN_S = (7_200.0, 21_600.0)
"""City seconds between two moods of one shop, from and to."""
LEAST_WALL_S = 60.0
BREAK_MIN = (10, 25)
RUSH_EXTRA_MIN = (5, 15)
RUSH_MIN = (20, 45)
SOLD_OUT_S = (1_200.0, 3_600.0)
REASONS = ("break", "too_many_orders", "short_staffed", "equipment")
DESK = "/api/merchant/desk"


class OnOffer(msgspec.Struct, frozen=True, rename="camel"):
    """Goods of which one may be sold out."""

    goods_id: str
    is_sold_out: bool = False


class Moods:
    """One shop's; pauses and rushes end by themselves, sold-out goods are put back."""

    def __init__(self, api: Api, pace: Pace, token: str, lot: random.Random) -> None:
        self._api = api
        self._pace = pace
        self._token = token
        self._lot = lot
        self._next_ms = 0
        self._gone: dict[str, int] = {}
        self.between_s = BETWEEN_S
        self.least_wall_s = LEAST_WALL_S

    async def turn(self) -> None:
        """Do what is due; the first look only decides when that is."""
        now_ms = self._pace.clock.now_ms()
        for goods_id, back_ms in list(self._gone.items()):
            if now_ms >= back_ms:
                del self._gone[goods_id]
                await self._say(f"/api/merchant/goods/{goods_id}/back", now_ms)
        if now_ms < self._next_ms:
            return
        is_first = self._next_ms == 0
        pause_s = max(self._lot.uniform(*self.between_s), self.least_wall_s * self._pace.clock.rate)
        # the first moods of many shops lie scattered over the whole span
        self._next_ms = now_ms + int(1000 * pause_s * (self._lot.random() if is_first else 1.0))
        if not is_first:
            await self._lot.choice((self._break, self._rush, self._sold_out))(now_ms)

    async def _break(self, now_ms: int) -> None:
        body = {"reason": self._lot.choice(REASONS), "minutes": self._lot.randint(*BREAK_MIN)}
        await self._say(f"{DESK}/pause", now_ms, body)

    async def _rush(self, now_ms: int) -> None:
        extra, lasts = self._lot.randint(*RUSH_EXTRA_MIN), self._lot.randint(*RUSH_MIN)
        await self._say(f"{DESK}/busy", now_ms, {"extraMinutes": extra, "forMinutes": lasts})

    async def _sold_out(self, now_ms: int) -> None:
        answer = await self._api.call("GET", "/api/merchant/goods", token=self._token)
        if not answer.is_good or not isinstance(answer.body, list):
            return
        there = [one for one in msgspec.convert(answer.body, list[OnOffer]) if not one.is_sold_out]
        if len(there) < 2:
            return
        goods_id = self._lot.choice(there).goods_id
        self._gone[goods_id] = now_ms + int(1000 * self._lot.uniform(*SOLD_OUT_S))
        await self._say(f"/api/merchant/goods/{goods_id}/sold-out", now_ms)

    async def _say(self, path: str, now_ms: int, body: Any = None) -> None:
        key = f"mood-{path.rsplit('/', 1)[1]}-{now_ms}"
        await self._api.call("POST", path, token=self._token, body=body, key=key)
