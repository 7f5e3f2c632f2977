"""What stands in a town, in degrees: grounds, places that vehicles stop at, zones. All of it is made up."""

from typing import Literal

from msgspec import Struct

from core.ids import DistrictCode
from core.kinds import ServiceKind
from geofences.fences import Area, FenceKind
from steppe.city.roads.network import RoadNetwork

type PlaceKind = Literal[
    "merchant", "pickup_point", "charger", "vending_spot", "sweep_point", "checkpoint", "depot"
]
type GroundKind = Literal["compound", "park", "depot"]


class Ground(Struct, frozen=True, kw_only=True):
    """A fenced ground; ``gates`` are (lat, lng) where lanes cross the fence; ``sort`` is a park's kind."""

    ground_id: str
    kind: GroundKind
    sort: str = ""
    name_zh: str
    name_en: str
    area: Area
    gates: tuple[tuple[float, float], ...]
    operator: str = ""


class Place(Struct, frozen=True, kw_only=True):
    """Where a vehicle stops, on a road or a lane, facing ``heading_deg`` (clockwise from north).

    ``sort`` tells kinds of one kind apart: of a merchant its kind, of a pickup point ``gate``, ``doorstep``
    (the last 50 m) or ``roadside``. ``site`` is the ground it lies in, "" for none; ``capacity`` its bays.
    """

    place_id: str
    kind: PlaceKind
    sort: str = ""
    name_zh: str
    name_en: str
    lat: float
    lng: float
    heading_deg: float
    site: str = ""
    capacity: int = 1


class Spot(Struct, frozen=True, kw_only=True):
    """One parking spot of a depot beside its lane."""

    depot_id: str
    lat: float
    lng: float
    heading_deg: float


class Zone(Struct, frozen=True, kw_only=True):
    """An area with rules; becomes a fence. ``hours`` are HH:MM-HH:MM in the city's zone, none = always."""

    zone_id: str
    kind: FenceKind
    name_zh: str
    name_en: str
    area: Area
    operator: str = ""
    services: tuple[ServiceKind, ...] = ()
    no_entry: bool = False
    no_stopping: bool = False
    speed_limit_kmh: int | None = None
    capacity: int | None = None
    hours: tuple[str, ...] = ()


class TownBuild(Struct, frozen=True, kw_only=True):
    """A town as generated. ``bbox`` is (south, west, north, east); ``water`` may be empty."""

    code: DistrictCode
    district: DistrictCode
    bbox: tuple[float, float, float, float]
    water: Area
    network: RoadNetwork
    grounds: tuple[Ground, ...]
    places: tuple[Place, ...]
    spots: tuple[Spot, ...]
    zones: tuple[Zone, ...]

    def of_kind(self, kind: PlaceKind) -> tuple[Place, ...]:
        """Return the places of one kind, in the order they were made."""
        return tuple(place for place in self.places if place.kind == kind)
