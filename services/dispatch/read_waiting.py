"""Reading the orders of a zone that wait for a vehicle."""

from collections.abc import Mapping, Sequence

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import DistrictCode, MerchantId, PickupPointId
from services.delivery.catalogue import Merchant, PickupPoint
from services.delivery.store import CatalogueStore
from services.dispatch.candidate import WaitingOrder
from services.dispatch.waiting import Waiting
from services.dispatch.way_home import home_m
from services.orders.order import Order
from services.orders.store import OrderStore
from services.places.place import Place, PlaceKind
from services.places.store import PlaceStore


async def read_waiting(tx: Transaction, district: DistrictCode) -> list[Waiting]:
    """Return the orders of a zone that no vehicle has, the longest waiting first."""
    return await waiting_of(tx, await OrderStore(tx).waiting(district))


async def waiting_of(tx: Transaction, orders: Sequence[Order]) -> list[Waiting]:
    """Return accepted orders with their shops and doors."""
    catalogue = CatalogueStore(tx)
    merchants = await catalogue.merchants_by_id([order.merchant_id for order in orders], EVERYTHING)
    points = await catalogue.pickup_points_by_id([order.pickup_point_id for order in orders])
    shelters = {district: await _shelters(tx, district) for district in {order.district for order in orders}}
    return [_waiting(order, merchants, points, shelters[order.district]) for order in orders]


async def _shelters(tx: Transaction, district: DistrictCode) -> Sequence[Place]:
    """Return where a vehicle of a 旗区 may go home to: its depots and chargers."""
    places = PlaceStore(tx)
    depots = await places.of_kind(PlaceKind.DEPOT, district)
    return [*depots, *await places.of_kind(PlaceKind.CHARGER, district)]


def _waiting(
    order: Order,
    merchants: Mapping[MerchantId, Merchant],
    points: Mapping[PickupPointId, PickupPoint],
    shelters: Sequence[Place],
) -> Waiting:
    merchant, point = merchants[order.merchant_id], points[order.pickup_point_id]
    accepted_at = order.accepted_at or order.placed_at
    view = WaitingOrder(
        order_id=order.order_id,
        version=order.version,
        epoch=order.epoch,
        district=order.district,
        merchant_lat=merchant.lat,
        merchant_lng=merchant.lng,
        pickup_lat=point.lat,
        pickup_lng=point.lng,
        accepted_at=accepted_at,
        ready_at=order.ready_at or accepted_at,
        promised_p90_at=order.promised_p90_at,
        parcel=order.parcel,
        home_m=home_m(point.lat, point.lng, shelters),
        merchant_kind=merchant.kind,
    )
    return Waiting(order=order, view=view, merchant=merchant, point=point)
