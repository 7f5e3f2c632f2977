"""Crew load, count and take out; a shift lead recalls lots."""

from functools import partial
from typing import Annotated, Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import VehicleNoPath
from dashboard.schemas.vending import (
    CountBody,
    LoadBody,
    LotView,
    RecallBody,
    RecalledLot,
    SpoilBody,
    VendingVehicle,
    batch_of,
)
from dashboard.vending_desk import book, known_lots, recall
from services.vending.keep_stock import count_slot, load_slot, spoil_stock
from services.vending.ledger import LotId

LotIdPath = Annotated[str, PathParameter(min_length=1, max_length=110)]
CHANGE = (
    *("invalid-input", "not-authenticated", "forbidden", "origin-refused", "not-found", "conflict"),
    *("database-unavailable", "database-busy"),
    *REPEATED,
)


class VendingStock(Controller):
    """What people do to the stock of one vehicle; each answers with the vehicle as it is then."""

    path = "/api/vending/vehicles/{vehicle_no:int}"
    tags = ("vending",)
    guards = (requires(Scope.VENDING_STOCK),)

    @post(
        "/loads",
        operation_id="loadSlot",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "slot-full", "lot-blocked"),
    )
    async def load(
        self,
        request: Request[Any, Any, Any],
        vehicle_no: VehicleNoPath,
        data: JSONBody[LoadBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> VendingVehicle:
        """Put pieces of a batch into a slot."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        booking = partial(load_slot, batch=batch_of(data), quantity=data.quantity)
        return await book(dashboard, principal, vehicle_no, data.slot, repeated, booking)

    @post(
        "/counts",
        operation_id="countSlot",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE),
    )
    async def count(
        self,
        request: Request[Any, Any, Any],
        vehicle_no: VehicleNoPath,
        data: JSONBody[CountBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> VendingVehicle:
        """Say how many pieces lie in a slot; the difference is booked."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        booking = partial(count_slot, counted=data.counted)
        return await book(dashboard, principal, vehicle_no, data.slot, repeated, booking)

    @post(
        "/spoils",
        operation_id="spoilStock",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "out-of-stock"),
    )
    async def spoil(
        self,
        request: Request[Any, Any, Any],
        vehicle_no: VehicleNoPath,
        data: JSONBody[SpoilBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> VendingVehicle:
        """Take pieces out that nobody may buy: broken, thawed, recalled, past their date."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        booking = partial(spoil_stock, lot_id=LotId(data.lot_id), quantity=data.quantity, reason=data.reason)
        return await book(dashboard, principal, vehicle_no, data.slot, repeated, booking)


class VendingLots(Controller):
    """Batches of goods, and their recall."""

    path = "/api/vending/lots"
    tags = ("vending",)

    @get(
        "/",
        operation_id="listLots",
        guards=[requires(Scope.VENDING_READ)],
        responses=problem_responses("not-authenticated", "forbidden", "database-unavailable"),
    )
    async def list_lots(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> list[LotView]:
        """Return the lots of one's own company, the soonest to expire first."""
        return await known_lots(dashboard, principal)

    @post(
        "/{lot_id:str}/recall",
        operation_id="recallLot",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.VENDING_MANAGE)],
        responses=problem_responses(*CHANGE),
    )
    async def recall_lot(
        self,
        request: Request[Any, Any, Any],
        lot_id: LotIdPath,
        data: JSONBody[RecallBody],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        idempotency_key: IdempotencyKey = None,
    ) -> RecalledLot:
        """Block a lot's sale everywhere at once; the answer says where pieces of it still lie."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await recall(dashboard, principal, lot_id, data.reason, repeated)
