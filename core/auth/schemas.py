"""What the log-in routes of every surface say and hear."""

from datetime import datetime
from typing import Annotated, Any

from litestar.connection import ASGIConnection
from msgspec import Meta, Struct

from core.auth.principal import ROLE_SCOPES, Principal


class Me(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is signed in; a page shows and hides its parts by `scopes`, the server decides again each time."""

    kind: str
    id: str
    name: str
    role: str
    scopes: tuple[str, ...]
    agency: str | None
    operator: str | None
    districts: tuple[str, ...] | None
    """null is the whole city."""
    merchant: str | None
    order_id: str | None
    expires_at: datetime


Text = Annotated[str, Meta(min_length=1, max_length=128)]
Digits = Annotated[str, Meta(min_length=1, max_length=16)]


def me(principal: Principal) -> Me:
    """Return how a principal is shown to itself."""
    return Me(
        kind=principal.kind,
        id=principal.id,
        name=principal.name,
        role=principal.role.value,
        scopes=tuple(sorted(scope.value for scope in ROLE_SCOPES[principal.role])),
        agency=principal.agency,
        operator=principal.operator,
        districts=None if principal.districts is None else tuple(sorted(principal.districts)),
        merchant=principal.merchant,
        order_id=principal.order,
        expires_at=principal.expires_at,
    )


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """Return the client's network address; ``unknown`` on a local socket. The server trusts its proxy."""
    return connection.client.host if connection.client else "unknown"
