"""What a resident bought and pays for, whether an order or a purchase at a vending vehicle. Pure."""

import msgspec

from core.ids import DistrictCode, OperatorId, OrderId, ResidentId, VehicleNo
from services.settlement.entry import SaleId


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """An order or a purchase as far as the counter is concerned; one of the two ids is there."""

    operator: OperatorId
    district: DistrictCode
    resident_id: ResidentId
    vehicle_no: VehicleNo | None = None
    order_id: OrderId | None = None
    sale_id: SaleId | None = None

    @property
    def about(self) -> str:
        """Return what it is, as the audit names it."""
        return f"sale:{self.sale_id}" if self.order_id is None else f"order:{self.order_id}"
