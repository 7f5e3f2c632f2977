"""Compartments of a delivery vehicle, what an order asks of one, and which one takes it."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec


class Temperature(StrEnum):
    """The band a compartment keeps and goods need."""

    AMBIENT = "ambient"
    CHILLED = "chilled"
    WARM = "warm"


class Compartment(msgspec.Struct, frozen=True, kw_only=True):
    """One lockable box of a vehicle: its number on the wire, what is printed on its door, what it takes."""

    number: int
    label: str
    litres: float
    max_kg: float
    temperature: Temperature = Temperature.AMBIENT


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """What an order asks of a compartment. ``temperature`` ambient means that any band will do."""

    litres: float
    mass_kg: float
    temperature: Temperature = Temperature.AMBIENT


def common_band(bands: Iterable[Temperature]) -> Temperature | None:
    """Return the band in which goods of all these bands can ride, or None when chilled meets warm.

    Ambient goods ride in any band. Nothing at all gives ambient.
    """
    special = frozenset(bands) - {Temperature.AMBIENT}
    if len(special) > 1:
        return None
    return next(iter(special), Temperature.AMBIENT)


def takes(box: Compartment, parcel: Parcel) -> bool:
    """Return whether the empty box takes the parcel by volume, weight and temperature."""
    is_band_right = parcel.temperature in (Temperature.AMBIENT, box.temperature)
    return is_band_right and box.litres >= parcel.litres and box.max_kg >= parcel.mass_kg


def fitting(layout: Sequence[Compartment], taken: Iterable[int], parcel: Parcel) -> Compartment | None:
    """Return the free box that takes the parcel and wastes least, or None.

    A box of the band asked for comes before another band, then the smaller, then the lower number.
    """
    busy = frozenset(taken)
    free = [box for box in layout if box.number not in busy and takes(box, parcel)]
    return min(
        free,
        key=lambda box: (box.temperature is not parcel.temperature, box.litres, box.number),
        default=None,
    )
