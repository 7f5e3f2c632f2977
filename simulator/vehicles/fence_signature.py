"""Whether a fence set comes from the city: Ed25519 (RFC 8032) with the key that the vehicle was given."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from fleet.links.wire.commands import UpdateFences
from fleet.links.wire.fence_sets import signed_text
from simulator.issued import GivenVehicle


def is_signed(given: GivenVehicle, body: UpdateFences) -> bool:
    """Return whether the set is signed for this vehicle; a vehicle that was given no key takes any."""
    if not given.fence_key:
        return True
    text = signed_text(given.vehicle_no, body.fence_set_version, body.fences)
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(given.fence_key))
        key.verify(bytes.fromhex(body.signature), text)
    except (InvalidSignature, ValueError):
        return False
    return True
