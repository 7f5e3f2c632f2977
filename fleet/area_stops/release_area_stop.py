"""Letting the vehicles of an area stop go: by a second person, or by broken glass when none answers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.roles import ROLE_SCOPES, STAFF_ROLES, Role, Scope
from core.database import Transaction
from core.errors import Conflict, Invalid, VersionMismatch
from core.ids import StaffId, VehicleNo
from fleet.area_stops.area_stop import AreaStop, Member, advance, outcome_of
from fleet.area_stops.states import AreaOutcome, AreaStopEvent
from fleet.area_stops.store import AreaStopStore
from fleet.area_stops.tell_staff import tell_staff
from fleet.commands.issue_command import LONGEST_REASON
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandKind, Release
from fleet.vehicles.store import VehicleStore

RELEASING: Final = frozenset(role for role in STAFF_ROLES if Scope.AREA_STOPS_RELEASE in ROLE_SCOPES[role])


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of an area stop that he saw in this version, and when (city and wall time)."""

    area_stop_id: str
    version: int
    reason: str
    at: datetime
    wall: datetime
    rate: float
    """City seconds a wall second."""


async def ask_release(tx: Transaction, principal: Principal, said: Said) -> AreaStop:
    """Ask for a second person; everybody who may release is told. Raises what ``_seen`` raises."""
    stop = await _seen(tx, principal, said)
    asked = await _moved(tx, stop, AreaStopEvent.RELEASE_ASKED, principal, said)
    await tell_staff(
        tx,
        asked,
        RELEASING,
        reason=f"asked-{asked.version}",
        zh=f"{principal.name} 请求解除划区停车,等待第二人确认:{said.reason}",
        en=f"{principal.name} asks a second person to release an area stop: {said.reason}",
        at=said.at,
        wall=said.wall,
    )
    return asked


async def refuse_release(tx: Transaction, principal: Principal, said: Said) -> AreaStop:
    """Say that the vehicles shall stand on; whoever asked may take the request back, too."""
    stop = await _seen(tx, principal, said)
    return await _moved(tx, stop, AreaStopEvent.RELEASE_REFUSED, principal, said)


async def release(tx: Transaction, principal: Principal, said: Said) -> AreaStop:
    """Let the vehicles go as the second person. Raises Conflict ``second-person-needed`` for the first."""
    stop = await _seen(tx, principal, said)
    if not stop.is_second(principal):
        raise Conflict("second-person-needed", "another authorised person releases it")
    released = await _moved(tx, stop, AreaStopEvent.RELEASED, principal, said)
    await _let_go(tx, released, principal, said)
    return released


async def break_glass(tx: Transaction, principal: Principal, said: Said) -> AreaStop:
    """Let the vehicles go alone, ten minutes after asking in vain; duty officer and supervisor are told.

    Raises Conflict ``second-person-needed`` before, and for anybody but the one who asked.
    """
    stop = await _seen(tx, principal, said)
    breaks_at = stop.glass_breaks_at
    if stop.asked_by != StaffId(principal.id) or breaks_at is None or said.at < breaks_at:
        from_ = None if breaks_at is None else breaks_at.isoformat()
        raise Conflict("second-person-needed", "ask first, and wait for an answer", possible_from=from_)
    released = await _moved(tx, stop, AreaStopEvent.GLASS_BROKEN, principal, said)
    await _let_go(tx, released, principal, said)
    await tell_staff(
        tx,
        released,
        (Role.DUTY_OFFICER, Role.SUPERVISOR),
        reason="glass_broken",
        zh=f"{principal.name} 单人解除了划区停车(无第二人应答):{said.reason}",
        en=f"{principal.name} released an area stop alone, nobody answered: {said.reason}",
        at=said.at,
        wall=said.wall,
    )
    return released


async def _seen(tx: Transaction, principal: Principal, said: Said) -> AreaStop:
    """Return the area stop; raise NotFound, Invalid without a reason, VersionMismatch when it has changed."""
    if not said.reason.strip():
        raise Invalid("reason-missing", "say why", field="reason")
    if len(said.reason) > LONGEST_REASON:
        raise Invalid("invalid-input", "the reason is too long", field="reason", limit=LONGEST_REASON)
    stop = await AreaStopStore(tx).get(said.area_stop_id, reach_of(principal))
    if stop.version != said.version:
        raise VersionMismatch(area_stop_id=stop.area_stop_id, version=stop.version)
    return stop


async def _moved(
    tx: Transaction, stop: AreaStop, event: AreaStopEvent, principal: Principal, said: Said
) -> AreaStop:
    reason = said.reason.strip()
    moved = await AreaStopStore(tx).save(stop, advance(stop, event, principal, reason=reason, at=said.at))
    about = f"area_stop:{stop.area_stop_id}"
    shown = {"drill": stop.is_drill}
    await audit.record(tx, principal, f"area_stop.{event.value}", about, shown, reason, at=said.at)
    return moved


async def _let_go(tx: Transaction, stop: AreaStop, principal: Principal, said: Said) -> None:
    """Release every vehicle that this area stop, and nothing later, holds."""
    store = AreaStopStore(tx)
    members = (await store.members([stop.area_stop_id]))[stop.area_stop_id]
    outcomes = await _outcomes(tx, stop, members)
    for member in members:
        outcome = outcomes[member.vehicle_no]
        if outcome is AreaOutcome.RELEASED and not stop.is_drill:
            wish = Wish(
                vehicle_no=member.vehicle_no,
                kind=CommandKind.RELEASE,
                body=Release(),
                requester=StaffId(principal.id),
                requester_name=principal.name,
                reason=said.reason.strip(),
            )
            await queue_command(tx, wish, at=said.at, rate=said.rate)
        await store.note(stop.area_stop_id, member.vehicle_no, outcome)


async def _outcomes(
    tx: Transaction, stop: AreaStop, members: Sequence[Member]
) -> dict[VehicleNo, AreaOutcome]:
    if stop.is_drill:
        return {member.vehicle_no: AreaOutcome.RELEASED for member in members}
    numbers = {member.vehicle_no for member in members}
    now = await VehicleStore(tx).locked(numbers)
    return {member.vehicle_no: outcome_of(member, now.get(member.vehicle_no)) for member in members}
