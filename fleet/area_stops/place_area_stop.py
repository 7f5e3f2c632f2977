"""One person stops every vehicle of a drawn area: pushed to the gateways while SQL records it."""

import asyncio
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.auth.roles import Role
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, Invalid, Unavailable
from core.idempotency import StoredAnswer, known_answer, once, save
from core.ids import CommandId, StaffId, VehicleNo
from core.repeatable import Repeated
from fleet.area_stops.area_stop import MOST_VEHICLES, AreaStop, Member
from fleet.area_stops.store import AreaStopStore
from fleet.area_stops.tell_staff import tell_staff
from fleet.commands.command import Command, next_stop_epoch, to_wire
from fleet.commands.issue_command import LONGEST_REASON, Push
from fleet.commands.kinds import STOPS
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import CommandBody, CommandKind, EmergencyStop, SafeStop
from fleet.telemetry.records import Records
from fleet.vehicles.directory import Directory, DirectoryEntry

_IDS: Final = uuid.UUID("0d8a7a51-8c1c-4f06-8f0e-3cf3c0b8d3f4")
"""Name space of ids that are derived from an idempotency key (RFC 9562, version 5)."""
_E7: Final = 1e-7


class AreaWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for. ``area`` is checked GeoJSON text; ``found`` the LIVE records inside of it."""

    area: str
    found: Records
    kind: CommandKind
    is_drill: bool
    reason: str


class AreaStopDesk:
    """Places area stops. One per api process; safe for any number of requests of its event loop."""

    def __init__(self, database: Database, clock: Clock, directory: Directory, push: Push) -> None:
        """Take the stores, who knows the fleet without SQL, and who pushes stops to the gateways."""
        self._database = database
        self._clock = clock
        self._directory = directory
        self._push = push

    async def place(
        self,
        principal: Principal,
        wish: AreaWish,
        repeated: Repeated,
        render: Callable[[AreaStop, Sequence[Member]], bytes],
    ) -> StoredAnswer:
        """Return the answer after the commit; the same key gives the same answer again.

        Raises Invalid without a reason or for a kind that is no stop, Conflict ``no-vehicle-inside`` and
        ``too-many-vehicles``. The stops go to the gateways while SQL works: Unavailable then says that they
        were sent.
        """
        _check(wish)
        at = self._clock.now()
        entries = self._entries(principal, wish.found)
        if not 1 <= len(entries) <= MOST_VEHICLES:
            return await self._answered(repeated, len(entries))
        stop, members = _made(principal, wish, repeated, entries, at)
        if wish.is_drill:
            return await self._record(principal, stop, members, repeated, render)
        for member in members:
            self._directory.raise_stop_epoch(member.vehicle_no, member.stop_epoch)
        pushes = [self._push(to_wire(_command(principal, stop, member))) for member in members]
        *pushed, recorded = await asyncio.gather(
            *pushes,
            self._record(principal, stop, members, repeated, render),
            return_exceptions=True,
        )
        if isinstance(recorded, Unavailable):
            sent = sum(not isinstance(one, BaseException) for one in pushed)
            raise Unavailable(
                recorded.code,
                "The stops were sent but could not be recorded yet; send it again",
                retry_after_s=1,
                sent_to_vehicles=sent,
            )
        if isinstance(recorded, BaseException):
            raise recorded
        assert isinstance(recorded, StoredAnswer)
        return recorded

    async def _answered(self, repeated: Repeated, found: int) -> StoredAnswer:
        """Return what the request was answered before: vehicles may have left since. Else refuse it."""
        async with self._database.read() as tx:
            known = await known_answer(tx, *repeated.triple)
        if known is not None:
            return known
        if found == 0:
            raise Conflict("no-vehicle-inside", "no vehicle within your reach is in this area")
        raise Conflict("too-many-vehicles", vehicles=found, limit=MOST_VEHICLES)

    def _entries(self, principal: Principal, found: Records) -> list[tuple[DirectoryEntry, float, float]]:
        reach = reach_of(principal)
        rows = sorted((int(r["vehicle_no"]), int(r["lat_e7"]), int(r["lng_e7"])) for r in found)
        known = [(self._directory.find(VehicleNo(number), reach), lat, lng) for number, lat, lng in rows]
        return [(entry, lat * _E7, lng * _E7) for entry, lat, lng in known if entry is not None]

    async def _record(
        self,
        principal: Principal,
        stop: AreaStop,
        members: Sequence[Member],
        repeated: Repeated,
        render: Callable[[AreaStop, Sequence[Member]], bytes],
    ) -> StoredAnswer:
        wall = self._clock.wall()
        async with self._database.write() as tx:
            known = await once(tx, *repeated.triple, at=wall)
            if known is not None:
                return known
            kept = [await self._kept(tx, principal, stop, member) for member in members]
            await AreaStopStore(tx).add(stop, kept)
            at, about = stop.placed_at, f"area_stop:{stop.area_stop_id}"
            shown = {"vehicles": len(kept), "kind": stop.kind.value, "drill": stop.is_drill}
            await audit.record(tx, principal, "area_stop.placed", about, shown, stop.reason, at=at)
            await tell_staff(
                tx,
                stop,
                (Role.SHIFT_LEAD, Role.DUTY_OFFICER),
                reason="placed",
                zh=f"{stop.placed_by_name} 划区停车 {len(kept)} 辆:{stop.reason}",
                en=f"{stop.placed_by_name} stopped {len(kept)} vehicles by an area: {stop.reason}",
                at=at,
                wall=wall,
            )
            answer = StoredAnswer(
                status=201, body=render(stop, kept), location=f"/api/area-stops/{stop.area_stop_id}"
            )
            await save(tx, *repeated.key, answer)
        return answer

    async def _kept(self, tx: Transaction, principal: Principal, stop: AreaStop, member: Member) -> Member:
        if stop.is_drill:
            return member
        wish = Wish(
            vehicle_no=member.vehicle_no,
            kind=stop.kind,
            body=_body(stop.kind),
            requester=StaffId(principal.id),
            requester_name=principal.name,
            reason=stop.reason,
            command_id=member.command_id,
            stop_epoch=member.stop_epoch,
        )
        command = await queue_command(tx, wish, at=stop.placed_at, rate=self._clock.rate)
        self._directory.raise_stop_epoch(member.vehicle_no, command.stop_epoch)
        return msgspec.structs.replace(member, stop_epoch=command.stop_epoch)


def _check(wish: AreaWish) -> None:
    if wish.kind not in STOPS:
        kinds = ", ".join(sorted(STOPS))
        raise Invalid("invalid-input", f"{wish.kind} stops nothing", field="kind", limit=kinds)
    if not wish.reason.strip():
        raise Invalid("reason-missing", "stopping an area needs a reason", field="reason")
    if len(wish.reason) > LONGEST_REASON:
        raise Invalid("invalid-input", "the reason is too long", field="reason", limit=LONGEST_REASON)


def _made(
    principal: Principal,
    wish: AreaWish,
    repeated: Repeated,
    entries: Sequence[tuple[DirectoryEntry, float, float]],
    at: datetime,
) -> tuple[AreaStop, list[Member]]:
    """Return the area stop of a request; ids are drawn from its key, so that a repeated one is one."""
    seed = f"{repeated.principal_key}:{repeated.idempotency_key}"
    stop = AreaStop(
        area_stop_id=str(uuid.uuid5(_IDS, seed)),
        is_drill=wish.is_drill,
        kind=wish.kind,
        area=wish.area,
        reason=wish.reason.strip(),
        operators=tuple(sorted({entry.operator for entry, *_ in entries})),
        districts=tuple(sorted({entry.district for entry, *_ in entries})),
        placed_by=StaffId(principal.id),
        placed_by_name=principal.name,
        placed_at=at,
    )
    members = [
        Member(
            area_stop_id=stop.area_stop_id,
            vehicle_no=entry.vehicle_no,
            lat=lat,
            lng=lng,
            command_id=None if wish.is_drill else _id_of(f"{seed}:{entry.vehicle_no}"),
            stop_epoch=0 if wish.is_drill else next_stop_epoch(entry.stop_epoch, at),
        )
        for entry, lat, lng in entries
    ]
    return stop, members


def _id_of(seed: str) -> CommandId:
    return CommandId(str(uuid.uuid5(_IDS, seed)))


def _body(kind: CommandKind) -> CommandBody:
    return EmergencyStop() if kind is CommandKind.EMERGENCY_STOP else SafeStop()


def _command(principal: Principal, stop: AreaStop, member: Member) -> Command:
    return Command(
        command_id=member.command_id or CommandId(""),
        vehicle_no=member.vehicle_no,
        kind=stop.kind,
        requester=principal.id,
        stop_epoch=member.stop_epoch,
        body=msgspec.Raw(msgspec.json.encode(_body(stop.kind))),
        issued_at=stop.placed_at,
        expires_at=None,
    )
