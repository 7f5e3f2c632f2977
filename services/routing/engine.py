"""Routes from Valhalla inside this process. Only a worker, the scheduler and city load import it."""

import asyncio
import json
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import valhalla

from core.errors import Conflict, Unavailable
from geofences.fences import Area
from geofences.geo import distance_m
from services.routing.limits import SlowZone, SlowZones, drive_s, spans_of
from services.routing.polyline import decode, metres_along
from services.routing.route import SLOW_VEHICLE, GeoPoint, Matrix, Route, Snapped, Vehicle
from services.routing.tiles import actor_config

KMH: Final = 1 / 3.6
NEAREST_ROAD_M: Final = 150
"""A place farther than this from any road cannot be reached; a compound's middle is within 100 m of its
lane."""
PREFERENCES: Final = MappingProxyType(
    {
        "service_penalty": 0,
        "service_factor": 1,
        "alley_factor": 1,
        "destination_only_penalty": 0,
        "private_access_penalty": 0,
        "gate_penalty": 0,
        "gate_cost": 5,
        "maneuver_penalty": 3,
        "use_highways": 0.2,
        "use_tolls": 0,
        "use_ferry": 0,
    }
)
"""Costing of a slow vehicle: lanes inside compounds are its daily way, fast roads are not."""
MOST_LEGS: Final = 4_000
"""Legs remembered, the longest unused forgotten first: some kilobytes each. Shops, doors, depots and stops of
rounds stay where they are, so that only the way from where a vehicle stands is new."""
NO_ROUTE: Final = frozenset({154, 170, 171, 442, 443, 444})
"""Valhalla's codes for: too far, not connected, no road near, no path (valhalla docs, api/turn-by-turn)."""


class Router:
    """Valhalla over one folder of tiles. Not for two threads at once; ``RouteEngine`` keeps it on one."""

    def __init__(self, tiles: Path, slow_zones: Sequence[SlowZone] = ()) -> None:
        # a file of our own, because Valhalla leaves the one that it makes for a dict in /tmp
        with tempfile.NamedTemporaryFile("w", suffix=".json") as config:
            json.dump(actor_config(tiles), config)
            config.flush()
            self._actor = valhalla.Actor(Path(config.name))
        self._slow_zones = SlowZones(slow_zones)
        self._known: OrderedDict[tuple[GeoPoint, GeoPoint, Vehicle], Route] = OrderedDict()
        self._known_around: Sequence[Area] = ()

    def use_slow_zones(self, zones: SlowZones) -> None:
        """Take other slow zones; legs asked for afterwards obey them."""
        self._slow_zones = zones
        self._known.clear()

    def legs(
        self, places: Sequence[GeoPoint], *, vehicle: Vehicle = SLOW_VEHICLE, closed: Sequence[Area] = ()
    ) -> tuple[Route, ...]:
        """Return the legs through places in order, as ``Routes.legs`` says."""
        if closed is not self._known_around and closed != self._known_around:
            self._known.clear()
        self._known_around = closed
        return tuple(self._remembered(pair, vehicle, closed) for pair in pairwise(places))

    def matrix(
        self,
        sources: Sequence[GeoPoint],
        targets: Sequence[GeoPoint],
        *,
        vehicle: Vehicle = SLOW_VEHICLE,
        closed: Sequence[Area] = (),
    ) -> Matrix:
        """Return the times and distances of every pair, as ``Routes.matrix`` says."""
        if not sources or not targets:
            return Matrix(duration_s=tuple(() for _ in sources), length_m=tuple(() for _ in sources))
        question = {
            **_costing(vehicle, closed),
            "sources": [_location(place) for place in sources],
            "targets": [_location(place) for place in targets],
            "verbose": False,
        }
        answer = self._ask(self._actor.matrix, question, [*sources, *targets])["sources_to_targets"]
        kilometres = answer["distances"]
        return Matrix(
            duration_s=tuple(tuple(row) for row in answer["durations"]),
            length_m=tuple(tuple(None if km is None else km * 1000 for km in row) for row in kilometres),
        )

    def snap(self, place: GeoPoint, *, vehicle: Vehicle = SLOW_VEHICLE) -> Snapped:
        """Return the nearest point on a road, as ``Routes.snap`` says."""
        question = {**_costing(vehicle, ()), "locations": [_location(place)], "verbose": True}
        found = self._ask(self._actor.locate, question, [place])[0].get("edges") or []
        if not found:
            raise _no_route([place], "no road is near", place=0)
        best = min(found, key=lambda edge: edge["distance"])
        names = best.get("edge_info", {}).get("names") or [""]
        return Snapped(
            lat=best["correlated_lat"],
            lng=best["correlated_lon"],
            distance_m=distance_m(place.lat, place.lng, best["correlated_lat"], best["correlated_lon"]),
            road=names[0],
        )

    def _remembered(self, ends: tuple[GeoPoint, GeoPoint], vehicle: Vehicle, closed: Sequence[Area]) -> Route:
        """Return a leg around the areas closed now; one without a way is asked for again each time."""
        key = (*ends, vehicle)
        route = self._known.get(key)
        if route is None:
            route = self._known[key] = self._leg(ends, vehicle, closed)
            if len(self._known) > MOST_LEGS:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return route

    def _leg(self, ends: tuple[GeoPoint, GeoPoint], vehicle: Vehicle, closed: Sequence[Area]) -> Route:
        question = {
            **_costing(vehicle, closed),
            "locations": [_location(place) for place in ends],
            "format": "osrm",
            "shape_format": "polyline6",
            "directions_type": "none",
            "filters": {"action": "include", "attributes": ["shape_attributes.speed_limit"]},
        }
        answer = self._ask(self._actor.route, question, ends)["routes"][0]
        points = decode(answer["geometry"])
        metres = metres_along(points)
        own = vehicle.top_speed_kmh
        posted = answer["legs"][0]["annotation"]["maxspeed"]
        roads = spans_of(metres.tolist(), [min(own, limit.get("speed", own)) * KMH for limit in posted])
        limits = self._slow_zones.applied_to(points, roads)
        return Route(
            polyline6=answer["geometry"],
            length_m=float(metres[-1]),
            duration_s=round(answer["duration"] + drive_s(limits) - drive_s(roads), 2),
            limits=limits,
        )

    def _ask(
        self, ask: Callable[[dict[str, Any]], Any], question: dict[str, Any], places: Sequence[GeoPoint]
    ) -> Any:
        try:
            return ask(question)
        except valhalla.ValhallaError as error:
            if error.code in NO_ROUTE:
                raise self._explained(error.code, places, question) from error
            raise Unavailable("routing-unavailable", f"Valhalla: {error.message} ({error.code})") from error

    def _explained(self, code: int, places: Sequence[GeoPoint], question: dict[str, Any]) -> Conflict:
        """Return the error that names the first place without a road near, or the pair without a way."""
        for index, place in enumerate(places):
            located = self._actor.locate({**question, "locations": [_location(place)], "verbose": False})
            if not located[0].get("edges"):
                return _no_route(places, "no road is near", place=index)
        reason = "the way is too long" if code == 154 else "no road leads there"
        return _no_route(places, reason, from_place=0, to_place=len(places) - 1)


