"""Residents who want something from a vending vehicle: buy from one that stands near, or call one and wait.

Now and then a neighbour calls too, somebody changes her mind, or finds that the vehicle has left.
"""

import asyncio
import random
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec
import structlog

from simulator.people.api import Api
from simulator.people.pace import Pace, Sessions
from simulator.people.rhythm import orders_per_hour, seconds_to_next
from simulator.people.sign_in import Resident, SignIn, phone_of

OVER = frozenset({"served", "cancelled", "declined", "expired"})
PHONES_A_TOWN = 60
FIRST_PHONE = 10_000
"""Numbers from here on are shoppers': nobody orders and shops at once."""
MOST_AT_ONCE = 40
GOES_TO_M = 350.0
"""Somebody walks so far to a vehicle that stands and sells; else she calls one."""
WALKS_MPS = 1.3
CALLS_TOO = 0.35
CHANGES_MIND = 0.04
DOOR_WAIT_S = 120.0
"""City seconds after which somebody asks for the door once more."""
_log = structlog.get_logger("simulator.people")


class Point(msgspec.Struct, frozen=True, rename="camel"):
    """A pickup point: about where somebody lives."""

    lat: float
    lng: float


class Slot(msgspec.Struct, frozen=True, rename="camel"):
    """What a vehicle has left in a slot."""

    slot: int
    left: int


class Seller(msgspec.Struct, frozen=True, rename="camel"):
    """A vending vehicle nearby."""

    vehicle_code: str
    distance_m: float
    can_buy: bool
    goods: tuple[Slot, ...] = ()


class Call(msgspec.Struct, frozen=True, rename="camel"):
    """A call of one's own."""

    call_id: str
    state: str
    walk_m: float
    vehicle_code: str | None = None
    can_cancel: bool = False


class Around(msgspec.Struct, frozen=True, rename="camel"):
    """What is near."""

    vehicles: tuple[Seller, ...] = ()
    chosen: str | None = None
    call: Call | None = None


