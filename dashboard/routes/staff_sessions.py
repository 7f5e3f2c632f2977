"""Staff sign in and out; anybody signed in asks who they are."""

from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_204_NO_CONTENT
from msgspec import Struct

from core.auth.cookies import STAFF_COOKIE, ended_cookie, session_cookie
from core.auth.guards import public, requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.schemas import Digits, Me, Text, address_of, me
from core.auth.services import AuthServices
from core.problem_http import problem_responses


class StaffLogin(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """User name, password and the authenticator's six digits."""

    username: Text
    password: Text
    totp: Digits


class StaffSessions(Controller):
    """Sessions of the console and the city pages."""

    path = "/api"
    tags = ("sessions",)

    @post(
        "/staff/login",
        operation_id="staffLogin",
        status_code=HTTP_200_OK,
        guards=[public],
        responses=problem_responses(
            "invalid-input", "credentials-wrong", "origin-refused", "too-many-tries", "unavailable"
        ),
    )
    async def login(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[StaffLogin],
        auth: NamedDependency[AuthServices],
    ) -> Response[Me]:
        """Open a session and put it into the cookie; the same answer whatever was wrong."""
        signed_in = await auth.staff.sign_in(
            data.username,
            data.password,
            data.totp,
            address=address_of(request),
            shown=_shown(request),
        )
        secure = auth.rules.secure_cookies
        cookie = session_cookie(
            STAFF_COOKIE, signed_in.token.token, max_age_s=signed_in.max_age_s, secure=secure
        )
        return Response(me(signed_in.principal), cookies=[cookie])

    @post(
        "/staff/logout",
        operation_id="staffLogout",
        status_code=HTTP_204_NO_CONTENT,
        guards=[public],
        responses=problem_responses("origin-refused"),
    )
    async def logout(
        self,
        request: Request[Any, Any, Any],
        caller: NamedDependency[Principal | None],
        auth: NamedDependency[AuthServices],
    ) -> Response[None]:
        """End this browser's session; the same answer without one."""
        await auth.staff.sign_out(caller, _shown(request))
        return Response(None, cookies=[ended_cookie(STAFF_COOKIE, secure=auth.rules.secure_cookies)])

    @post(
        "/staff/logout-everywhere",
        operation_id="logoutEverywhere",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.SESSION_READ)],
        responses=problem_responses("not-authenticated", "forbidden"),
    )
    async def logout_everywhere(
        self, principal: NamedDependency[Principal], auth: NamedDependency[AuthServices]
    ) -> Response[dict[str, int]]:
        """End every session of the signed-in person, on all devices."""
        ended = await auth.staff.sign_out_everywhere(principal)
        return Response(
            {"ended": ended}, cookies=[ended_cookie(STAFF_COOKIE, secure=auth.rules.secure_cookies)]
        )

    @get(
        "/me",
        operation_id="me",
        guards=[requires(Scope.SESSION_READ)],
        responses=problem_responses("not-authenticated", "forbidden"),
        sync_to_thread=False,
    )
    def who_am_i(self, principal: NamedDependency[Principal]) -> Me:
        """Return who is signed in and what the role may do."""
        return me(principal)


def _shown(request: Request[Any, Any, Any]) -> tuple[str, ...]:
    token = request.cookies.get(STAFF_COOKIE)
    return (token,) if token else ()
