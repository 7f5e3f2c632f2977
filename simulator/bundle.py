"""What the simulator is given: who exists, what they can do, and the credentials the city issued to them.

One JSON file (camelCase, mode 0600) made by whoever loads the city. It holds nothing of the platform's
inside: a maker knows its own vehicles, a merchant its token, a person a phone or a password.
"""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

Latitude = Annotated[float, Meta(ge=-90, le=90)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]


class _Given(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Common shape: ours on both sides, so an unknown field is a mistake."""


class GivenVehicle(_Given, frozen=True, kw_only=True):
    """One vehicle: what its maker built and where it was parked when it was handed over."""

    vehicle_no: Annotated[int, Meta(ge=1, le=4_294_967_295)]
    code: str
    maker_id: str
    service: str
    district: str
    lat: Latitude
    lng: Longitude
    heading_deg: float = 0.0
    top_speed_mps: Annotated[float, Meta(gt=0, le=20)] = 6.0
    battery_wh: Annotated[float, Meta(gt=0)] = 12_000.0
    consumption_wh_km: Annotated[float, Meta(gt=0)] = 90.0
    """At 20 °C, accessories included."""
    compartments: Annotated[int, Meta(ge=0, le=16)] = 0
    software: str = ""
    keypad_key: str
    """Hex of the key that the keypad checks codes with; a secret."""


class GivenMaker(_Given, frozen=True, kw_only=True):
    """A maker's credential at the gateway."""

    maker_id: str
    key_id: str
    secret: str


class GivenMerchant(_Given, frozen=True, kw_only=True):
    """A shop with its bearer token of the merchant API."""

    merchant_id: str
    token: str
    name: str = ""
    district: str = ""


class GivenResident(_Given, frozen=True, kw_only=True):
    """Somebody with a phone who lives in a town."""

    phone: str
    district: str


class GivenOperator(_Given, frozen=True, kw_only=True):
    """A remote safety operator's account."""

    username: str
    password: str
    totp_secret: str
    """Base32 (RFC 4648) of the authenticator's secret (RFC 6238, 30 s, 6 digits, SHA-1)."""


class Bundle(_Given, frozen=True, kw_only=True):
    """Everybody."""

    vehicles: tuple[GivenVehicle, ...] = ()
    makers: tuple[GivenMaker, ...] = ()
    merchants: tuple[GivenMerchant, ...] = ()
    residents: tuple[GivenResident, ...] = ()
    operators: tuple[GivenOperator, ...] = ()
    utc_offset_h: float = 8.0
    """The city's clock on the wall, for daily rhythms."""


class BundleError(ValueError):
    """The file is not there or not a bundle; the message says which and where."""


def read_bundle(path: Path) -> Bundle:
    """Return the bundle in a file. Raises BundleError naming the file and the field at fault."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Bundle)
    except OSError as error:
        raise BundleError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BundleError(f"{path}: {error}") from error


def write_bundle(path: Path, bundle: Bundle) -> None:
    """Write a bundle so that only its owner reads it; a reader sees the old or the new one, never half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.touch(mode=0o600)
    part.chmod(0o600)
    part.write_bytes(msgspec.json.format(msgspec.json.encode(bundle), indent=1))
    part.replace(path)


def first_vehicles(bundle: Bundle, count: int) -> Bundle:
    """Return the bundle with ``count`` of its vehicles, spread over services and districts in their ratio."""
    if count >= len(bundle.vehicles):
        return bundle
    step = len(bundle.vehicles) / count
    chosen = tuple(bundle.vehicles[int(number * step)] for number in range(count))
    return msgspec.structs.replace(bundle, vehicles=chosen)
