"""People without a smartphone: they telephone the hotline for goods of a vending vehicle, and type the code
that they are told on its keypad. Now and then somebody mistypes, or does not come."""

import asyncio
import random
import re

import msgspec
import structlog

from simulator.people.api import Api
from simulator.people.collecting import MISTYPES, WALK_S, TypeCode
from simulator.people.desk import StaffDesk
from simulator.people.pace import Pace
from simulator.people.rhythm import orders_per_hour, seconds_to_next
from simulator.people.sign_in import phone_of

PHONES = 60
FIRST_PHONE = 20_000
"""Numbers from here on are callers': they never sign in."""
STAYS_AWAY = 0.1
"""Share of callers who do not come: their goods go back."""
ASKS_FOR = 4
"""Vehicles that the hotline tries for one caller before it gives up: the others drive just now."""
HEARS_WITHIN = 20
"""Looks at the telephone until the code is given up."""
_CODE = re.compile(r"取货码((?:\d ?){6})")
_log = structlog.get_logger("simulator.people")


class Slot(msgspec.Struct, frozen=True, rename="camel"):
    """What the hotline sees of a slot."""

    slot: int
    sellable: int


class Seller(msgspec.Struct, frozen=True, rename="camel"):
    """What the hotline sees of a vending vehicle."""

    code: str | None
    slots: tuple[Slot, ...] = ()


class Callers:
    """The people of the city who telephone, and who answers them. Who and when is drawn from one seed."""

    def __init__(
        self, desk: StaffDesk, api: Api, pace: Pace, type_code: TypeCode, *, seed: int, per_day: float
    ) -> None:
        """Take who serves the hotline, the demo's phones, and how a code is typed at a vehicle."""
        self._desk = desk
        self._api = api
        self._pace = pace
        self._type_code = type_code
        self._lot = random.Random(f"callers:{seed}")  # noqa: S311 - a simulation
        self._per_day = per_day
        self._free = [phone_of(seed, FIRST_PHONE + n) for n in range(PHONES)]
        self._heard: dict[str, str] = {}
        """The last message of each telephone."""
        self._calls: set[asyncio.Task[None]] = set()
        self.bought = 0

    async def run(self) -> None:
        """Telephone until everybody goes home."""
        while not self._pace.clock.is_known and not self._pace.is_over:
            await self._pace.wall(0.5)
        while not self._pace.is_over:
            per_hour = orders_per_hour(self._pace.clock.now_ms(), self._per_day)
            await self._pace.city(seconds_to_next(self._lot, per_hour))
            if not self._pace.is_over and not self._pace.is_quiet and self._free:
                call = asyncio.create_task(self._one_call(self._free.pop()))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _one_call(self, phone: str) -> None:
        try:
            vehicle_code = await self._order(phone)
            if vehicle_code is not None:
                await self._collect(phone, vehicle_code)
        except msgspec.ValidationError as error:
            _log.warning("caller_puzzled", why=str(error))
        finally:
            self._free.insert(0, phone)

    async def _order(self, phone: str) -> str | None:
        """Let the hotline hold something; return the code of the vehicle, None when nothing could be had."""
        if not await self._desk.log_in():
            return None
        answer = await self._desk.call("GET", "/api/vending/vehicles")
        if not answer.is_good:
            return None
        stocked = [
            (seller.code, slot)
            for seller in msgspec.convert(answer.body, list[Seller])
            for slot in seller.slots
            if seller.code is not None and slot.sellable > 0
        ]
        for code, slot in self._lot.sample(stocked, min(ASKS_FOR, len(stocked))):
            wanted = {
                "phone": phone,
                "vehicleCode": code,
                "slot": slot.slot,
                "quantity": min(slot.sellable, self._lot.choice((1, 1, 2))),
                "reachedBy": self._lot.choice(("voice", "sms")),
                "consent": "spoken",
            }
            key = f"caller-{self._lot.getrandbits(64):x}"
            held = await self._desk.call("POST", "/api/vending/sales", body=wanted, key=key)
            if held.is_good:
                return code
        return None

    async def _collect(self, phone: str, vehicle_code: str) -> None:
        code = await self._code_on_phone(phone)
        if code is None or self._lot.random() < STAYS_AWAY:
            return
        await self._pace.city(self._lot.uniform(*WALK_S))
        if self._lot.random() < MISTYPES:
            await self._type_code(vehicle_code, code[::-1] if code != code[::-1] else "000000")
        self.bought += await self._type_code(vehicle_code, code)

    async def _code_on_phone(self, phone: str) -> str | None:
        """Wait for the text, or the voice that reads the digits, where a telephone would have it."""
        for _ in range(HEARS_WITHIN):
            await self._pace.wall(self._pace.poll_s(10, least_s=1.0, most_s=5.0))
            if self._pace.is_over:
                return None
            answer = await self._api.call("GET", "/api/demo/phone", params={"number": phone})
            messages = answer.body if answer.is_good and isinstance(answer.body, list) else []
            newest = str(messages[0].get("zh", "")) if messages else ""
            found = _CODE.search(newest)
            if found and newest != self._heard.get(phone):
                self._heard[phone] = newest
                return found.group(1).replace(" ", "")
        return None
