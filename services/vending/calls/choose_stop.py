"""Where a vehicle that was called stops: near the caller, where it may, together with the neighbours. Pure.

What is weighed is metres: walking, plus what another stop would cost the vehicle. A stop at which neighbours
wait costs nothing more, so that calls nearby become one stop as long as nobody walks far for it.
"""

from collections.abc import Mapping, Sequence

import msgspec

from geofences.geo import distance_m
from services.places.place import Place

FARTHEST_WALK_M = 500.0
"""Nobody is sent farther on foot than this."""
NEW_STOP_M = 250.0
"""What a stop of its own counts, in metres of walking: neighbours within it share one."""
MOST_OPTIONS = 6
"""So many of the nearest are weighed and kept as the reason."""


class StopOption(msgspec.Struct, frozen=True, kw_only=True):
    """A stop as it was weighed: metres to walk, neighbours who wait there, what both add up to.

    ``refused`` is the word of the rule that forbids it, "" for one that may be chosen.
    """

    place_id: str
    name_zh: str
    name_en: str
    walk_m: float
    waiting: int
    cost_m: float
    refused: str = ""


def weigh_stops(
    places: Sequence[Place],
    lat: float,
    lng: float,
    *,
    waiting: Mapping[str, int],
    refused: Mapping[str, str],
) -> tuple[StopOption, ...]:
    """Return the nearest stops, the best first, those that may not be chosen last.

    ``waiting`` counts open calls by place id; ``refused`` says by place id which rule forbids to stop there
    (no_stopping, no_entry, outside_area, service_not_allowed).
    """
    near = sorted(
        ((distance_m(lat, lng, place.lat, place.lng), place) for place in places),
        key=lambda pair: (pair[0], pair[1].place_id),
    )
    options = [_option(place, walk_m, waiting, refused) for walk_m, place in near[:MOST_OPTIONS]]
    return tuple(sorted(options, key=lambda one: (bool(one.refused), one.cost_m, one.place_id)))


def chosen_stop(options: Sequence[StopOption]) -> StopOption | None:
    """Return the best stop that may be chosen, None when there is none within walking distance."""
    return next((option for option in options if not option.refused), None)


def _option(
    place: Place, walk_m: float, waiting: Mapping[str, int], refused: Mapping[str, str]
) -> StopOption:
    neighbours = waiting.get(place.place_id, 0)
    why = refused.get(place.place_id, "too_far" if walk_m > FARTHEST_WALK_M else "")
    return StopOption(
        place_id=place.place_id,
        name_zh=place.name_zh,
        name_en=place.name_en,
        walk_m=round(walk_m, 1),
        waiting=neighbours,
        cost_m=round(walk_m + (0.0 if neighbours else NEW_STOP_M), 1),
        refused=why,
    )
