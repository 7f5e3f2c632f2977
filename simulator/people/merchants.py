"""Merchants: take orders, prepare, walk out to the vehicle and put the goods in; fill their shelves."""

import random
from typing import Any

import msgspec

from simulator.issued import GivenMerchant
from simulator.people.api import Api
from simulator.people.moods import Moods
from simulator.people.pace import Pace

THINK_S = (10.0, 60.0)
PREPARE_S = (120.0, 480.0)
WALK_OUT_S = (15.0, 60.0)
WEIGH_S = (60.0, 180.0)
"""City seconds, from and to."""
PATIENCE_S = 420.0
"""City seconds that a patient shop adds: whoever tries its page acts first, and no order waits in vain."""
OF_USUAL = (0.9, 1.15)
"""What a piece weighs by what it usually weighs, from and to."""
SHELF_EVERY_S = (2_700.0, 4_500.0)
"""City seconds between two looks along the shelf."""
SHELF_LEAST_WALL_S = 30.0
FEW = 20
FULL = 200
"""Goods of which fewer pieces are left are filled up; the synthetic supplier has enough."""
LOAD_AGAIN_WALL_S = 20.0
"""After this without effect the door is asked to open once more: the command may have expired."""


class OnScale(msgspec.Struct, frozen=True, rename="camel"):
    """What weighed goods usually weigh, and whether they were on the scale."""

    estimate_g: int
    weight_g: int | None = None


class Line(msgspec.Struct, frozen=True, rename="camel"):
    """What a merchant needs of a line of goods."""

    goods_id: str
    weighed: OnScale | None = None


class MerchantOrder(msgspec.Struct, frozen=True, rename="camel"):
    """What a merchant needs of an order."""

    order_id: str
    state: str
    is_vehicle_there: bool = False
    loaded_at: str | None = None
    lines: tuple[Line, ...] = ()

    def unweighed(self) -> dict[str, int]:
        """Return by goods what they usually weigh, in grams, of those that still have to be weighed."""
        lines = [line for line in self.lines if line.weighed is not None]
        return {x.goods_id: x.weighed.estimate_g for x in lines if x.weighed and x.weighed.weight_g is None}


class OnShelf(msgspec.Struct, frozen=True, rename="camel"):
    """What a merchant needs of its goods."""

    goods_id: str
    stock: int


class Merchant:
    """One shop."""

    def __init__(
        self,
        given: GivenMerchant,
        api: Api,
        pace: Pace,
        seed: int,
        *,
        has_moods: bool = False,
        is_patient: bool = False,
    ) -> None:
        self.given = given
        self._api = api
        self._pace = pace
        self._lot = random.Random(f"merchant:{seed}:{given.merchant}")  # noqa: S311 - a simulation
        self.moods = Moods(api, pace, given.token, self._lot) if has_moods and not is_patient else None
        self.think_s = THINK_S
        self._patience_s = PATIENCE_S if is_patient else 0.0
        self._due_ms: dict[tuple[str, str], int] = {}
        self._tries: dict[str, int] = {}
        self._shelf_ms = 0

    async def run(self) -> None:
        """Serve until everybody goes home."""
        await self._pace.wall(self._lot.uniform(0, 5))
        while not self._pace.is_over:
            busy = False
            if self._pace.clock.is_known:
                busy = await self.look()
                await self._look_now_and_then_along_the_shelf()
                if self.moods is not None:
                    await self.moods.turn()
            await self._pace.wall(
                10 * self._api.latency_s
                + self._lot.uniform(0.8, 1.2)
                * self._pace.poll_s(20 if busy else 60, least_s=1.5 if busy else 4.0, most_s=10.0)
            )

    async def look(self) -> bool:
        """Look at the orders and do what is due; return whether there is any."""
        answer = await self._api.call("GET", "/api/merchant/orders", token=self.given.token)
        if not answer.is_good or not isinstance(answer.body, list):
            return False
        orders = msgspec.convert(answer.body, list[MerchantOrder])
        for order in orders:
            await self._serve(order)
        open_ids = {order.order_id for order in orders}
        self._due_ms = {key: due for key, due in self._due_ms.items() if key[0] in open_ids}
        self._tries = {key: tries for key, tries in self._tries.items() if key in open_ids}
        return bool(orders)

    async def _look_now_and_then_along_the_shelf(self) -> None:
        now_ms = self._pace.clock.now_ms()
        if now_ms < self._shelf_ms:
            return
        pause_s = max(self._lot.uniform(*SHELF_EVERY_S), SHELF_LEAST_WALL_S * self._pace.clock.rate)
        self._shelf_ms = now_ms + int(1000 * pause_s)
        await self.fill_shelf(now_ms)

    async def fill_shelf(self, now_ms: int) -> None:
        """Fill up what is nearly sold out; ``now_ms`` tells one delivery of goods from the next."""
        answer = await self._api.call("GET", "/api/merchant/goods", token=self.given.token)
        if not answer.is_good or not isinstance(answer.body, list):
            return
        for thing in msgspec.convert(answer.body, list[OnShelf]):
            if thing.stock < FEW:
                await self._api.call(
                    "POST",
                    f"/api/merchant/goods/{thing.goods_id}/stock",
                    token=self.given.token,
                    body={"stock": FULL},
                    key=f"shelf-{thing.goods_id}-{now_ms}",
                )

    async def _serve(self, order: MerchantOrder) -> None:
        if order.state == "created":
            if self._is_due(order, "accept", self.think_s):
                ready_in_s = round(self._lot.uniform(*PREPARE_S))
                key = f"accept-{order.order_id}"
                await self._post(order, "accept", key, params={"readyInS": ready_in_s})
        elif unweighed := order.unweighed():
            if order.state != "returning" and self._is_due(order, "weigh", WEIGH_S):
                weights = [
                    {"goodsId": goods, "weightG": round(grams * self._lot.uniform(*OF_USUAL))}
                    for goods, grams in sorted(unweighed.items())
                ]
                await self._post(order, "ready", f"weigh-{order.order_id}", body={"weights": weights})
        elif order.is_vehicle_there and order.loaded_at is None and self._is_due(order, "load", WALK_OUT_S):
            tries = self._tries.get(order.order_id, 0) + 1
            self._tries[order.order_id] = tries
            await self._post(order, "loaded", f"load-{order.order_id}-{tries}", body={})
            again_ms = self._pace.clock.now_ms() + int(LOAD_AGAIN_WALL_S * 1000 * self._pace.clock.rate)
            self._due_ms[order.order_id, "load"] = again_ms

    def _is_due(self, order: MerchantOrder, what: str, span_s: tuple[float, float]) -> bool:
        """Whether the time for something has come; the first look decides when that is."""
        now_ms = self._pace.clock.now_ms()
        due_ms = self._due_ms.setdefault(
            (order.order_id, what), now_ms + int(1000 * (self._patience_s + self._lot.uniform(*span_s)))
        )
        return now_ms >= due_ms

    async def _post(
        self,
        order: MerchantOrder,
        what: str,
        key: str,
        *,
        body: Any = None,
        params: dict[str, str | int | float] | None = None,
    ) -> None:
        path = f"/api/merchant/orders/{order.order_id}/{what}"
        await self._api.call("POST", path, token=self.given.token, body=body, key=key, params=params)
