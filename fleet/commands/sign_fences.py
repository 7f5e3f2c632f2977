"""Signing fence sets, so that a vehicle takes none that did not come from its city."""

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from core.privacy.cipher import derive_key
from fleet.links.wire.commands import WireFence
from fleet.links.wire.fence_sets import signed_text


class FenceSigner:
    """Signs with Ed25519 (RFC 8032); the key is drawn from ``security.audit_key`` as the audit's is."""

    def __init__(self, audit_key: str) -> None:
        """Take the secret; the same secret gives the same key pair on every machine."""
        self._private = Ed25519PrivateKey.from_private_bytes(derive_key(audit_key.encode(), "fence sets"))
        self.public_key: str = self._private.public_key().public_bytes_raw().hex()
        """Hex of the 32 bytes that a vehicle is given with its other keys; they cannot sign."""

    def sign(self, vehicle_no: int, fence_set_version: int, fences: Iterable[WireFence]) -> str:
        """Return the hex of the 64-byte signature of one vehicle's set."""
        return self._private.sign(signed_text(vehicle_no, fence_set_version, fences)).hex()
