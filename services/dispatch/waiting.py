"""An order that waits for a vehicle, with the shop and the door that belong to it. Plain values."""

import msgspec

from services.delivery.catalogue import Merchant, PickupPoint
from services.dispatch.candidate import WaitingOrder
from services.orders.order import Order


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it lies in SQL, as dispatch looks at it, and its two places."""

    order: Order
    view: WaitingOrder
    merchant: Merchant
    point: PickupPoint
