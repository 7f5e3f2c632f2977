"""What the city issued to those whom the simulator plays: vehicles, makers, merchants, staff.

The file is written when the city is loaded and only its owner reads it. It holds nothing of the platform's
inside: a maker knows its own vehicles, a merchant its token, a person a password. Fields that are not
needed here are ignored.
"""

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta


class _Issued(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape."""


class IssuedBox(_Issued, frozen=True, kw_only=True):
    """A compartment, by the number that the wire uses."""

    number: int


class GivenVehicle(_Issued, frozen=True, kw_only=True):
    """One vehicle: what its maker built and where it was parked when it was handed over."""

    vehicle_no: Annotated[int, Meta(ge=1, le=4_294_967_295)]
    code: str
    maker: str
    service: str
    district: str
    lat: Annotated[float, Meta(ge=-90, le=90)]
    lng: Annotated[float, Meta(ge=-180, le=180)]
    heading_deg: float = 0.0
    top_speed_kmh: Annotated[float, Meta(gt=0, le=60)] = 20.0
    battery_wh: Annotated[float, Meta(gt=0)] = 12_000.0
    consumption_wh_km: Annotated[float, Meta(gt=0)] = 90.0
    """At 20 °C, accessories included."""
    boxes: tuple[IssuedBox, ...] = ()
    software: str = ""
    keypad_key: str
    """Hex of the key that the keypad checks codes with; a secret."""
    fence_key: str = ""
    """Hex of the city's public key: no fence set without its signature is taken. Empty: none was given."""

    @property
    def top_speed_mps(self) -> float:
        """The fastest it drives."""
        return self.top_speed_kmh / 3.6

    @property
    def compartments(self) -> int:
        """How many boxes it has, numbered from 1."""
        return len(self.boxes)


class GivenMaker(_Issued, frozen=True, kw_only=True):
    """A maker's credential at the gateway."""

    maker: str
    key_id: str
    secret: str


class GivenMerchant(_Issued, frozen=True, kw_only=True):
    """A shop with its bearer token of the merchant API."""

    merchant: str
    district: str
    name: str = ""
    token: str


class GivenStaff(_Issued, frozen=True, kw_only=True):
    """Somebody who works with the console."""

    username: str
    role: str
    password: str
    totp_secret: str
    """Base32 of the authenticator's secret (RFC 6238: 30 s, 6 digits, SHA-1)."""


class Issued(_Issued, frozen=True, kw_only=True):
    """Everybody."""

    vehicles: tuple[GivenVehicle, ...] = ()
    makers: tuple[GivenMaker, ...] = ()
    merchants: tuple[GivenMerchant, ...] = ()
    staff: tuple[GivenStaff, ...] = ()

    def districts(self, service: str = "delivery") -> tuple[str, ...]:
        """Return the 旗区 in which vehicles of a service work, sorted."""
        return tuple(sorted({v.district for v in self.vehicles if v.service == service}))


class IssuedError(ValueError):
    """The file is not there or not what it should be; the message says which and where."""


def read_issued(path: Path) -> Issued:
    """Return what a file holds. Raises IssuedError naming the file and the field at fault."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Issued)
    except OSError as error:
        raise IssuedError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise IssuedError(f"{path}: {error}") from error


def first_vehicles(issued: Issued, count: int) -> Issued:
    """Return the same with ``count`` of its vehicles, spread evenly over the list and so over the towns."""
    if count >= len(issued.vehicles):
        return issued
    step = len(issued.vehicles) / max(1, count)
    chosen = tuple(issued.vehicles[int(number * step)] for number in range(count))
    return msgspec.structs.replace(issued, vehicles=chosen)
