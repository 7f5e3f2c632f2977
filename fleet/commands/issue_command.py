"""A person gives a vehicle a command: checked, recorded, audited; a stop is pushed before SQL answers."""

import asyncio
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Protocol

import msgspec

from core import audit
from core.auth.principal import Principal, Reach, reach_of
from core.auth.roles import Scope
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from core.idempotency import MAX_KEY_CHARS, StoredAnswer, once, save
from core.ids import CommandId, StaffId, VehicleNo
from fleet.commands.command import Command, next_stop_epoch, to_wire
from fleet.commands.kinds import KIND_RULES, STOPS
from fleet.commands.possible import Situation, hindrances
from fleet.commands.queue_command import Wish, queue_command
from fleet.links.wire.commands import COMMAND_BODIES, CommandBody, CommandKind
from fleet.links.wire.messages import Command as WireCommand
from fleet.vehicles.directory import Directory, DirectoryEntry
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle

LONGEST_REASON: Final = 500
_COMMAND_IDS: Final = uuid.UUID("6f0e2a51-5d6c-4d0f-9d57-7b1f3c1c7a10")
"""Name space of command ids that are derived from an idempotency key (RFC 9562, version 5)."""


class CommandWish(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asks for; `params` is the JSON of the kind's wire body, or of what its planner takes."""

    vehicle_no: VehicleNo
    kind: CommandKind
    reason: str
    params: bytes
    idempotency_key: str
    request_hash: str


class Situate(Protocol):
    """Finds out what a vehicle is doing."""

    async def __call__(self, tx: Transaction, vehicle: Vehicle) -> Situation:
        """Return what is known of the vehicle besides its row."""
        ...


class BodyPlanner(Protocol):
    """Works out the stops and legs of a command, such as the way to the depot."""

    async def __call__(
        self, tx: Transaction, vehicle: Vehicle, params: bytes, /, *, at: datetime
    ) -> CommandBody:
        """Return the wire body; raise Invalid for params it cannot read and Conflict when there is no way."""
        ...


class Push(Protocol):
    """Publishes a stop to the gateways at once."""

    async def __call__(self, command: WireCommand) -> int:
        """Return how many gateways heard it; raises what Redis raises."""
        ...


class CommandDesk:
    """Takes commands from people. One per api process; safe for any number of requests of its event loop."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        directory: Directory,
        push: Push,
        situate: Situate,
        planners: dict[CommandKind, BodyPlanner] | None = None,
    ) -> None:
        """Take the stores, who pushes stops, who knows the situation, and who plans which kind."""
        self._database = database
        self._clock = clock
        self._directory = directory
        self._push = push
        self._situate = situate
        self._planners = planners or {}

    async def issue(
        self, principal: Principal, wish: CommandWish, render: Callable[[Command], bytes]
    ) -> StoredAnswer:
        """Return the answer of the request after its commit; the same key gives the same answer again.

        Raises Invalid without key or reason or for params that do not fit, NotFound outside the principal's
        reach, Forbidden when the role may only stop, Conflict("command-not-possible") with every reason.
        An emergency stop goes to the gateways while SQL works: Unavailable then says that it was sent.
        """
        _check_words(wish)
        _check_scope(principal, wish.kind)
        body = None if wish.kind in self._planners else _read_params(wish)
        if wish.kind is CommandKind.EMERGENCY_STOP and body is not None:
            return await self._stop_at_once(principal, wish, body, render)
        return await self._record(principal, wish, body, render, stop_epoch=0)

    async def _stop_at_once(
        self,
        principal: Principal,
        wish: CommandWish,
        body: CommandBody,
        render: Callable[[Command], bytes],
    ) -> StoredAnswer:
        at = self._clock.now()
        entry = await self._known(wish.vehicle_no, reach_of(principal))
        stop_epoch = next_stop_epoch(entry.stop_epoch, at)
        self._directory.raise_stop_epoch(wish.vehicle_no, stop_epoch)
        command = Command(
            command_id=derived_id(principal, wish),
            vehicle_no=wish.vehicle_no,
            kind=wish.kind,
            requester=principal.id,
            stop_epoch=stop_epoch,
            body=msgspec.Raw(msgspec.json.encode(body)),
            issued_at=at,
            expires_at=None,
        )
        pushed, recorded = await asyncio.gather(
            self._push(to_wire(command)),
            self._record(principal, wish, body, render, stop_epoch=stop_epoch),
            return_exceptions=True,
        )
        if isinstance(recorded, Unavailable) and not isinstance(pushed, BaseException):
            raise Unavailable(
                recorded.code,
                "The stop was sent to the vehicle but could not be recorded yet; send it again",
                retry_after_s=1,
                sent_to_gateways=pushed,
            )
        if isinstance(recorded, BaseException):
            raise recorded
        return recorded

    async def _known(self, vehicle_no: VehicleNo, reach: Reach) -> DirectoryEntry:
        """Return the vehicle from memory, from SQL only when this process has not seen it yet."""
        entry = self._directory.find(vehicle_no, reach)
        if entry is None:
            await self._directory.refresh()
            entry = self._directory.find(vehicle_no, reach)
        if entry is None:
            raise NotFound("not-found", f"there is no vehicle {vehicle_no}", vehicle_no=vehicle_no)
        return entry

    async def _record(
        self,
        principal: Principal,
        wish: CommandWish,
        body: CommandBody | None,
        render: Callable[[Command], bytes],
        *,
        stop_epoch: int,
    ) -> StoredAnswer:
        at = self._clock.now()
        who = f"{principal.kind}:{principal.id}"
        async with self._database.write() as tx:
            known = await once(tx, who, wish.idempotency_key, wish.request_hash, at=self._clock.wall())
            if known is not None:
                return known
            vehicle = await VehicleStore(tx).get(wish.vehicle_no, reach_of(principal))
            await self._check_possible(tx, vehicle, wish.kind)
            planned = body or await self._planners[wish.kind](tx, vehicle, wish.params, at=at)
            command = await queue_command(
                tx, _complete(principal, wish, planned, stop_epoch), at=at, rate=self._clock.rate
            )
            await audit.record(
                tx,
                principal,
                "vehicle.commanded",
                f"vehicle:{wish.vehicle_no}",
                {"command_id": command.command_id, "kind": wish.kind.value, "params": _shown(wish.params)},
                wish.reason or None,
                at=at,
            )
            location = f"/api/commands/{command.command_id}"
            answer = StoredAnswer(status=202, body=render(command), location=location)
            await save(tx, who, wish.idempotency_key, answer)
        if command.stop_epoch:
            self._directory.raise_stop_epoch(wish.vehicle_no, command.stop_epoch)
        return answer

    async def _check_possible(self, tx: Transaction, vehicle: Vehicle, kind: CommandKind) -> None:
        if kind in STOPS:
            return
        situation = await self._situate(tx, vehicle)
        plans = frozenset(self._planners)
        found = hindrances(vehicle, kind, msgspec.structs.replace(situation, plans=plans))
        if found:
            reasons = [reason.value for reason in found]
            raise Conflict(
                "command-not-possible",
                f"{kind.value} is not possible now: {', '.join(reasons)}",
                vehicle_no=vehicle.vehicle_no,
                reasons=reasons,
            )

    @property
    def plans(self) -> frozenset[CommandKind]:
        """Planned kinds that this installation can work out."""
        return frozenset(self._planners)


def derived_id(principal: Principal, wish: CommandWish) -> CommandId:
    """Return the id that the same request has each time it is sent, so that a repeated stop is one stop."""
    text = f"{principal.kind}:{principal.id}:{wish.vehicle_no}:{wish.idempotency_key}"
    return CommandId(str(uuid.uuid5(_COMMAND_IDS, text)))


def _complete(principal: Principal, wish: CommandWish, body: CommandBody, stop_epoch: int) -> Wish:
    return Wish(
        vehicle_no=wish.vehicle_no,
        kind=wish.kind,
        body=body,
        requester=StaffId(principal.id),
        requester_name=principal.name,
        reason=wish.reason,
        command_id=derived_id(principal, wish),
        stop_epoch=stop_epoch,
    )


def _check_words(wish: CommandWish) -> None:
    if not 0 < len(wish.idempotency_key) <= MAX_KEY_CHARS:
        raise Invalid("idempotency-key-missing", limit=MAX_KEY_CHARS)
    if KIND_RULES[wish.kind].needs_reason and not wish.reason.strip():
        raise Invalid("reason-missing", f"{wish.kind.value} needs a reason", field="reason")
    if len(wish.reason) > LONGEST_REASON:
        raise Invalid("invalid-input", "the reason is too long", field="reason", limit=LONGEST_REASON)


def _check_scope(principal: Principal, kind: CommandKind) -> None:
    """Let through whoever may give commands, and for a stop whoever may stop."""
    if principal.may(Scope.VEHICLES_COMMAND) or (kind in STOPS and principal.may(Scope.VEHICLES_STOP)):
        return
    raise Forbidden(
        "forbidden", f"the role {principal.role.value} may not give {kind.value}", kind=kind.value
    )


def _read_params(wish: CommandWish) -> CommandBody | None:
    """Return the wire body of the params; None for a kind whose body is planned and has no planner."""
    if KIND_RULES[wish.kind].is_planned:
        return None
    try:
        return msgspec.json.decode(wish.params or b"{}", type=COMMAND_BODIES[wish.kind])
    except msgspec.ValidationError as error:
        raise Invalid("invalid-input", f"params of {wish.kind.value}: {error}", field="params") from None


def _shown(params: bytes) -> Any:
    return msgspec.json.decode(params) if params else {}
