"""The chargers of a built city as dispatch reserves them; synthetic as the towns are."""

from services.charging.charger import Charger, ChargerKind
from services.charging.need import CHARGER_W
from steppe.city.build import CityBuild

SWAP_SLOTS = 2
SWAP_S = 300.0
"""A pack is changed in five minutes. Ours, as the number of slots."""
RACK_W = 20_000.0
"""What the racks of a swap station take for the packs they hold."""


def chargers_of(build: CityBuild) -> list[Charger]:
    """Return every charger: plugs with the bays of their place, the last of a town a swap station."""
    found = []
    for town in build.towns:
        places = town.of_kind("charger")
        for place in places:
            is_swap = len(places) > 1 and place is places[-1]
            found.append(
                Charger(
                    place_id=place.place_id,
                    district=town.district,
                    kind=ChargerKind.SWAP if is_swap else ChargerKind.PLUG,
                    slots=min(SWAP_SLOTS, place.capacity) if is_swap else place.capacity,
                    power_w=RACK_W if is_swap else CHARGER_W,
                    swap_s=SWAP_S if is_swap else 0.0,
                )
            )
    return found
