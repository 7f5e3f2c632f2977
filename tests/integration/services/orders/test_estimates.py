"""A promise rests on where free vehicles stand now."""

from core.ids import VehicleNo
from services.dispatch.travel import TravelTimes
from services.orders.draft import CheckedDraft, Draft, DraftLine, check_draft
from services.orders.estimate import UNKNOWN_PICKUP_S, estimate
from tests.integration.services.orders.town import DOOR, MILK, SHOP, Town


async def _checked(town: Town) -> CheckedDraft:
    draft = Draft(merchant_id=SHOP, pickup_point_id=DOOR, lines=(DraftLine(goods_id=MILK, quantity=1),))
    async with town.database.read() as tx:
        return await check_draft(tx, draft, at=town.now)


async def test_the_farther_the_nearest_free_vehicle_stands_the_later_the_promise(town: Town) -> None:
    await town.add_vehicle(1)
    checked = await _checked(town)
    here = (await town.listener.last_heard([VehicleNo(1)]))[VehicleNo(1)]
    near = await estimate(checked, TravelTimes(town.ways), {VehicleNo(1): here})
    town.listener.says(1, lat=here.lat + 0.03)
    there = await town.listener.last_heard([VehicleNo(1)])
    far = await estimate(checked, TravelTimes(town.ways), there)
    assert far.promise.pickup_s > near.promise.pickup_s
    assert far.promise.p50_s > near.promise.p50_s


async def test_a_vehicle_nobody_has_heard_is_counted_as_far_away(town: Town) -> None:
    await town.add_vehicle(1)
    unheard = await estimate(await _checked(town), TravelTimes(town.ways), {})
    assert unheard.promise.pickup_s >= UNKNOWN_PICKUP_S
