"""Keys, tokens and log-ins that a load handed out, kept in one file that only its owner can read.

The database holds hashes, so what is handed out is told once. The file is the telling: a demonstration
reads its log-ins and its simulator reads its credentials from it. A production city loads without it.
Imports nothing heavy: whoever only reads the file pays for no city.
"""

import os
from pathlib import Path
from typing import Final

import msgspec

FILE: Final = "issued.json"


class StaffLogIn(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How one member of staff logs in; ``totp_secret`` is base32."""

    username: str
    name: str
    role: str
    password: str
    totp_secret: str
    agency: str | None = None
    operator: str | None = None
    districts: tuple[str, ...] = ()


class MakerKey(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A maker's key to the gateway."""

    maker: str
    key_id: str
    secret: str


class MerchantToken(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A merchant's bearer token for the api."""

    merchant: str
    district: str
    name: str
    token: str


class IssuedBox(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A compartment as its maker built it."""

    number: int
    label: str
    litres: float
    max_kg: float
    temperature: str


class IssuedVehicle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a vehicle leaves the works with: who it is, what it can do, its key, where it was parked."""

    vehicle_no: int
    code: str
    service: str
    district: str
    maker: str
    model: str
    software: str
    top_speed_kmh: int
    battery_wh: float
    consumption_wh_km: float
    keypad_key: str
    """Lower-case hex of 32 bytes; it checks pickup codes without a network."""
    fence_key: str = ""
    """Lower-case hex of the city's public key; it checks fence sets."""
    lat: float
    lng: float
    heading_deg: float
    boxes: tuple[IssuedBox, ...] = ()
    is_demo: bool = False


class Issued(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything handed out."""

    city: str
    staff: tuple[StaffLogIn, ...] = ()
    makers: tuple[MakerKey, ...] = ()
    merchants: tuple[MerchantToken, ...] = ()
    vehicles: tuple[IssuedVehicle, ...] = ()


def tried_shop(issued: Issued) -> MerchantToken | None:
    """Return the shop of a demo whose page is meant to be tried: the last of the first town, None for a town
    with one."""
    shops = [each for each in issued.merchants if each.district == issued.merchants[0].district]
    return shops[-1] if len(shops) > 1 else None


def read_issued(data_dir: Path) -> Issued | None:
    """Return what was handed out by earlier loads into this data_dir; None before the first."""
    try:
        return msgspec.json.decode((data_dir / FILE).read_bytes(), type=Issued)
    except FileNotFoundError:
        return None


def write_issued(data_dir: Path, issued: Issued) -> Path:
    """Write the file whole and readable by its owner only, and return its path."""
    path = data_dir / FILE
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(issued)))
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
    return path