class Shoppers:
    """The people of the towns who shop at vehicles. Who, where and when is drawn from one seed."""

    def __init__(
        self,
        api: Api,
        pace: Pace,
        districts: Sequence[str],
        *,
        seed: int,
        per_day: float,
        sessions: Sessions,
    ) -> None:
        self._api = api
        self._pace = pace
        self._sign_in = SignIn(api, sessions)
        self._lot = random.Random(f"shoppers:{seed}")  # noqa: S311 - a simulation
        self._per_day = per_day
        homes = [d for d in districts for _ in range(PHONES_A_TOWN)]
        self._free = [
            Resident(phone := phone_of(seed, FIRST_PHONE + n), home, sessions.get(phone, ""))
            for n, home in enumerate(homes)
        ]
        self._lot.shuffle(self._free)
        self._points: dict[str, list[Point]] = {}
        self._trips: set[asyncio.Task[None]] = set()
        self.called = 0
        self.bought = 0

    async def run(self) -> None:
        """Shop until everybody goes home."""
        while not self._pace.clock.is_known and not self._pace.is_over:
            await self._pace.wall(0.5)
        while not self._pace.is_over:
            per_hour = orders_per_hour(self._pace.clock.now_ms(), self._per_day)
            await self._pace.city(seconds_to_next(self._lot, per_hour))
            self._go()
        for trip in self._trips:
            trip.cancel()
        await asyncio.gather(*self._trips, return_exceptions=True)

    def _go(self, beside: tuple[str, Point] | None = None) -> None:
        if self._pace.is_over or self._pace.is_quiet or not self._free or len(self._trips) >= MOST_AT_ONCE:
            return
        trip = asyncio.create_task(self._one_trip(self._free.pop(), beside))
        self._trips.add(trip)
        trip.add_done_callback(self._trips.discard)

    async def _one_trip(self, resident: Resident, beside: tuple[str, Point] | None) -> None:
        try:
            if beside is not None:
                resident.district = beside[0]
            if await self._sign_in.has_session(resident):
                home = beside[1] if beside is not None else await self._home(resident)
                if home is not None:
                    await self._shop(resident, home, has_company=beside is not None)
        except msgspec.ValidationError as error:
            _log.warning("shopper_puzzled", why=str(error))
        finally:
            self._free.insert(0, resident)

    async def _home(self, resident: Resident) -> Point | None:
        if resident.district not in self._points:
            path, params = "/api/resident/pickup-points", {"district": resident.district}
            answer = await self._api.call("GET", path, cookie=resident.cookie, params=params)
            if not answer.is_good:
                return None
            self._points[resident.district] = msgspec.convert(answer.body, list[Point])
        points = self._points[resident.district]
        return self._lot.choice(points) if points else None

    async def _shop(self, resident: Resident, home: Point, *, has_company: bool) -> None:
        place = {"district": resident.district, "lat": home.lat, "lng": home.lng}
        around = await self._around(resident, place)
        if around is None:
            return
        near = [one for one in around.vehicles if one.can_buy and one.distance_m <= GOES_TO_M]
        if near:
            await self._pace.city(near[0].distance_m / WALKS_MPS)
            await self._buy(resident, near[0].vehicle_code, place)
            return
        call = around.call
        if call is None and around.chosen is not None:
            answer = await self._post(resident, "/calls", place)
            if answer is not None:
                call = msgspec.convert(answer, Call)
                self.called += 1
        if call is None:
            return
        if not has_company and self._lot.random() < CALLS_TOO:
            self._go(beside=(resident.district, home))
        await self._wait(resident, call, place)

    async def _wait(self, resident: Resident, call: Call, place: dict[str, Any]) -> None:
        changes_mind = self._lot.random() < CHANGES_MIND
        while not self._pace.is_over and call.state not in OVER:
            if changes_mind and call.can_cancel and call.state != "created":
                await self._post(resident, f"/calls/{call.call_id}/cancel", {})
                return
            if call.state == "arrived" and call.vehicle_code is not None:
                await self._pace.city(call.walk_m / WALKS_MPS)
                await self._buy(resident, call.vehicle_code, place)
                return
            await self._pace.wall(10 * self._api.latency_s + self._pace.poll_s(60, least_s=3.0, most_s=15.0))
            path = f"/api/resident/vending/calls/{call.call_id}"
            answer = await self._api.call("GET", path, cookie=resident.cookie)
            if answer.is_good:
                call = msgspec.convert(answer.body, Call)
            elif answer.status in (401, 403, 404):
                return

    async def _buy(self, resident: Resident, vehicle_code: str, place: dict[str, Any]) -> None:
        around = await self._around(resident, place)
        here = [one for one in (around.vehicles if around else ()) if one.vehicle_code == vehicle_code]
        if not here or not here[0].can_buy:
            return
        shelf = here[0].goods
        for slot in self._lot.sample(shelf, min(len(shelf), self._lot.choice((1, 1, 2)))):
            wanted = {
                "vehicleCode": vehicle_code,
                "slot": slot.slot,
                "quantity": min(slot.left, self._lot.choice((1, 1, 1, 2))),
            }
            sale = await self._post(resident, "/sales", wanted)
            if sale is not None and await self._take_out(resident, str(sale["saleId"])):
                self.bought += 1

    async def _take_out(self, resident: Resident, sale_id: str) -> bool:
        """Have the door opened and wait until the vehicle has counted; return whether something was sold."""
        for _ in range(2):
            await self._post(resident, f"/sales/{sale_id}/open", {})
            until_ms = self._pace.clock.now_ms() + int(DOOR_WAIT_S * 1000)
            while not self._pace.is_over and self._pace.clock.now_ms() < until_ms:
                await self._pace.wall(
                    10 * self._api.latency_s + self._pace.poll_s(15, least_s=1.5, most_s=8.0)
                )
                path = f"/api/resident/vending/sales/{sale_id}"
                answer = await self._api.call("GET", path, cookie=resident.cookie)
                state = answer.body.get("state") if answer.is_good and isinstance(answer.body, dict) else ""
                if state in ("settled", "released"):
                    return state == "settled"
                if state == "reserved":
                    break
        return False

    async def _around(self, resident: Resident, place: dict[str, Any]) -> Around | None:
        path = "/api/resident/vending/around"
        answer = await self._api.call("GET", path, cookie=resident.cookie, params=place)
        return msgspec.convert(answer.body, Around) if answer.is_good else None

    async def _post(self, resident: Resident, path: str, body: dict[str, Any]) -> dict[str, Any] | None:
        answer = await self._api.call(
            "POST",
            f"/api/resident/vending{path}",
            cookie=resident.cookie,
            body=body,
            key=str(uuid.UUID(int=self._lot.getrandbits(128), version=4)),
        )
        return answer.body if answer.is_good and isinstance(answer.body, dict) else None
