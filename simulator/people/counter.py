"""The service point: residents bring money, a member of staff records it, merchants are paid now and then."""

import random
from collections import deque
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from simulator.people.desk import StaffDesk
from simulator.people.pace import Pace

TOP_UPS_FEN = (5_000, 10_000, 20_000)
LOOK_S = 5.0
"""Wall seconds between two looks at the queue."""
PAYS_EVERY_S = 3_600.0
"""City seconds between two rounds of payouts; a real town would pay once a day or week."""
KEEPS_SHARE = 0.2
"""Share of what is owed that stays with the operator until the next round."""
RATES = {
    "energyFenPerKwh": 65,
    "operatorFenPerHour": 5_000,
    "crewFenPerHour": 4_500,
    "vehicleFenPerDay": 8_000,
}
"""Guesses of the demonstration, no tariff of anybody."""
CITY = timezone(timedelta(hours=8))
"""The city's days are those of China."""
MOST_WAITING = 50


class Bringing(msgspec.Struct, frozen=True):
    """Somebody with money: for her balance, or for an order she has collected."""

    phone: str
    district: str
    order_id: str = ""


class Owed(msgspec.Struct, frozen=True, rename="camel"):
    """What a merchant is owed."""

    merchant_id: str
    owed_fen: int


class Counter:
    """One person behind one counter; without any, residents find it shut and pay nothing."""

    def __init__(self, desk: StaffDesk, pace: Pace, seed: int) -> None:
        """Take who serves there."""
        self._desk = desk
        self._pace = pace
        self._lot = random.Random(f"counter:{seed}")  # noqa: S311 - a simulation
        self._waiting: deque[Bringing] = deque()
        self._paid_ms = 0

    def bring(self, somebody: Bringing) -> None:
        """Stand in the queue; when it is too long people come another day."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(somebody)

    async def run(self) -> None:
        """Serve until everybody goes home."""
        await self._pace.wall(self._lot.uniform(2, 8))
        while not self._pace.is_over:
            if (self._waiting or self._is_payday) and await self._desk.log_in():
                while self._waiting:
                    await self._serve(self._waiting.popleft())
                if self._is_payday:
                    await self._pay_merchants()
                    await self._reckon()
            await self._pace.wall(LOOK_S)

    @property
    def _is_payday(self) -> bool:
        return self._pace.clock.now_ms() - self._paid_ms > PAYS_EVERY_S * 1000

    async def _serve(self, one: Bringing) -> None:
        if one.order_id:
            await self._post(f"orders/{one.order_id}/receipts", {"note": "现金 / cash (demo)"})
            return
        amount = self._lot.choice(TOP_UPS_FEN)
        body = {"phone": one.phone, "district": one.district, "amountFen": amount, "note": "演示 / demo"}
        await self._post("top-ups", body)

    async def _pay_merchants(self) -> None:
        self._paid_ms = self._pace.clock.now_ms()
        answer = await self._desk.call("GET", "/api/settlement/merchants")
        if not answer.is_good:
            return
        for one in msgspec.convert(answer.body, list[Owed]):
            amount = int(one.owed_fen * (1 - KEEPS_SHARE))
            if amount > 0:
                body = {"amountFen": amount, "note": "转账演示 / demo transfer"}
                await self._post(f"merchants/{one.merchant_id}/payouts", body)

    async def _reckon(self) -> None:
        """Agree what a vehicle-day costs when nobody has, and claim the subsidies of yesterday."""
        answer = await self._desk.call("GET", "/api/settlement/rates")
        if answer.is_good and not answer.body:
            await self._post("rates", RATES)
        day_before = datetime.fromtimestamp(self._pace.clock.now_ms() / 1000, CITY) - timedelta(days=1)
        yesterday = day_before.date().isoformat()
        await self._post("claims", {"firstDay": yesterday, "lastDay": yesterday})

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        key = f"counter-{self._lot.getrandbits(64):x}"
        await self._desk.call("POST", f"/api/settlement/{path}", body=body, key=key)