class RouteEngine:
    """``Routes`` in this process: one Valhalla on one thread, so that the event loop never waits for it."""

    def __init__(self, tiles: Path, slow_zones: Sequence[SlowZone] = ()) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="routing")
        self._router = Router(tiles, slow_zones)

    def close(self) -> None:
        """Stop the thread; a question under way is answered first."""
        self._thread.shutdown(wait=True)

    def use_slow_zones(self, zones: Sequence[SlowZone]) -> None:
        """Take the slow zones of the fences now published; routes asked for afterwards obey them."""
        self._thread.submit(self._router.use_slow_zones, SlowZones(zones))

    async def legs(
        self, places: Sequence[GeoPoint], *, vehicle: Vehicle = SLOW_VEHICLE, closed: Sequence[Area] = ()
    ) -> tuple[Route, ...]:
        """Return the legs through places in order, as ``Routes.legs`` says."""
        return await self._run(lambda: self._router.legs(places, vehicle=vehicle, closed=closed))

    async def matrix(
        self,
        sources: Sequence[GeoPoint],
        targets: Sequence[GeoPoint],
        *,
        vehicle: Vehicle = SLOW_VEHICLE,
        closed: Sequence[Area] = (),
    ) -> Matrix:
        """Return the times and distances of every pair, as ``Routes.matrix`` says."""
        return await self._run(lambda: self._router.matrix(sources, targets, vehicle=vehicle, closed=closed))

    async def snap(self, place: GeoPoint, *, vehicle: Vehicle = SLOW_VEHICLE) -> Snapped:
        """Return the nearest point on a road, as ``Routes.snap`` says."""
        return await self._run(lambda: self._router.snap(place, vehicle=vehicle))

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _costing(vehicle: Vehicle, closed: Sequence[Area]) -> dict[str, Any]:
    options = {**PREFERENCES, "top_speed": vehicle.top_speed_kmh}
    costing: dict[str, Any] = {"costing": "auto", "costing_options": {"auto": options}}
    if closed:
        costing["exclude_polygons"] = [rings[0] for area in closed for rings in area]
    return costing


def _location(place: GeoPoint) -> dict[str, Any]:
    return {"lat": place.lat, "lon": place.lng, "type": "break", "search_cutoff": NEAREST_ROAD_M}


def _no_route(places: Sequence[GeoPoint], reason: str, **where: int) -> Conflict:
    at = places[next(iter(where.values()))]
    message = f"{reason}: {at.lat:.6f}, {at.lng:.6f}"
    return Conflict("route-not-found", message, reason=reason, lat=at.lat, lng=at.lng, **where)
