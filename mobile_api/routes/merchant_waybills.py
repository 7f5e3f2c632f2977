"""A parcel station pushes waybills and sees what their recipients chose."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_201_CREATED

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from mobile_api.parts import MobileParts
from mobile_api.schemas.waybills import PushWaybills, StationWaybill, WaybillFile, WaybillsPushed, rows_of
from mobile_api.waybill_actions import own_waybills, push
from services.waybills.waybill_csv import read_rows

READ = ("not-authenticated", "forbidden", "database-unavailable")
PUSH = (
    *(*READ, *REPEATED, "invalid-input", "waybills-invalid", "area-not-served", "not-found", "conflict"),
    "database-busy",
)


class MerchantWaybills(Controller):
    """The parcels of one station, by bearer token."""

    path = "/api/merchant/waybills"
    tags = ("waybills",)
    guards = (requires(Scope.MERCHANT_ORDERS),)

    @get("/", operation_id="listOwnWaybills", responses=problem_responses(*READ))
    async def list_waybills(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> list[StationWaybill]:
        """Return the station's waybills, newest first, phones masked."""
        return await own_waybills(mobile, principal)

    @post(
        "/",
        operation_id="pushWaybills",
        status_code=HTTP_201_CREATED,
        responses=problem_responses(*PUSH),
    )
    async def push_waybills(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[PushWaybills],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> WaybillsPushed:
        """Push parcels: all of them, or none and every error with its row (the first is row 1)."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await push(mobile, principal, lambda: rows_of(data), 1, repeated)

    @post(
        "/csv",
        operation_id="importWaybills",
        status_code=HTTP_201_CREATED,
        responses=problem_responses(*PUSH),
    )
    async def import_waybills(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[WaybillFile],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> WaybillsPushed:
        """Push the parcels of a CSV file; row 1 is its header."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await push(mobile, principal, lambda: read_rows(data.csv), 2, repeated)
