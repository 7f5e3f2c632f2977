"""Who is near a place or another vehicle now."""

from typing import Annotated, Any, Final

import msgspec
import numpy as np
from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.errors import Invalid, NotFound
from core.problem_http import problem_responses
from fleet.live.hub import LiveHub
from fleet.telemetry.records import Records, read_live_message
from geofences import geo

FARTHEST_M: Final = 5_000.0
Radius = Annotated[float, QueryParameter(name="radiusM", ge=1, le=FARTHEST_M)]
Lat = Annotated[float | None, QueryParameter(ge=-85, le=85)]
Lng = Annotated[float | None, QueryParameter(ge=-180, le=180)]
OfVehicle = Annotated[int | None, QueryParameter(name="vehicleNo", ge=1, le=4_294_967_295)]


class NearVehicle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle and how far away it is."""

    vehicle_no: int
    lat: float
    lng: float
    distance_m: float


class NearVehicles(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The nearest vehicles within reach, nearest first, at most as many as were asked for."""

    lat: float
    lng: float
    items: tuple[NearVehicle, ...]


@get(
    "/api/vehicles/near",
    operation_id="listNearVehicles",
    tags=["vehicles"],
    guards=[requires(Scope.VEHICLES_READ)],
    responses=problem_responses(
        "invalid-input", "not-authenticated", "forbidden", "not-found", "redis-unavailable", "unavailable"
    ),
)
async def list_near_vehicles(
    request: Request[Any, Any, Any],
    principal: NamedDependency[Principal],
    radius_m: Radius = 200.0,
    lat: Lat = None,
    lng: Lng = None,
    vehicle_no: OfVehicle = None,
    limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
) -> NearVehicles:
    """Return the vehicles within a radius of a place or of a vehicle, nearest first."""
    hub: LiveHub = request.app.state.live_hub
    _, _, _, records = read_live_message(await hub.snapshot(reach_of(principal), None))
    middle = _middle(records, lat, lng, vehicle_no)
    return near_of(records[records["vehicle_no"] != (vehicle_no or 0)], *middle, radius_m, limit)


def _middle(
    records: Records, lat: float | None, lng: float | None, number: int | None
) -> tuple[float, float]:
    if number is None:
        if lat is None or lng is None:
            raise Invalid("invalid-input", "Near what?", field="lat, lng", limit="both, or vehicleNo")
        return lat, lng
    if lat is not None or lng is not None:
        raise Invalid(
            "invalid-input", "Near which of the two?", field="vehicleNo", limit="a place or a vehicle"
        )
    own = records[records["vehicle_no"] == number]
    if not len(own):
        raise NotFound("not-found", f"vehicle {number} was not heard", vehicle_no=number)
    return float(own["lat_e7"][0]) * 1e-7, float(own["lng_e7"][0]) * 1e-7


def near_of(records: Records, lat: float, lng: float, radius_m: float, limit: int) -> NearVehicles:
    """Return the nearest of LIVE[n] around a place."""
    metres = geo.distances_m(lat, lng, records["lat_e7"] * 1e-7, records["lng_e7"] * 1e-7)
    within = np.flatnonzero(metres <= radius_m)
    nearest = within[np.argsort(metres[within], kind="stable")][:limit]
    return NearVehicles(
        lat=round(lat, 7),
        lng=round(lng, 7),
        items=tuple(
            NearVehicle(
                vehicle_no=int(records["vehicle_no"][row]),
                lat=round(float(records["lat_e7"][row]) * 1e-7, 7),
                lng=round(float(records["lng_e7"][row]) * 1e-7, 7),
                distance_m=round(float(metres[row]), 1),
            )
            for row in nearest.tolist()
        ),
    )
