"""Compartments of a delivery vehicle, what an order asks of one, and which one takes it."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

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


class BoxRefusal(StrEnum):
    """Why a box cannot take a parcel."""

    NO_SUCH_BOX = "no_such_box"
    TAKEN = "taken"
    WRONG_TEMPERATURE = "wrong_temperature"
    TOO_SMALL = "too_small"
    TOO_HEAVY = "too_heavy"


BOX_REFUSAL_NAMES: Mapping[BoxRefusal, tuple[str, str]] = MappingProxyType(
    {
        BoxRefusal.NO_SUCH_BOX: ("车上没有这个货格", "the vehicle has no such compartment"),
        BoxRefusal.TAKEN: ("货格里有别的订单", "another order is in it"),
        BoxRefusal.WRONG_TEMPERATURE: ("温度不合适", "it does not keep the temperature"),
        BoxRefusal.TOO_SMALL: ("货格太小", "it is too small"),
        BoxRefusal.TOO_HEAVY: ("超过货格承重", "the goods are too heavy for it"),
    }
)
"""(zh, en) of every refusal."""


def box_refusal(
    layout: Sequence[Compartment], number: int, taken: Iterable[int], parcel: Parcel
) -> BoxRefusal | None:
    """Return why the box of that number cannot take the parcel, None when it can."""
    box = next((each for each in layout if each.number == number), None)
    if box is None:
        return BoxRefusal.NO_SUCH_BOX
    if number in frozenset(taken):
        return BoxRefusal.TAKEN
    if parcel.temperature not in (Temperature.AMBIENT, box.temperature):
        return BoxRefusal.WRONG_TEMPERATURE
    if box.litres < parcel.litres:
        return BoxRefusal.TOO_SMALL
    return BoxRefusal.TOO_HEAVY if box.max_kg < parcel.mass_kg else None
