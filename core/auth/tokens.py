"""Opaque tokens: 256 random bits that only their holder knows; we keep the hash."""

import hashlib
import secrets

from msgspec import Struct

_BYTES = 32


class NewToken(Struct, frozen=True, kw_only=True):
    """A token on its way to its holder, shown once, and the hash that is kept."""

    token: str
    token_hash: str

    def __repr__(self) -> str:
        return f"NewToken(token_hash={self.token_hash[:8]}…)"


def new_token(prefix: str) -> NewToken:
    """Return a fresh token; the prefix (``st``, ``re``, ``li``, ``mk``, ``api``) names its table."""
    token = f"{prefix}_{secrets.token_urlsafe(_BYTES)}"
    return NewToken(token=token, token_hash=token_hash(token))


def derived_token(prefix: str, digest: str) -> NewToken:
    """Return the token that the same request has each time it is sent; ``digest`` is 256 bits under a key of
    ours."""
    token = f"{prefix}_{digest}"
    return NewToken(token=token, token_hash=token_hash(token))


def token_hash(token: str) -> str:
    """Return the hex SHA-256 of a token. No salt or stretching: nobody guesses 256 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def prefix_of(token: str) -> str:
    """Return the prefix of a token, empty without one."""
    return token.partition("_")[0] if "_" in token else ""
