"""Residents: order at a daily rhythm, watch, come to the vehicle and collect — or don't."""

import asyncio
import random
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from simulator.people.api import Api
from simulator.people.collecting import Collecting
from simulator.people.counter import Bringing, Counter
from simulator.people.pace import Pace, Sessions
from simulator.people.rhythm import orders_per_hour, seconds_to_next
from simulator.people.sign_in import Resident, SignIn, phone_of

TERMINAL = frozenset({"delivered", "cancelled", "returned", "failed"})
CHANGES_MIND = 0.03
STAYS_AWAY = 0.07
"""Shares of orders that are called off before loading, and that nobody collects."""
PAYS_AT_PICKUP = 0.5
FEELS_RICH_FEN = 8_000
"""Share of orders that are paid when they are collected, and the balance at which people use it."""
MOST_AT_ONCE = 80
PHONES_A_TOWN = 120
BASKETS_TRIED = 3
_log = structlog.get_logger("simulator.people")


class Goods(msgspec.Struct, frozen=True, rename="camel"):
    """What a resident looks at on the shelf."""

    goods_id: str
    stock: int
    temperature: str = "ambient"


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """A merchant or pickup point."""

    merchant_id: str = ""
    pickup_point_id: str = ""
    is_open: bool = True


class OwnOrder(msgspec.Struct, frozen=True, rename="camel"):
    """What a resident sees of her order."""

    order_id: str
    state: str
    vehicle_code: str | None = None
    can_cancel: bool = False
    can_open: bool = False
    paid_by: str | None = None


