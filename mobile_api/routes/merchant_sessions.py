"""A merchant's page is opened with the shop's token, which the browser then no longer needs to hold."""

from typing import Any

from litestar import Controller, Request, Response, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT

from core.auth.cookies import MERCHANT_COOKIE, ended_cookie, session_cookie
from core.auth.guards import public
from core.auth.schemas import Me, me
from core.auth.services import AuthServices
from core.problem_http import problem_responses
from mobile_api.schemas.desk import OpenPage


class MerchantSessions(Controller):
    """Sessions of the merchant page."""

    path = "/api/merchant"
    tags = ("sessions",)

    @post(
        "/session",
        operation_id="openMerchantPage",
        status_code=HTTP_200_OK,
        guards=[public],
        responses=problem_responses(
            "invalid-input", "token-invalid", "token-expired", "origin-refused", "unavailable"
        ),
    )
    async def open_page(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[OpenPage],
        auth: NamedDependency[AuthServices],
    ) -> Response[Me]:
        """Open a session of the shop whose token this is and put it into the cookie."""
        signed_in = await auth.open_merchant_page(data.token.strip(), shown=_shown(request))
        secure = auth.rules.secure_cookies
        token, max_age_s = signed_in.token.token, signed_in.max_age_s
        cookie = session_cookie(MERCHANT_COOKIE, token, max_age_s=max_age_s, secure=secure)
        return Response(me(signed_in.principal), cookies=[cookie])

    @post(
        "/logout",
        operation_id="merchantLogout",
        status_code=HTTP_204_NO_CONTENT,
        guards=[public],
        responses=problem_responses("origin-refused"),
    )
    async def logout(
        self, request: Request[Any, Any, Any], auth: NamedDependency[AuthServices]
    ) -> Response[None]:
        """End this browser's session; the same answer without one."""
        await auth.end_session(_shown(request))
        return Response(None, cookies=[ended_cookie(MERCHANT_COOKIE, secure=auth.rules.secure_cookies)])


def _shown(request: Request[Any, Any, Any]) -> tuple[str, ...]:
    token = request.cookies.get(MERCHANT_COOKIE)
    return (token,) if token else ()
