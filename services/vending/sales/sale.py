"""A sale at a vending vehicle, and the pure function that moves it."""

from datetime import datetime

import msgspec

from core.ids import CommandId, DistrictCode, GoodsId, OperatorId, ResidentId, VehicleNo
from core.transitions import advance as next_state
from services.settlement.entry import SaleId
from services.settlement.terms import PaidBy
from services.vending.ledger import Holding, Pick
from services.vending.sales.states import OVER, TRANSITIONS, SaleEvent, SaleState


class VendingSale(msgspec.Struct, frozen=True, kw_only=True):
    """One purchase of one slot. ``taken`` is what the vehicle reported, ``sold`` what the ledger had of it
    and what is paid; both None until then. ``price_fen`` is of one piece, agreed when it was reserved."""

    sale_id: SaleId
    version: int = 1
    state: SaleState = SaleState.RESERVED
    district: DistrictCode
    operator: OperatorId
    resident_id: ResidentId
    vehicle_no: VehicleNo
    slot: int
    goods_id: GoodsId
    name_zh: str
    name_en: str
    price_fen: int
    quantity: int
    taken: int | None = None
    sold: int | None = None
    paid_by: PaidBy
    picks: tuple[Pick, ...]
    lat: float
    lng: float
    reserved_at: datetime
    expires_at: datetime
    command_id: CommandId | None = None
    closed_at: datetime | None = None
    reason: str = ""
    placed_by: str | None = None
    """Who bought on the buyer's behalf, as ``staff:name``: then her door opens to a code. None: herself."""

    @property
    def is_reserved(self) -> bool:
        """True while its door may be asked for or it may be called off."""
        return self.state is SaleState.RESERVED

    @property
    def held_fen(self) -> int:
        """Return what the reserved pieces cost."""
        return self.quantity * self.price_fen

    @property
    def sold_fen(self) -> int:
        """Return what the buyer pays; 0 before anything was taken."""
        return (self.sold or 0) * self.price_fen

    @property
    def holding(self) -> Holding:
        """Return the pieces that are held for it, as the ledger knows them."""
        return Holding(
            vehicle_no=self.vehicle_no,
            slot=self.slot,
            cause=self.sale_id,
            actor=f"resident:{self.resident_id}",
            picks=self.picks,
        )


def advance(
    sale: VendingSale,
    event: SaleEvent,
    *,
    at: datetime,
    command_id: CommandId | None = None,
    expires_at: datetime | None = None,
    taken: int | None = None,
    sold: int | None = None,
    reason: str = "",
) -> VendingSale:
    """Return the sale after ``event`` at ``at``; version + 1. Pure.

    ``command_id`` and ``expires_at`` go with the asked door, ``taken`` and ``sold`` with what the vehicle
    reports. Raises IllegalTransition when the pair is not in the table.
    """
    target = next_state(TRANSITIONS, sale.state, event)
    return msgspec.structs.replace(
        sale,
        state=target,
        version=sale.version + 1,
        command_id=command_id if command_id is not None else sale.command_id,
        expires_at=expires_at if expires_at is not None else sale.expires_at,
        taken=taken if taken is not None else sale.taken,
        sold=sold if sold is not None else sale.sold,
        closed_at=at if target in OVER else sale.closed_at,
        reason=reason or sale.reason,
    )