class Residents:
    """The people of the towns who order. Their phones, baskets and moments are drawn from one seed."""

    def __init__(
        self,
        api: Api,
        pace: Pace,
        collecting: Collecting,
        districts: Sequence[str],
        *,
        seed: int,
        orders_per_day: float,
        sessions: Sessions,
        counter: Counter | None = None,
        shuns: frozenset[str] = frozenset(),
    ) -> None:
        """Take who they are and where; ``shuns`` are shops from which nobody orders."""
        self._shuns = shuns
        self._counter = counter
        self._sign_in = SignIn(api, sessions)
        self._api = api
        self._pace = pace
        self._collecting = collecting
        self._lot = random.Random(f"residents:{seed}")  # noqa: S311 - a simulation
        self._per_day = orders_per_day
        self._free = [
            Resident(phone := phone_of(seed, number), district, sessions.get(phone, ""))
            for number, district in enumerate(d for d in districts for _ in range(PHONES_A_TOWN))
        ]
        self._lot.shuffle(self._free)
        self._shelves: dict[str, list[Place]] = {}
        self._points: dict[str, list[Place]] = {}
        self._orders: set[asyncio.Task[None]] = set()
        self.placed = 0

    async def run(self) -> None:
        """Order until everybody goes home."""
        while not self._pace.clock.is_known and not self._pace.is_over:
            await self._pace.wall(0.5)
        while not self._pace.is_over:
            per_hour = orders_per_hour(self._pace.clock.now_ms(), self._per_day)
            await self._pace.city(seconds_to_next(self._lot, per_hour))
            self._order_now()
        for task in self._orders:
            task.cancel()
        await asyncio.gather(*self._orders, return_exceptions=True)

    def _order_now(self) -> None:
        if self._pace.is_over or self._pace.is_quiet or not self._free or len(self._orders) >= MOST_AT_ONCE:
            return
        task = asyncio.create_task(self._one_order(self._free.pop()))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _one_order(self, resident: Resident) -> None:
        try:
            if await self._sign_in.has_session(resident):
                order = await self._place(resident)
                if order is not None:
                    self.placed += 1
                    await self._follow(resident, order)
        except msgspec.ValidationError as error:
            _log.warning("resident_puzzled", why=str(error))
        finally:
            self._free.insert(0, resident)

    async def _place(self, resident: Resident) -> OwnOrder | None:
        merchants = await self._list(self._shelves, "merchants", resident)
        points = await self._list(self._points, "pickup-points", resident)
        open_now = [each for each in merchants if each.is_open and each.merchant_id not in self._shuns]
        if not open_now or not points:
            return None
        for turn in range(BASKETS_TRIED):
            merchant = self._lot.choice(open_now)
            lines = await self._basket(resident, merchant.merchant_id)
            if not lines:
                continue
            if turn:
                lines = [lines[0] | {"quantity": 1}]  # what was refused may have been too much
            body = {
                "merchantId": merchant.merchant_id,
                "pickupPointId": self._lot.choice(points).pickup_point_id,
                "lines": lines,
                "paidBy": await self._way_to_pay(resident),
            }
            answer = await self._api.call(
                "POST",
                "/api/resident/orders",
                cookie=resident.cookie,
                body=body,
                key=str(uuid.UUID(int=self._lot.getrandbits(128), version=4)),
            )
            if answer.is_good:
                return msgspec.convert(answer.body, OwnOrder)
        return None

    async def _way_to_pay(self, resident: Resident) -> str:
        """Half of the people keep a balance, and bring money to the counter when it runs low."""
        if self._counter is None or self._lot.random() < PAYS_AT_PICKUP:
            return "at_pickup"
        answer = await self._api.call("GET", "/api/resident/balance", cookie=resident.cookie)
        if answer.is_good and answer.body["balanceFen"] >= FEELS_RICH_FEN:
            return "balance"
        self._counter.bring(Bringing(resident.phone, resident.district))
        return "at_pickup"

    async def _list(self, known: dict[str, list[Place]], noun: str, resident: Resident) -> list[Place]:
        if resident.district not in known:
            answer = await self._api.call(
                "GET",
                f"/api/resident/{noun}",
                cookie=resident.cookie,
                params={"district": resident.district},
            )
            if not answer.is_good:
                return []
            known[resident.district] = msgspec.convert(answer.body, list[Place])
        return known[resident.district]

    async def _basket(self, resident: Resident, merchant_id: str) -> list[dict[str, Any]]:
        path = f"/api/resident/merchants/{merchant_id}/goods"
        answer = await self._api.call("GET", path, cookie=resident.cookie)
        if not answer.is_good:
            return []
        shelf = [thing for thing in msgspec.convert(answer.body, list[Goods]) if thing.stock > 3]
        if not shelf:
            return []
        first = self._lot.choice(shelf)
        alike = [thing for thing in shelf if thing.temperature == first.temperature and thing is not first]
        chosen = [first, *self._lot.sample(alike, min(len(alike), self._lot.randint(0, 2)))]
        return [{"goodsId": thing.goods_id, "quantity": self._lot.choice((1, 1, 1, 2))} for thing in chosen]

    async def _follow(self, resident: Resident, order: OwnOrder) -> None:
        """Watch an order to its end, doing now and then what people do."""
        lot = random.Random(self._lot.random())  # noqa: S311 - a simulation
        changes_mind, stays_away = lot.random() < CHANGES_MIND, lot.random() < STAYS_AWAY
        while not self._pace.is_over:
            if order.state in TERMINAL:
                if order.state == "delivered" and order.paid_by == "at_pickup" and self._counter is not None:
                    self._counter.bring(Bringing(resident.phone, resident.district, order.order_id))
                return
            if changes_mind and order.can_cancel and order.state in ("accepted", "assigned", "picking_up"):
                path = f"/api/resident/orders/{order.order_id}/cancel"
                await self._api.call(
                    "POST", path, cookie=resident.cookie, body={}, key=f"cancel-{order.order_id}"
                )
                changes_mind = False
            if order.state == "arrived" and not stays_away:
                await self._collecting.collect(
                    resident.cookie, order.order_id, order.vehicle_code or "", lot, self._pace
                )
            near = order.state in ("in_transit", "arrived")
            await self._pace.wall(
                10 * self._api.latency_s
                + self._pace.poll_s(30 if near else 90, least_s=2.0 if near else 5.0, most_s=15.0)
                * lot.uniform(0.8, 1.2)
            )
            path = f"/api/resident/orders/{order.order_id}"
            answer = await self._api.call("GET", path, cookie=resident.cookie)
            if answer.is_good:
                order = msgspec.convert(answer.body, OwnOrder)
            elif answer.status in (401, 403, 404):
                return
