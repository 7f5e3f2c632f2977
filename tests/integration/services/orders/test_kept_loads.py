"""How busy a zone is, is read once a second for everybody who orders there."""

from services.orders.zone import KEPT_S, KeptLoads, zone_load
from tests.integration.services.orders.town import KB, Town


async def test_a_zone_is_read_again_after_a_second_and_not_before(town: Town) -> None:
    await town.add_vehicle(1)
    kept = KeptLoads(town.clock)
    async with town.database.read() as tx:
        first = await kept(tx, KB, at=town.now)
        assert first == await zone_load(tx, KB, at=town.now)
    await town.add_vehicle(2)
    async with town.database.read() as tx:
        assert await kept(tx, KB, at=town.now) == first
    town.clock.advance(KEPT_S)
    async with town.database.read() as tx:
        assert (await kept(tx, KB, at=town.now)).numbers == (1, 2)


async def test_one_box_of_each_sort_stands_for_the_fleet(town: Town) -> None:
    for number in (1, 2, 3):
        await town.add_vehicle(number)
    async with town.database.read() as tx:
        load = await zone_load(tx, KB, at=town.now)
    sorts = [(box.litres, box.max_kg, box.temperature) for box in load.boxes]
    assert sorts
    assert len(set(sorts)) == len(sorts)
