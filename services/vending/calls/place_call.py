"""Calling a vending vehicle: the stop is chosen, a vehicle that comes there anyway takes the call along."""

from datetime import datetime, timedelta

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import CallId, DistrictCode, OperatorId, ResidentId, new_id
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.store import VehicleFilter, VehicleStore
from geofences.geo import distance_m
from services.orders.zone import want_dispatch
from services.places.place import Place
from services.vending.calls.call import Coming, VendingCall
from services.vending.calls.choose_stop import MOST_OPTIONS, StopOption, chosen_stop, weigh_stops
from services.vending.calls.read_stops import RuleAt, forbidden_stops, stops_of
from services.vending.calls.states import CALLED_FOR, CallEvent, CallState
from services.vending.calls.store import CallStore

CALL_LASTS_S = 2_700.0
"""City seconds in which a vehicle must have been found; then the call has expired."""
LEAVES_TOO_SOON_S = 180.0
"""A vehicle that leaves the stop within this is no answer to a new call."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls, from where: (lat, lng), WGS 84, in a district."""

    resident_id: ResidentId
    district: DistrictCode
    lat: float
    lng: float


class Weighed(msgspec.Struct, frozen=True, kw_only=True):
    """The stops around somebody, the best first, with the places they are."""

    options: tuple[StopOption, ...]
    places: dict[str, Place]

    @property
    def chosen(self) -> StopOption | None:
        """Return the stop that a call from there would get."""
        return chosen_stop(self.options)


async def weigh_around(
    tx: Transaction, district: DistrictCode, lat: float, lng: float, rule_at: RuleAt, *, at: datetime
) -> Weighed:
    """Return the stops around a place of a district as a call from there would weigh them."""
    near = sorted(await stops_of(tx, district), key=lambda one: distance_m(lat, lng, one.lat, one.lng))
    near = near[:MOST_OPTIONS]
    waiting = await CallStore(tx).waiting_at(district)
    refused = forbidden_stops(near, rule_at, at=at)
    options = weigh_stops(near, lat, lng, waiting=waiting, refused=refused)
    return Weighed(options=options, places={place.place_id: place for place in near})


async def place_call(tx: Transaction, wanted: Wanted, rule_at: RuleAt, *, at: datetime) -> VendingCall:
    """Return the new call; a vehicle on its way to the chosen stop, or standing there, takes it along.

    Raises Invalid for coordinates that are none, Conflict ``area-not-served`` without a stop within walking
    distance or a vending vehicle in the district, ``call-open`` while she waits for another.
    """
    _must_be_a_place(wanted)
    operator = await operator_of(tx, wanted.district)
    weighed = await weigh_around(tx, wanted.district, wanted.lat, wanted.lng, rule_at, at=at)
    stop = weighed.chosen
    if operator is None or stop is None:
        raise Conflict(
            "area-not-served",
            "no vending vehicle stops within walking distance",
            district=wanted.district,
            refused=[f"{one.place_id}:{one.refused}" for one in weighed.options],
        )
    place = weighed.places[stop.place_id]
    call = VendingCall(
        call_id=CallId(new_id()),
        district=wanted.district,
        operator=operator,
        resident_id=wanted.resident_id,
        place_id=place.place_id,
        name_zh=place.name_zh,
        name_en=place.name_en,
        lat=place.lat,
        lng=place.lng,
        walk_m=stop.walk_m,
        options=weighed.options,
        placed_at=at,
        expires_at=at + timedelta(seconds=CALL_LASTS_S),
    )
    await CallStore(tx).add(call, actor=f"resident:{wanted.resident_id}")
    joined = await join_neighbours(tx, call, at=at)
    if joined.state is CallState.CREATED:
        await want_dispatch(tx, call.district, at=at)
    return joined


async def join_neighbours(tx: Transaction, call: VendingCall, *, at: datetime) -> VendingCall:
    """Return the call with the vehicle that its neighbours at the same stop have; as it is without one."""
    store = CallStore(tx)
    for other in await store.at_place(call.place_id, call.operator):
        if other.call_id == call.call_id or other.state not in CALLED_FOR or other.task_id is None:
            continue
        if other.leaves_at is not None and (other.leaves_at - at).total_seconds() < LEAVES_TOO_SOON_S:
            continue
        return await _follow(store, call, other, at)
    return call


async def _follow(store: CallStore, call: VendingCall, other: VendingCall, at: datetime) -> VendingCall:
    """Move a new call to where its neighbour's stands, step by step."""
    assert other.task_id is not None
    assert other.vehicle_no is not None
    actor = f"vehicle:{other.vehicle_no}"
    coming = Coming(task_id=other.task_id, vehicle_no=other.vehicle_no, eta_at=other.eta_at)
    call = await store.move(call, CallEvent.VEHICLE_ASSIGNED, at=at, actor=actor, coming=coming)
    if other.state is CallState.ASSIGNED:
        return call
    call = await store.move(call, CallEvent.VEHICLE_STARTED, at=at, actor=actor)
    if other.state is CallState.ON_THE_WAY:
        return call
    return await store.move(call, CallEvent.VEHICLE_ARRIVED, at=at, actor=actor, leaves_at=other.leaves_at)


async def operator_of(tx: Transaction, district: DistrictCode) -> OperatorId | None:
    """Return who runs most vending vehicles in service of a district, None where there are none."""
    wanted = VehicleFilter(
        services=frozenset({ServiceKind.VENDING}),
        districts=frozenset({district}),
        lifecycles=frozenset({Lifecycle.IN_SERVICE}),
    )
    operators = [vehicle.operator for vehicle in await VehicleStore(tx).page(EVERYTHING, wanted)]
    return max(sorted(set(operators)), key=operators.count, default=None)


def _must_be_a_place(wanted: Wanted) -> None:
    if not -90 <= wanted.lat <= 90 or not -180 <= wanted.lng <= 180:
        raise Invalid(
            "position-out-of-range", "degrees of WGS 84", field="lat, lng", limit="-90 to 90, -180 to 180"
        )
