"""At the vehicle: some press the button on the phone, some type the code on the keypad, some mistype."""

import random
from collections.abc import Awaitable, Callable

from simulator.people.api import Api
from simulator.people.pace import Pace

WALK_S = (20.0, 200.0)
"""How long it takes to come down to the vehicle, city seconds."""
AT_KEYPAD = 0.5
MISTYPES = 0.08

type TypeCode = Callable[[str, str], Awaitable[bool]]
"""Types a code at a vehicle's keypad; returns whether the door opened."""


class Collecting:
    """What people do at an arrived vehicle."""

    def __init__(self, api: Api, type_code: TypeCode | None) -> None:
        self._api = api
        self._type_code = type_code
        self._asked: dict[str, int] = {}

    async def collect(
        self, cookie: str, order_id: str, vehicle_code: str, lot: random.Random, pace: Pace
    ) -> None:
        """Go to the vehicle and have the compartment opened; nothing happens when that does not work."""
        tries = self._asked.get(order_id, 0)
        self._asked[order_id] = tries + 1
        if tries == 0:
            await pace.city(lot.uniform(*WALK_S))
        if self._type_code is not None and lot.random() < AT_KEYPAD and vehicle_code:
            await self._by_keypad(cookie, order_id, vehicle_code, lot)
            return
        await self._api.call(
            "POST",
            f"/api/resident/orders/{order_id}/open",
            cookie=cookie,
            body={},
            key=f"open-{order_id}-{tries}",
        )

    async def _by_keypad(self, cookie: str, order_id: str, vehicle_code: str, lot: random.Random) -> None:
        assert self._type_code is not None
        answer = await self._api.call("GET", f"/api/resident/orders/{order_id}/code", cookie=cookie)
        code = answer.body.get("code") if answer.is_good and isinstance(answer.body, dict) else None
        if code is None:
            return
        if lot.random() < MISTYPES:
            await self._type_code(vehicle_code, code[::-1] if code != code[::-1] else "000000")
        await self._type_code(vehicle_code, code)
