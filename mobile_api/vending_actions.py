"""What a resident does about vending vehicles, each a use case with its own answer: call, buy, call off."""

from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.ids import CallId, DistrictCode, ResidentId, VehicleCode
from core.repeatable import Repeated, answer_once, answered_before
from fleet.vehicles.paper_store import CodeStore
from mobile_api.parts import MobileParts
from mobile_api.schemas.vending import CallBody, CallView, PurchaseBody, SaleView, in_wgs84
from mobile_api.vending_around import call_views, sale_views
from services.settlement.entry import SaleId
from services.vending.calls.cancel_call import cancel_call
from services.vending.calls.place_call import Wanted, place_call
from services.vending.calls.store import CallStore
from services.vending.sales.open_slot import open_slot
from services.vending.sales.release_sale import cancel_sale
from services.vending.sales.reserve_goods import Purchase, reserve_goods
from services.vending.sales.store import SaleStore

CREATED = 201
MOST_LISTED = 20


async def call_vehicle(
    parts: MobileParts, principal: Principal, body: CallBody, repeated: Repeated
) -> CallView:
    """Return the new call. Raises what ``place_call`` raises."""
    body = in_wgs84(body)
    wanted = Wanted(
        resident_id=ResidentId(principal.id),
        district=DistrictCode(body.district),
        lat=body.lat,
        lng=body.lng,
    )

    async def write(tx: Transaction) -> CallView:
        call = await place_call(tx, wanted, parts.rule_at, at=parts.clock.now())
        return (await call_views(tx, [call]))[0]

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, CallView, write, status=CREATED, wall=wall)


async def own_calls(parts: MobileParts, principal: Principal) -> list[CallView]:
    """Return the principal's calls, newest first."""
    async with parts.database.read() as tx:
        return await call_views(tx, await CallStore(tx).listed(reach_of(principal), limit=MOST_LISTED))


async def own_call(parts: MobileParts, principal: Principal, call_id: CallId) -> CallView:
    """Return one of the principal's calls; raise NotFound."""
    async with parts.database.read() as tx:
        return (await call_views(tx, [await CallStore(tx).get(call_id, reach_of(principal))]))[0]


async def cancel_own_call(
    parts: MobileParts, principal: Principal, call_id: CallId, repeated: Repeated
) -> CallView:
    """Return the cancelled call; raise NotFound, and IllegalTransition once the vehicle is there."""

    async def write(tx: Transaction) -> CallView:
        actor = f"{principal.kind}:{principal.id}"
        call = await cancel_call(tx, call_id, reach_of(principal), actor=actor, at=parts.clock.now())
        return (await call_views(tx, [call]))[0]

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, CallView, write, status=200, wall=wall)


async def buy(parts: MobileParts, principal: Principal, body: PurchaseBody, repeated: Repeated) -> SaleView:
    """Return the new purchase with its goods held, or the one that the same key made before.

    Raises what ``reserve_goods`` raises, NotFound for a code that no vehicle has.
    """
    known = await answered_before(parts.database, repeated, SaleView)
    if known is not None:
        return known
    async with parts.database.read() as tx:
        number = (await CodeStore(tx).get(VehicleCode(body.vehicle_code))).vehicle_no
    heard = (await parts.heard_of([number])).get(number)
    wanted = Purchase(
        resident_id=ResidentId(principal.id),
        vehicle_no=number,
        slot=body.slot,
        quantity=body.quantity,
        paid_by=body.paid_by,
    )

    async def write(tx: Transaction) -> SaleView:
        clock = parts.clock
        sale = await reserve_goods(tx, wanted, heard, at=clock.now(), rate=clock.rate)
        return (await sale_views(tx, [sale]))[0]

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, SaleView, write, status=CREATED, wall=wall)


async def own_sales(parts: MobileParts, principal: Principal) -> list[SaleView]:
    """Return the principal's purchases, newest first."""
    async with parts.database.read() as tx:
        return await sale_views(tx, await SaleStore(tx).listed(reach_of(principal), limit=MOST_LISTED))


async def own_sale(parts: MobileParts, principal: Principal, sale_id: SaleId) -> SaleView:
    """Return one of the principal's purchases; raise NotFound."""
    async with parts.database.read() as tx:
        return (await sale_views(tx, [await SaleStore(tx).get(sale_id, reach_of(principal))]))[0]


async def open_own_slot(
    parts: MobileParts, principal: Principal, sale_id: SaleId, repeated: Repeated
) -> SaleView:
    """Return the purchase with its door asked for. Raises what ``open_slot`` raises."""

    async def write(tx: Transaction) -> SaleView:
        clock = parts.clock
        sale = await open_slot(tx, sale_id, reach_of(principal), at=clock.now(), rate=clock.rate)
        return (await sale_views(tx, [sale]))[0]

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, SaleView, write, status=202, wall=wall)


async def cancel_own_sale(
    parts: MobileParts, principal: Principal, sale_id: SaleId, repeated: Repeated
) -> SaleView:
    """Return the purchase called off; raise NotFound, and Conflict once its door was asked for."""

    async def write(tx: Transaction) -> SaleView:
        actor, clock = f"{principal.kind}:{principal.id}", parts.clock
        sale = await cancel_sale(
            tx, sale_id, reach_of(principal), actor=actor, at=clock.now(), rate=clock.rate
        )
        return (await sale_views(tx, [sale]))[0]

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, SaleView, write, status=200, wall=wall)
