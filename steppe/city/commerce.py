"""Merchants, goods, pickup points and the places vehicles go to, as the services know them."""

from collections.abc import Iterator
from datetime import date, timedelta

from core.ids import DistrictCode, GoodsId, MerchantId, PickupPointId
from core.kinds import ServiceKind
from services.delivery.catalogue import Goods, Merchant, PickupPoint, PickupPointKind
from services.delivery.compartments import Temperature
from services.merchants.desk import Desk
from services.places.place import Place as ServicePlace
from services.places.place import PlaceKind as ServicePlaceKind
from steppe.city.build import CityBuild
from steppe.city.pack import CityPack
from steppe.city.places import Place, TownBuild

POINT_KINDS = {
    "gate": PickupPointKind.GATE,
    "doorstep": PickupPointKind.LAST_50M,
    "roadside": PickupPointKind.PUBLIC,
}
VISITED_BY = {
    "vending_spot": ServiceKind.VENDING,
    "sweep_point": ServiceKind.SWEEPING,
    "checkpoint": ServiceKind.PATROL,
}


def merchants_of(pack: CityPack, build: CityBuild) -> list[Merchant]:
    """Return the merchants of all towns."""
    kinds = {kind.kind: kind for kind in pack.places.merchant}
    return [
        Merchant(
            merchant_id=MerchantId(place.place_id),
            district=town.district,
            kind=place.sort,
            name_zh=place.name_zh,
            name_en=place.name_en,
            lat=place.lat,
            lng=place.lng,
            open_hours=kinds[place.sort].open_hours,
            time_zone=pack.city.time_zone,
            accepts_itself=kinds[place.sort].accepts_itself,
            needs_food_licence=kinds[place.sort].needs_food_licence,
            is_synthetic=True,
        )
        for town in build.towns
        for place in town.of_kind("merchant")
    ]


def first_desks(pack: CityPack, build: CityBuild, today: date) -> list[Desk]:
    """Return the desks that licensed shops begin with: a synthetic number, good from the day of loading."""
    kinds = {kind.kind: kind for kind in pack.places.merchant}
    places = [place for town in build.towns for place in town.of_kind("merchant")]
    return [
        Desk(
            merchant_id=MerchantId(place.place_id),
            version=1,
            licence_number=f"JY-DEMO-{number:05d}",
            licence_expires_on=today + timedelta(days=kinds[place.sort].licence_days),
        )
        for number, place in enumerate(places, 1)
        if kinds[place.sort].needs_food_licence and kinds[place.sort].licence_days
    ]


def goods_of(pack: CityPack, build: CityBuild) -> list[Goods]:
    """Return what every merchant sells, by its kind."""
    return [
        Goods(
            goods_id=GoodsId(f"{place.place_id}-{thing.goods}"),
            merchant_id=MerchantId(place.place_id),
            name_zh=thing.name_zh,
            name_en=thing.name_en,
            price_fen=thing.price_fen,
            mass_g=thing.mass_g,
            litres=thing.litres,
            temperature=Temperature(thing.temperature),
            ready_s=thing.ready_s,
            stock=thing.stock,
            category=thing.category,
            is_weighed=thing.is_weighed,
        )
        for town in build.towns
        for place in town.of_kind("merchant")
        for thing in pack.goods
        if thing.merchant_kind == place.sort
    ]


def pickup_points_of(build: CityBuild) -> list[PickupPoint]:
    """Return the pickup points of all towns with the compound or park they belong to."""
    return [
        PickupPoint(
            pickup_point_id=PickupPointId(place.place_id),
            district=town.district,
            kind=POINT_KINDS[place.sort],
            name_zh=place.name_zh,
            name_en=place.name_en,
            compound_zh=_ground_name(town, place)[0],
            compound_en=_ground_name(town, place)[1],
            lat=place.lat,
            lng=place.lng,
            is_synthetic=True,
        )
        for town in build.towns
        for place in town.of_kind("pickup_point")
    ]


def service_places_of(build: CityBuild) -> list[ServicePlace]:
    """Return depots, chargers, and what vending, sweeping and patrol go round."""
    return [
        place
        for town in build.towns
        for place in (
            *_places(town.district, town.of_kind("depot"), ServicePlaceKind.DEPOT),
            *_places(town.district, town.of_kind("charger"), ServicePlaceKind.CHARGER),
            *_visits(town),
        )
    ]


def _visits(town: TownBuild) -> Iterator[ServicePlace]:
    for place in town.places:
        if place.kind in VISITED_BY:
            service = VISITED_BY[place.kind]
            yield from _places(town.district, (place,), ServicePlaceKind.VISIT, service)


def _places(
    district: DistrictCode,
    places: tuple[Place, ...],
    kind: ServicePlaceKind,
    service: ServiceKind | None = None,
) -> Iterator[ServicePlace]:
    for place in places:
        yield ServicePlace(
            place_id=place.place_id,
            kind=kind,
            district=district,
            name_zh=place.name_zh,
            name_en=place.name_en,
            lat=place.lat,
            lng=place.lng,
            capacity=place.capacity,
            service=service,
            is_synthetic=True,
        )


def _ground_name(town: TownBuild, place: Place) -> tuple[str, str]:
    for ground in town.grounds:
        if ground.ground_id == place.site:
            return ground.name_zh, ground.name_en
    return "", ""
