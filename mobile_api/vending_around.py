"""What a resident sees of vending around her: vehicles with goods, the stops a call would weigh."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Transaction
from core.ids import DistrictCode, ResidentId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.store import VehicleFilter, VehicleStore
from fleet.vehicles.vehicle import Vehicle
from geofences.geo import distance_m
from mobile_api.parts import MobileParts
from mobile_api.schemas.vending import (
    CallBody,
    CallView,
    NearbyGoods,
    NearbyVehicle,
    SaleView,
    VendingAround,
    call_view,
    in_wgs84,
    sale_view,
    stop_view,
)
from services.tasks.states import StopState
from services.tasks.store import TaskStore
from services.tasks.task import Stop, Task
from services.vending.calls.call import VendingCall
from services.vending.calls.place_call import weigh_around
from services.vending.calls.states import CallState
from services.vending.calls.store import CallStore
from services.vending.ledger import StockLine
from services.vending.planogram import Slot
from services.vending.sales.reserve_goods import DRIVING, NOT_HEARD, NOT_SELLING, keeps_from_selling
from services.vending.sales.sale import VendingSale
from services.vending.sales.states import OVER
from services.vending.sales.store import SaleStore
from services.vending.stock_store import StockStore

NEAR_M = 3_000.0
REFUSED = frozenset({CallState.DECLINED, CallState.EXPIRED})
TOLD_FOR = timedelta(minutes=15)
"""So long somebody is told that nobody comes, and why; and what became of a purchase."""
MOST_RECENT = 3
MOST_NEAR = 12
MOST_LATER = 3
"""Vehicles shown that have goods and neither sell nor drive: they charge."""
CLOSED = frozenset({NOT_SELLING, NOT_HEARD})
"""Why a vehicle is not shown at all, whatever lies in it: nobody hears it, or it is out of service."""
ROUGH_DEGREES = 3
"""Decimals of a degree (about 100 m) in which a driving vehicle is shown."""


async def around(parts: MobileParts, principal: Principal, where: CallBody) -> VendingAround:
    """Return what is near a place, and what the principal has open."""
    where = in_wgs84(where)
    at, district = parts.clock.now(), DistrictCode(where.district)
    resident = ResidentId(principal.id)
    async with parts.database.read() as tx:
        selling = await _selling_in(tx, district)
    heard = await parts.heard_of([vehicle.vehicle_no for vehicle in selling])
    near = _within(selling, heard, where)
    async with parts.database.read() as tx:
        weighed = await weigh_around(tx, district, where.lat, where.lng, parts.rule_at, at=at)
        vehicles = await _with_goods(tx, near, at)
        call = await CallStore(tx).open_of(resident)
        open_sales = await SaleStore(tx).open_of(resident)
        shown = None if call is None else (await call_views(tx, [call]))[0]
        sales = tuple(await sale_views(tx, open_sales))
        recent = await sale_views(tx, await _bought_lately(tx, principal, at))
        refused = None if shown else await _refused_lately(tx, principal, at)
    chosen = weighed.chosen
    return VendingAround(
        vehicles=tuple(vehicles),
        stops=tuple(stop_view(option) for option in weighed.options),
        chosen=None if chosen is None else chosen.place_id,
        call=shown,
        refused_call=refused,
        sales=sales,
        recent_sales=tuple(recent),
    )


async def call_views(tx: Transaction, calls: Sequence[VendingCall]) -> list[CallView]:
    """Return calls with how many neighbours called to the same stop, and the codes of their vehicles."""
    codes = await VehicleStore(tx).codes_of(
        [call.vehicle_no for call in calls if call.vehicle_no is not None]
    )
    views = []
    for call in calls:
        there = await CallStore(tx).at_place(call.place_id, call.operator) if call.is_open else []
        code = None if call.vehicle_no is None else codes.get(call.vehicle_no)
        neighbours = sum(other.call_id != call.call_id for other in there)
        views.append(call_view(call, neighbours=neighbours, code=code))
    return views


async def sale_views(tx: Transaction, sales: Sequence[VendingSale]) -> list[SaleView]:
    """Return purchases with the codes of their vehicles."""
    codes = await VehicleStore(tx).codes_of([sale.vehicle_no for sale in sales])
    return [sale_view(sale, code=codes.get(sale.vehicle_no)) for sale in sales]


async def _selling_in(tx: Transaction, district: DistrictCode) -> list[Vehicle]:
    wanted = VehicleFilter(
        services=frozenset({ServiceKind.VENDING}),
        districts=frozenset({district}),
        lifecycles=frozenset({Lifecycle.IN_SERVICE}),
    )
    return await VehicleStore(tx).page(EVERYTHING, wanted)


async def _refused_lately(tx: Transaction, principal: Principal, at: datetime) -> CallView | None:
    """Return the last call when nobody came, so that its caller learns why."""
    for call in await CallStore(tx).listed(reach_of(principal), limit=1):
        if call.state in REFUSED and call.closed_at is not None and at - call.closed_at < TOLD_FOR:
            return (await call_views(tx, [call]))[0]
    return None


async def _bought_lately(tx: Transaction, principal: Principal, at: datetime) -> list[VendingSale]:
    """Return the last purchases that are over, so that their buyer reads what she took and what it costs."""
    over = await SaleStore(tx).listed(reach_of(principal), states=tuple(OVER), limit=MOST_RECENT)
    return [sale for sale in over if sale.closed_at is not None and at - sale.closed_at < TOLD_FOR]


type _Near = tuple[float, Vehicle, LastHeard]


def _within(selling: Sequence[Vehicle], heard: Mapping[VehicleNo, LastHeard], where: CallBody) -> list[_Near]:
    """Return the vehicles within reach that were heard, the nearest first."""
    found = [
        (distance_m(where.lat, where.lng, said.lat, said.lng), vehicle, said)
        for vehicle in selling
        if (said := heard.get(vehicle.vehicle_no)) is not None
    ]
    near = [each for each in found if each[0] <= NEAR_M]
    return sorted(near, key=lambda each: (each[0], each[1].vehicle_no))


async def _with_goods(tx: Transaction, near: Sequence[_Near], at: datetime) -> list[NearbyVehicle]:
    """Return the nearest with something to sell: those that sell now, then at most three that will later.

    One without goods that may be sold, or that nobody hears, holds no place.
    """
    numbers = [vehicle.vehicle_no for _, vehicle, _ in near]
    slots, lines = await StockStore(tx).planograms(numbers), await StockStore(tx).lines(numbers)
    ids = await TaskStore(tx).active_ids(numbers)
    tasks = await TaskStore(tx).of_ids(list(ids.values()), EVERYTHING)
    by_vehicle = {task.vehicle_no: task for task in tasks.values()}
    inside: dict[VehicleNo, list[StockLine]] = {}
    for line in lines:
        inside.setdefault(line.vehicle_no, []).append(line)
    shown = []
    for away_m, vehicle, said in near:
        number, task = vehicle.vehicle_no, by_vehicle.get(vehicle.vehicle_no)
        goods = _goods(slots.get(number, ()), inside.get(number, []), at)
        why_not = keeps_from_selling(vehicle, said, task)
        if goods and vehicle.code is not None and why_not not in CLOSED:
            shown.append(_nearby(vehicle, said, task, goods, away_m, why_not))
    open_ones = [one for one in shown if one.can_buy or one.why_not == DRIVING]
    later = [one for one in shown if one not in open_ones][:MOST_LATER]
    return (open_ones[: MOST_NEAR - len(later)] + later)[:MOST_NEAR]


def _nearby(
    vehicle: Vehicle,
    said: LastHeard,
    task: Task | None,
    goods: tuple[NearbyGoods, ...],
    away_m: float,
    why_not: str,
) -> NearbyVehicle:
    can_buy = not why_not
    stop = _stands_at(task)
    leaves_at = None
    if stop is not None and stop.reached_at is not None and stop.wait_s:
        leaves_at = stop.reached_at + timedelta(seconds=stop.wait_s)
    return NearbyVehicle(
        vehicle_code=vehicle.code or "",
        lat=said.lat if can_buy else round(said.lat, ROUGH_DEGREES),
        lng=said.lng if can_buy else round(said.lng, ROUGH_DEGREES),
        distance_m=round(away_m),
        can_buy=can_buy,
        why_not=why_not,
        place_zh="" if stop is None else stop.name_zh,
        place_en="" if stop is None else stop.name_en,
        leaves_at=leaves_at,
        goods=goods,
    )


def _stands_at(task: Task | None) -> Stop | None:
    if task is None:
        return None
    return next((stop for stop in task.stops if stop.state is StopState.REACHED), None)


def _goods(slots: Sequence[Slot], lines: Sequence[StockLine], at: datetime) -> tuple[NearbyGoods, ...]:
    """Return what can be bought; a slot that is sold out is left out."""
    shown = []
    for slot in slots:
        left = sum(line.shelf for line in lines if line.slot == slot.slot and line.lot.may_be_sold(at))
        if left:
            shown.append(
                NearbyGoods(
                    slot=slot.slot,
                    goods_id=slot.goods_id,
                    name_zh=slot.name_zh,
                    name_en=slot.name_en,
                    price_fen=slot.price_fen,
                    temperature=slot.temperature.value,
                    left=left,
                )
            )
    return tuple(shown)
