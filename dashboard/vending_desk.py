"""What an operator does with the stock of vending vehicles, each a use case with its own answer."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Invalid
from core.ids import CallId, DistrictCode, VehicleNo
from core.kinds import ServiceKind
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.vending import (
    LotView,
    MovementView,
    OpenCall,
    PlanogramBody,
    PlanogramSet,
    RecalledLot,
    ShrinkageRow,
    VendingVehicle,
    lot_view,
    movement_view,
    open_call,
    recalled_view,
    shrinkage_row,
    slots_of,
    vending_vehicle_view,
)
from fleet.vehicles.store import VehicleFilter, VehicleStore
from services.vending.calls.call import VendingCall
from services.vending.calls.cancel_call import decline_call
from services.vending.calls.states import OPEN
from services.vending.calls.store import CallStore
from services.vending.keep_stock import Deed
from services.vending.ledger import LotId, Movement, MovementKind
from services.vending.recall_lot import recall_lot
from services.vending.restock.read_need import needs_of
from services.vending.set_planogram import set_planogram
from services.vending.shrinkage import shrinkage
from services.vending.stock_store import StockStore

LONGEST_SPAN_D = 92
MOST_MOVEMENTS = 200
MOST_CALLS = 200
REPORTED = (MovementKind.LOAD, MovementKind.SELL, MovementKind.SPOIL, MovementKind.COUNT)

type Booking = Callable[[Transaction, Deed], Awaitable[list[Movement]]]


async def stock_of_fleet(
    parts: DashboardParts, principal: Principal, district: DistrictCode | None
) -> list[VendingVehicle]:
    """Return every vending vehicle within reach with what lies in its slots."""
    wanted = VehicleFilter(
        services=frozenset({ServiceKind.VENDING}),
        districts=frozenset() if district is None else frozenset({district}),
    )
    at = parts.clock.now()
    async with parts.database.read() as tx:
        fleet = await VehicleStore(tx).page(reach_of(principal), wanted)
        numbers = [vehicle.vehicle_no for vehicle in fleet]
        slots, lines = await StockStore(tx).planograms(numbers), await StockStore(tx).lines(numbers)
        needs = await needs_of(tx, numbers, at=at)
    return [
        vending_vehicle_view(each, slots.get(each.vehicle_no, ()), lines, needs.get(each.vehicle_no), at=at)
        for each in fleet
    ]


async def stock_of_vehicle(
    tx: Transaction, principal: Principal, number: int, at: datetime
) -> VendingVehicle:
    """Return one vehicle with what lies in its slots (none of another service has any); raise NotFound."""
    vehicle = await VehicleStore(tx).get(VehicleNo(number), reach_of(principal))
    numbers = [vehicle.vehicle_no]
    slots, lines = await StockStore(tx).planograms(numbers), await StockStore(tx).lines(numbers)
    need = (await needs_of(tx, numbers, at=at)).get(vehicle.vehicle_no)
    return vending_vehicle_view(vehicle, slots.get(vehicle.vehicle_no, ()), lines, need, at=at)


async def put_planogram(
    parts: DashboardParts, principal: Principal, number: int, body: PlanogramBody
) -> PlanogramSet:
    """Give a vehicle, or all of its model, these slots."""
    async with parts.database.write() as tx:
        done = await set_planogram(
            tx,
            principal,
            VehicleNo(number),
            slots_of(body),
            whole_model=body.whole_model,
            at=parts.clock.now(),
        )
    return PlanogramSet(vehicles=tuple(int(each) for each in done))


async def book(
    parts: DashboardParts,
    principal: Principal,
    number: int,
    slot: int,
    repeated: Repeated,
    booking: Booking,
) -> VendingVehicle:
    """Book something into a slot once, whatever is sent again, and return the vehicle as it was then."""
    at = parts.clock.now()
    deed = Deed(
        principal=principal,
        vehicle_no=VehicleNo(number),
        slot=slot,
        cause=f"{repeated.principal_key}:{repeated.idempotency_key}"[:200],
        at=at,
    )

    async def write(tx: Transaction) -> VendingVehicle:
        await booking(tx, deed)
        return await stock_of_vehicle(tx, principal, number, at)

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, VendingVehicle, write, status=200, wall=wall)


async def recall(
    parts: DashboardParts, principal: Principal, lot_id: str, reason: str, repeated: Repeated
) -> RecalledLot:
    """Block a lot everywhere; the same again is the same."""

    async def write(tx: Transaction) -> RecalledLot:
        at, rate = parts.clock.now(), parts.clock.rate
        return recalled_view(await recall_lot(tx, principal, LotId(lot_id), reason, at=at, rate=rate))

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, RecalledLot, write, status=200, wall=wall)


async def open_calls(parts: DashboardParts, principal: Principal) -> list[OpenCall]:
    """Return the open calls within reach, the newest first."""
    async with parts.database.read() as tx:
        calls = await CallStore(tx).listed(reach_of(principal), states=sorted(OPEN), limit=MOST_CALLS)
        return await _call_views(tx, calls)


async def decline(
    parts: DashboardParts, principal: Principal, call_id: CallId, reason: str, repeated: Repeated
) -> OpenCall:
    """Say that a call is not served, and why; the same again is the same."""

    async def write(tx: Transaction) -> OpenCall:
        call = await decline_call(tx, principal, call_id, reason, at=parts.clock.now())
        return (await _call_views(tx, [call]))[0]

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, OpenCall, write, status=200, wall=wall)


async def _call_views(tx: Transaction, calls: Sequence[VendingCall]) -> list[OpenCall]:
    coming = [call.vehicle_no for call in calls if call.vehicle_no is not None]
    codes = await VehicleStore(tx).codes_of(coming)
    return [open_call(one, None if one.vehicle_no is None else codes.get(one.vehicle_no)) for one in calls]


async def known_lots(parts: DashboardParts, principal: Principal) -> list[LotView]:
    """Return the lots of the principal's operators, the soonest to expire first."""
    async with parts.database.read() as tx:
        return [lot_view(lot) for lot in await StockStore(tx).lots(reach_of(principal))]


async def ledger_of(
    parts: DashboardParts, principal: Principal, number: int, since: datetime, until: datetime
) -> list[MovementView]:
    """Return the newest lines of a vehicle's ledger."""
    _must_be_a_span(since, until)
    async with parts.database.read() as tx:
        vehicle = await VehicleStore(tx).get(VehicleNo(number), reach_of(principal))
        found = await StockStore(tx).movements(
            [vehicle.vehicle_no], since=since, until=until, limit=MOST_MOVEMENTS
        )
    return [movement_view(each) for each in found]


async def shrinkage_of_fleet(
    parts: DashboardParts, principal: Principal, since: datetime, until: datetime
) -> list[ShrinkageRow]:
    """Return counts against the ledger for every slot within reach that anything moved in."""
    _must_be_a_span(since, until)
    wanted = VehicleFilter(services=frozenset({ServiceKind.VENDING}))
    async with parts.database.read() as tx:
        fleet = await VehicleStore(tx).page(reach_of(principal), wanted)
        codes = {vehicle.vehicle_no: vehicle.code for vehicle in fleet}
        moved = await StockStore(tx).movements(list(codes), since=since, until=until, kinds=REPORTED)
    return [shrinkage_row(row, codes) for row in shrinkage(moved)]


def _must_be_a_span(since: datetime, until: datetime) -> None:
    if not 0 < (until - since).total_seconds() <= LONGEST_SPAN_D * 86_400:
        raise Invalid(
            "invalid-input", "from is before to", field="from, to", limit=f"at most {LONGEST_SPAN_D} days"
        )
