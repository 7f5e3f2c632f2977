"""What a city pack says may not be sold unattended, as the shops' service knows it."""

import msgspec

from services.merchants.forbidden import Forbidden
from steppe.city.pack import CityPack


def forbidden_of(pack: CityPack) -> list[Forbidden]:
    """Return the rules of a pack."""
    return [msgspec.convert(rule, Forbidden, from_attributes=True) for rule in pack.forbidden]
