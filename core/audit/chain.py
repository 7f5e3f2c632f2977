"""The arithmetic of the chain: what is hashed, in which order, and how a head is signed. Pure.

An entry's hash is SHA-256 over its canonical JSON (an array in the order of the columns, keys of objects
sorted, moments in UTC with microseconds). The chain's is SHA-256 over the previous chain hash, the number and
the entry's hash, so that an entry can be neither changed, nor removed, nor moved without all later ones.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from core.privacy.cipher import derive_key

GENESIS = bytes(32)
"""What stands before the first entry."""


class Entry(Struct, frozen=True, kw_only=True):
    """One entry of the audit, as it was recorded."""

    id: str
    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    role: str
    agency: str | None
    operator: str | None
    action: str
    object: str
    fields: dict[str, Any]
    reason: str | None


def entry_hash(entry: Entry) -> bytes:
    """Return the 32 bytes that stand for an entry."""
    values = [getattr(entry, name) for name in entry.__struct_fields__]
    values[1] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(msgspec.json.encode(values, order="deterministic")).digest()


def chain_hash(previous: bytes, seq: int, hash_of_entry: bytes) -> bytes:
    """Return the 32 bytes of the chain up to number `seq`."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + hash_of_entry).digest()


def signed_bytes(day: str, seq: int, chain: bytes) -> bytes:
    """Return what is signed for the head of a day (``2026-07-01``, UTC)."""
    return b"steppe audit head\n" + f"{day}\n{seq}\n{chain.hex()}\n".encode()


class HeadSigner:
    """Signs daily heads with Ed25519 (RFC 8032); the key is drawn from ``security.audit_key``."""

    def __init__(self, audit_key: str) -> None:
        """Take the secret; the same secret gives the same key pair on every machine."""
        self._private = Ed25519PrivateKey.from_private_bytes(derive_key(audit_key.encode(), "audit head"))
        self.public_key: bytes = self._private.public_key().public_bytes_raw()
        """32 bytes to give to whoever verifies; it cannot sign."""

    def sign(self, day: str, seq: int, chain: bytes) -> bytes:
        """Return the 64-byte signature of a day's head."""
        return self._private.sign(signed_bytes(day, seq, chain))


def is_signed_by(public_key: bytes, signature: bytes, day: str, seq: int, chain: bytes) -> bool:
    """Return whether a head carries the signature of this key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, signed_bytes(day, seq, chain))
    except (InvalidSignature, ValueError):
        return False
    return True
