"""The key by which one vehicle's keypad checks codes without a network."""

from core.ids import VehicleNo
from core.privacy.cipher import derive_key


def keypad_key(root: str, vehicle_no: VehicleNo) -> bytes:
    """Return the 32-byte keypad key of a vehicle, drawn from ``security.keypad_key`` by HKDF (RFC 5869).

    It is given to the vehicle with its credential; the platform draws it again whenever it writes verifiers.
    """
    return derive_key(root.encode(), f"keypad:{vehicle_no}")
