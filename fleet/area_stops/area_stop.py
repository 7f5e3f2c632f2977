"""An area stop as a fact, who may release it, and which vehicles a drawn area holds. Pure."""

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
import shapely

from core.auth.principal import Principal, Reach
from core.ids import CommandId, DistrictCode, OperatorId, StaffId, VehicleNo
from core.transitions import advance as next_state
from fleet.area_stops.states import TERMINAL, TRANSITIONS, AreaOutcome, AreaStopEvent, AreaStopState
from fleet.links.wire.commands import CommandKind
from fleet.telemetry.records import Records
from fleet.vehicles.vehicle import Vehicle
from geofences import geo

SECOND_PERSON_WITHIN: Final = timedelta(minutes=10)
"""City time in which a second person must answer before the first may break the glass."""
MARGIN_M: Final = 15.0
"""Around the area: a drawn line is no surveyed one."""
MOVES_ON_S: Final = 3.0
"""Seconds in which a vehicle may go on towards the area before the stop reaches it."""
MOST_VEHICLES: Final = 2_000
"""Vehicles of one area stop; a larger area is drawn in parts."""
_E7: Final = 1e-7


class AreaStop(msgspec.Struct, frozen=True, kw_only=True):
    """Every vehicle that was in an area is stopped until two people agree that it may go on.

    A drill is the same with everything but the commands: no vehicle is told anything.
    """

    area_stop_id: str
    version: int = 1
    state: AreaStopState = AreaStopState.STANDING
    is_drill: bool
    kind: CommandKind
    """How they are stopped: safe stop or emergency stop."""
    area: str
    """GeoJSON Polygon, WGS 84."""
    reason: str
    operators: tuple[OperatorId, ...]
    """Whose vehicles it stopped."""
    districts: tuple[DistrictCode, ...]
    """Where those are registered."""
    placed_by: StaffId
    placed_by_name: str
    placed_at: datetime
    asked_by: StaffId | None = None
    asked_by_name: str = ""
    asked_at: datetime | None = None
    ask_reason: str = ""
    ended_by: StaffId | None = None
    ended_by_name: str = ""
    ended_at: datetime | None = None
    end_reason: str = ""
    is_glass_broken: bool = False
    """Released without a second person."""

    @property
    def is_over(self) -> bool:
        """True once its vehicles were let go."""
        return self.state in TERMINAL

    @property
    def glass_breaks_at(self) -> datetime | None:
        """Return from when on the one who asked may release it alone; None while nobody asks."""
        return None if self.asked_at is None else self.asked_at + SECOND_PERSON_WITHIN

    def is_second(self, principal: Principal) -> bool:
        """Return whether somebody is another person than the one whose will the release would be."""
        return principal.id != (self.placed_by if self.asked_by is None else self.asked_by)

    def is_within(self, reach: Reach) -> bool:
        """Return whether an area stop is shown within a reach.

        To a company, wherever in the city its people are, when it concerns its vehicles only: the second
        person may be anywhere. To the city's people where it concerns one of their 旗区.
        """
        if reach.operators is not None:
            return set(self.operators) <= reach.operators
        return reach.districts is None or not reach.districts.isdisjoint(self.districts)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A vehicle that was in the area, where it was, and the command that stopped it."""

    area_stop_id: str
    vehicle_no: VehicleNo
    lat: float
    lng: float
    command_id: CommandId | None
    """None in a drill."""
    stop_epoch: int
    """Of that command; 0 in a drill. A vehicle whose epoch is higher is held by a later stop."""
    outcome: AreaOutcome | None = None
    """None before the release."""


def advance(
    stop: AreaStop, event: AreaStopEvent, principal: Principal, *, reason: str, at: datetime
) -> AreaStop:
    """Return the area stop after what somebody said of it; raise IllegalTransition."""
    state = next_state(TRANSITIONS, stop.state, event)
    who: dict[str, Any] = {"by": StaffId(principal.id), "by_name": principal.name, "at": at}
    match event:
        case AreaStopEvent.RELEASE_ASKED:
            said = {f"asked_{name}": value for name, value in who.items()} | {"ask_reason": reason}
        case AreaStopEvent.RELEASE_REFUSED:
            said = {"asked_by": None, "asked_by_name": "", "asked_at": None, "ask_reason": ""}
        case AreaStopEvent.RELEASED | AreaStopEvent.GLASS_BROKEN:
            said = {f"ended_{name}": value for name, value in who.items()} | {
                "end_reason": reason,
                "is_glass_broken": event is AreaStopEvent.GLASS_BROKEN,
            }
    return msgspec.structs.replace(stop, state=state, version=stop.version + 1, **said)


def held_by_area(records: Records, shape: Any) -> Records:
    """Return the LIVE records of vehicles in an area (GEOS, degrees) or about to drive into it.

    A vehicle out of reach counts where it was heard last: its stop waits for it.
    """
    plane = geo.LocalPlane.around(shape)
    east_north = plane.project(shapely.points(records["lng_e7"] * _E7, records["lat_e7"] * _E7))
    near_m = MARGIN_M + records["speed_5"] * 0.2 * MOVES_ON_S
    away_m = shapely.distance(np.asarray(east_north), plane.project(shape))
    found: Records = records[away_m <= near_m]
    return found


def outcome_of(member: Member, vehicle: Vehicle | None) -> AreaOutcome:
    """Return what a release now does to a vehicle: it lifts this stop and no later one."""
    if vehicle is None or not vehicle.is_held_by_stop or vehicle.stop_epoch != member.stop_epoch:
        return AreaOutcome.OVERTAKEN
    return AreaOutcome.SCENE_HOLD if vehicle.is_scene_held else AreaOutcome.RELEASED
