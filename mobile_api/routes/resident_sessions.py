"""Residents sign in with a code to their phone; a link opens one order without an account."""

from datetime import datetime
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED, HTTP_204_NO_CONTENT
from msgspec import Struct

from core.auth.cookies import LINK_COOKIE, RESIDENT_COOKIE, ended_cookie, session_cookie
from core.auth.guards import public, requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.auth.schemas import Digits, Me, Text, address_of, me
from core.auth.services import AuthServices
from core.problem_http import problem_responses

ORDER_PATH = "/api/resident/orders/"
"""Below it a link's cookie is sent, followed by its order: it shadows no other session."""


class AskForCode(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A phone number, written the way its owner writes it."""

    phone: Text


class CodeSent(Struct, frozen=True, kw_only=True, rename="camel"):
    """The same for every phone: a code is on its way, or was within the minute."""

    resend_after_s: int


class ResidentLogin(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The phone and the code that was sent to it."""

    phone: Text
    code: Digits


class OpenLink(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The token of an order's link."""

    token: Text


class LinkOpened(Struct, frozen=True, kw_only=True, rename="camel"):
    """The order that the link is good for."""

    order_id: str
    expires_at: datetime


class ResidentSessions(Controller):
    """Sessions of the phone page."""

    path = "/api"
    tags = ("sessions",)

    @post(
        "/residents/codes",
        operation_id="askForCode",
        status_code=HTTP_202_ACCEPTED,
        guards=[public],
        responses=problem_responses("invalid-input", "origin-refused", "too-many-tries", "unavailable"),
    )
    async def codes(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[AskForCode],
        auth: NamedDependency[AuthServices],
    ) -> CodeSent:
        """Send a one-time code to a phone, whoever it belongs to."""
        return CodeSent(
            resend_after_s=await auth.residents.send_code(data.phone, address=address_of(request))
        )

    @post(
        "/residents/login",
        operation_id="residentLogin",
        status_code=HTTP_200_OK,
        guards=[public],
        responses=problem_responses(
            "invalid-input", "credentials-wrong", "origin-refused", "too-many-tries", "unavailable"
        ),
    )
    async def login(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[ResidentLogin],
        auth: NamedDependency[AuthServices],
    ) -> Response[Me]:
        """Open a session and put it into the cookie."""
        signed_in = await auth.residents.sign_in(
            data.phone,
            data.code,
            address=address_of(request),
            shown=_shown(request, RESIDENT_COOKIE),
        )
        secure = auth.rules.secure_cookies
        cookie = session_cookie(
            RESIDENT_COOKIE, signed_in.token.token, max_age_s=signed_in.max_age_s, secure=secure
        )
        return Response(me(signed_in.principal), cookies=[cookie])

    @post(
        "/residents/logout",
        operation_id="residentLogout",
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
        await auth.residents.sign_out(caller, _shown(request, RESIDENT_COOKIE))
        return Response(None, cookies=[ended_cookie(RESIDENT_COOKIE, secure=auth.rules.secure_cookies)])

    @get(
        "/residents/me",
        operation_id="residentMe",
        guards=[requires(Scope.ORDERS_PLACE)],
        responses=problem_responses("not-authenticated", "forbidden"),
        sync_to_thread=False,
    )
    def who_am_i(self, principal: NamedDependency[Principal]) -> Me:
        """Return the resident who is signed in, also when the same browser shows the console."""
        return me(principal)

    @post(
        "/links/session",
        operation_id="openLink",
        status_code=HTTP_200_OK,
        guards=[public],
        responses=problem_responses("invalid-input", "token-invalid", "origin-refused", "unavailable"),
    )
    async def open_link(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[OpenLink],
        caller: NamedDependency[Principal | None],
        auth: NamedDependency[AuthServices],
    ) -> Response[LinkOpened]:
        """Open the session of an order's link; its cookie is sent for that order only."""
        link = await auth.open_link(data.token, holder=caller, shown=_shown(request, LINK_COOKIE))
        answer = LinkOpened(order_id=link.order, expires_at=link.expires_at)
        if link.session is None:
            return Response(answer)
        cookie = session_cookie(
            LINK_COOKIE,
            link.session.token.token,
            max_age_s=link.session.max_age_s,
            secure=auth.rules.secure_cookies,
            path=f"{ORDER_PATH}{link.order}",
        )
        return Response(answer, cookies=[cookie])


def _shown(request: Request[Any, Any, Any], name: str) -> tuple[str, ...]:
    token = request.cookies.get(name)
    return (token,) if token else ()
