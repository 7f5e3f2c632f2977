"""What is kept of a resident: hers to read, to take away, and to have removed."""

from litestar import Controller, Response, delete, get
from litestar.datastructures import ResponseHeader
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_204_NO_CONTENT

from core.auth.cookies import RESIDENT_COOKIE, ended_cookie
from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.problem_http import problem_responses
from mobile_api.own_data import leave_city, own_data
from mobile_api.parts import MobileParts
from mobile_api.schemas.own_data import OwnData

READS = ("not-authenticated", "forbidden", "database-unavailable")


class ResidentData(Controller):
    """One's own data."""

    path = "/api/resident/data"
    tags = ("resident data",)
    guards = (requires(Scope.ORDERS_PLACE),)

    @get(
        "/",
        operation_id="ownData",
        responses=problem_responses(*READS),
        response_headers=[
            ResponseHeader(name="Content-Disposition", value='attachment; filename="steppe-data.json"')
        ],
    )
    async def read(
        self, principal: NamedDependency[Principal], mobile: NamedDependency[MobileParts]
    ) -> OwnData:
        """Return everything that is kept of oneself, as a file."""
        return await own_data(mobile, principal)

    @delete(
        "/",
        operation_id="leaveCity",
        status_code=HTTP_204_NO_CONTENT,
        responses=problem_responses(*READS, "origin-refused", "resident-has-open", "database-busy"),
    )
    async def erase(
        self,
        principal: NamedDependency[Principal],
        mobile: NamedDependency[MobileParts],
        auth: NamedDependency[AuthServices],
    ) -> Response[None]:
        """Remove who one is; refused while something of one's own is open. The session ends with it."""
        await leave_city(mobile, principal)
        return Response(None, cookies=[ended_cookie(RESIDENT_COOKIE, secure=auth.rules.secure_cookies)])
