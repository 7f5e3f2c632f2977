"""A merchant's desk: how the shop stands, pause, busy mode, licence, hours of single days."""

from typing import Any

from litestar import Controller, Request, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.problem_http import problem_responses
from core.repeatable import REPEATED, IdempotencyKey, Repeated
from mobile_api.desk_actions import busy_own, hours_own, own_desk, pause_own, renew_own, resume_own
from mobile_api.parts import MobileParts
from mobile_api.schemas.desk import Busy, DeskView, HoursOfDay, Licence, Pausing

OWN = ("not-authenticated", "forbidden", "not-found", "database-unavailable")
CHANGE = (*OWN, *REPEATED, "origin-refused", "invalid-input", "conflict", "database-busy")


class MerchantDesk(Controller):
    """The desk of one merchant, by bearer token or the session of its page."""

    path = "/api/merchant/desk"
    tags = ("merchant desk",)
    guards = (requires(Scope.MERCHANT_DESK),)

    @get("/", operation_id="ownDesk", responses=problem_responses(*OWN))
    async def read(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> DeskView:
        """Return how the shop stands now."""
        return await own_desk(mobile, principal)

    @post(
        "/pause",
        operation_id="pauseShop",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "time-out-of-range"),
    )
    async def pause(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Pausing],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DeskView:
        """Take no new orders; those already placed go on. Residents see the reason."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await pause_own(mobile, principal, data, repeated)

    @post("/resume", operation_id="resumeShop", status_code=HTTP_200_OK, responses=problem_responses(*CHANGE))
    async def resume(
        self,
        request: Request[Any, Any, Any],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DeskView:
        """Take orders again."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await resume_own(mobile, principal, repeated)

    @post(
        "/busy",
        operation_id="busyShop",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "time-out-of-range"),
    )
    async def busy(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Busy],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DeskView:
        """Need longer for every order placed from now on; the promise says so. 0 minutes end it."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await busy_own(mobile, principal, data, repeated)

    @post(
        "/licence",
        operation_id="renewLicence",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "time-out-of-range"),
    )
    async def licence(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[Licence],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DeskView:
        """Put the food licence on record; without a good one a food shop takes no orders."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await renew_own(mobile, principal, data, repeated)

    @post(
        "/days",
        operation_id="keepHours",
        status_code=HTTP_200_OK,
        responses=problem_responses(*CHANGE, "time-out-of-range"),
    )
    async def days(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[HoursOfDay],
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        idempotency_key: IdempotencyKey = None,
    ) -> DeskView:
        """Keep other hours on one day, or the usual ones again."""
        repeated = await Repeated.of(request, principal, idempotency_key)
        return await hours_own(mobile, principal, data, repeated)
