"""What people see of chargers, and what they do to one."""

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import NotFound
from dashboard.parts import DashboardParts
from dashboard.schemas.chargers import ChargerList, ChargerView, SwitchBody, charger_view
from fleet.vehicles.store import VehicleStore
from services.charging.charger import Charger
from services.charging.store import ChargerStore
from services.places.place import PlaceKind
from services.places.store import PlaceStore


async def list_chargers(parts: DashboardParts, principal: Principal) -> ChargerList:
    """Return the chargers of the 旗区 within reach with who is there and who waits."""
    async with parts.database.read() as tx:
        chargers = await ChargerStore(tx).within(principal.districts)
        return ChargerList(items=tuple(await _views(tx, principal, chargers)))


async def switch_charger(
    parts: DashboardParts, principal: Principal, place_id: str, body: SwitchBody
) -> ChargerView:
    """Open or close a charger: a closed one gives no slot, and its queue waits elsewhere.

    Raises NotFound for one that is not registered or lies in another 旗区.
    """
    at = parts.clock.now()
    async with parts.database.write() as tx:
        store = ChargerStore(tx)
        known = [each for each in await store.within(principal.districts) if each.place_id == place_id]
        if not known:
            raise NotFound("not-found", "no such charger", place_id=place_id)
        changed = await store.switch(known[0], is_open=body.is_open)
        fields = {"is_open": body.is_open}
        about = f"charger:{place_id}"
        await audit.record(tx, principal, "charger.switched", about, fields, body.reason, at=at)
        return (await _views(tx, principal, [changed]))[0]


async def _views(tx: Transaction, principal: Principal, chargers: list[Charger]) -> list[ChargerView]:
    districts = {charger.district for charger in chargers}
    places = {
        place.place_id: place
        for district in sorted(districts)
        for place in await PlaceStore(tx).of_kind(PlaceKind.CHARGER, district)
    }
    living = await ChargerStore(tx).living(districts)
    numbers = {each.vehicle_no for each in living}
    own = await VehicleStore(tx).of_numbers(numbers, reach_of(principal))
    codes = {number: vehicle.code for number, vehicle in own.items()}
    return [charger_view(charger, places.get(charger.place_id), living, codes) for charger in chargers]
