"""A maker's cloud or a device shows its key and gets a token for the link. Imports nothing of people."""

from typing import Annotated, Any

from litestar import Request, Router, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from core.auth.guards import public
from core.auth.token_exchange import TokenExchange
from core.problem_http import problem_responses

KeyText = Annotated[str, Meta(min_length=1, max_length=128)]


class AskForToken(Struct, frozen=True, kw_only=True, rename="camel"):
    """A key's id and secret. Unknown fields are let pass: older firmware may send more."""

    key_id: KeyText
    secret: KeyText


class TokenGiven(Struct, frozen=True, kw_only=True, rename="camel"):
    """A bearer token and the seconds until it ends; ask again a minute before."""

    token: str
    token_type: str
    expires_in_s: int


@post(
    "/v1/tokens",
    operation_id="askForToken",
    status_code=HTTP_200_OK,
    guards=[public],
    tags=["link"],
    responses=problem_responses("invalid-input", "credentials-wrong", "too-many-tries", "unavailable"),
)
async def ask_for_token(
    request: Request[Any, Any, Any],
    data: JSONBody[AskForToken],
    token_exchange: NamedDependency[TokenExchange],
) -> TokenGiven:
    """Exchange a key for a token of a few minutes."""
    address = request.client.host if request.client else "unknown"
    token, life_s = await token_exchange.exchange(data.key_id, data.secret, address=address)
    return TokenGiven(token=token, token_type="Bearer", expires_in_s=life_s)  # noqa: S106 - a scheme's name


def token_routes(exchange: TokenExchange) -> Router:
    """Return POST /v1/tokens over an exchange, for the app of a gateway."""

    def provide() -> TokenExchange:
        return exchange

    return Router(
        path="/",
        route_handlers=[ask_for_token],
        dependencies={"token_exchange": Provide(provide, sync_to_thread=False)},
    )
