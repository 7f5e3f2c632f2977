"""What a connection shows to prove who it is, before anybody believes it."""

from typing import Protocol

from msgspec import Struct

from core.auth.principal import Principal


class Credentials(Struct, frozen=True, kw_only=True):
    """What a connection showed: at most one bearer token, else session tokens, the strongest claim first."""

    bearer: str | None
    sessions: tuple[str, ...]


class Identify(Protocol):
    """Whatever knows tokens: sessions in SQL for the api, signed tokens for the gateway."""

    async def __call__(self, credentials: Credentials) -> Principal:
        """Return who showed the credentials; raise Unauthenticated with the reason when nobody did."""
        ...
