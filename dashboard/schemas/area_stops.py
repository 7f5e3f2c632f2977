"""Area stops as people draw them, follow them and let them go."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.auth.principal import Principal
from core.auth.roles import Scope
from core.ids import CommandId, VehicleNo
from dashboard.schemas.fences import Geometry
from fleet.area_stops.area_stop import AreaStop, Member
from fleet.area_stops.states import AreaStopState
from fleet.commands.command import Command
from fleet.commands.kinds import CommandState
from fleet.links.wire.commands import CommandKind

Reason = Annotated[str, Meta(max_length=500)]


class DrawnArea(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An area to look into."""

    geometry: Geometry


class PlaceAreaStop(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Stop every vehicle in the area; a drill stops none and is otherwise the same."""

    geometry: Geometry
    reason: Reason
    kind: CommandKind = CommandKind.SAFE_STOP
    is_drill: bool = False


class SaidOfAreaStop(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What somebody says of the version that he saw, and why."""

    version: Annotated[int, Meta(ge=1, le=2_147_483_647)]
    reason: Reason


class VehicleInside(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle that a stop would reach."""

    vehicle_no: int
    code: str | None
    lat: float
    lng: float


class AreaPreview(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who is in a drawn area now."""

    items: tuple[VehicleInside, ...]


class StoppedVehicle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle of an area stop: where it was, what it said, what became of it at the release."""

    vehicle_no: int
    code: str | None
    lat: float
    lng: float
    answer: str | None
    """State of the command that stopped it; null in a drill."""
    why: str
    """Why it did not stop: a word of the platform's or what the vehicle said; empty while nothing failed."""
    outcome: str | None


class Answers(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many vehicles have said what: unanswered is what a person must go and look after."""

    unanswered: int = 0
    stopping: int = 0
    stopped: int = 0
    failed: int = 0


class AreaStopView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An area stop and what the reader may do about it."""

    area_stop_id: str
    version: int
    state: str
    is_drill: bool
    kind: str
    geometry: Mapping[str, Any]
    reason: str
    operators: tuple[str, ...]
    districts: tuple[str, ...]
    placed_by_name: str
    placed_at: datetime
    asked_by_name: str
    asked_at: datetime | None
    ask_reason: str
    glass_breaks_at: datetime | None
    ended_by_name: str
    ended_at: datetime | None
    end_reason: str
    is_glass_broken: bool
    vehicles: int
    answers: Answers
    may_ask: bool
    may_release: bool
    """The reader would be the second person."""
    is_asked_by_me: bool
    items: tuple[StoppedVehicle, ...]


_SAYS: Mapping[CommandState, str] = {
    CommandState.QUEUED: "unanswered",
    CommandState.SENT: "unanswered",
    CommandState.ACKNOWLEDGED: "stopping",
    CommandState.SUCCEEDED: "stopped",
    CommandState.FAILED: "failed",
    CommandState.EXPIRED: "failed",
    CommandState.REJECTED: "failed",
}


def area_stop_view(
    stop: AreaStop,
    members: Sequence[Member],
    commands: Mapping[CommandId, Command],
    codes: Mapping[VehicleNo, str | None],
    principal: Principal,
) -> AreaStopView:
    """Return an area stop for somebody."""
    states = [_state(member, commands) for member in members]
    counts = Counter(_SAYS[state] for state in states if state is not None)
    may = principal.may(Scope.AREA_STOPS_RELEASE) and not stop.is_over
    return AreaStopView(
        area_stop_id=stop.area_stop_id,
        version=stop.version,
        state=stop.state.value,
        is_drill=stop.is_drill,
        kind=stop.kind.value,
        geometry=msgspec.json.decode(stop.area),
        reason=stop.reason,
        operators=stop.operators,
        districts=stop.districts,
        placed_by_name=stop.placed_by_name,
        placed_at=stop.placed_at,
        asked_by_name=stop.asked_by_name,
        asked_at=stop.asked_at,
        ask_reason=stop.ask_reason,
        glass_breaks_at=stop.glass_breaks_at,
        ended_by_name=stop.ended_by_name,
        ended_at=stop.ended_at,
        end_reason=stop.end_reason,
        is_glass_broken=stop.is_glass_broken,
        vehicles=len(members),
        answers=msgspec.convert(counts, Answers),
        may_ask=may and stop.state is AreaStopState.STANDING,
        may_release=may and stop.is_second(principal),
        is_asked_by_me=stop.asked_by == principal.id,
        items=tuple(
            StoppedVehicle(
                vehicle_no=member.vehicle_no,
                code=codes.get(member.vehicle_no),
                lat=member.lat,
                lng=member.lng,
                answer=None if state is None else state.value,
                why=_why(member, commands),
                outcome=None if member.outcome is None else member.outcome.value,
            )
            for member, state in zip(members, states, strict=True)
        ),
    )


def _why(member: Member, commands: Mapping[CommandId, Command]) -> str:
    command = None if member.command_id is None else commands.get(member.command_id)
    return command.detail if command is not None and _SAYS[command.state] == "failed" else ""


def _state(member: Member, commands: Mapping[CommandId, Command]) -> CommandState | None:
    """Return how far a vehicle's stop has come; one that was just given has no row to read yet."""
    if member.command_id is None:
        return None
    command = commands.get(member.command_id)
    return CommandState.QUEUED if command is None else command.state
