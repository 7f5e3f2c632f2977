"""SQL of commands: compare-and-set on the version, reads within the reach of the vehicle."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, bindparam, literal, select, tuple_

from core.auth.principal import Reach
from core.changes import tell_changed
from core.database import CompareAndSet, Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound
from core.ids import CommandId, TaskId, VehicleNo
from fleet.commands.command import Command
from fleet.commands.kinds import OPEN_STATES, CommandState
from fleet.commands.tables import commands
from fleet.links.wire.commands import CommandKind
from fleet.vehicles.store import in_reach
from fleet.vehicles.tables import vehicles

_NEWEST_FIRST = (commands.c.issued_at.desc(), commands.c.command_id.desc())
_OLDEST_FIRST = (commands.c.issued_at, commands.c.command_id)
_UNCHANGED = CompareAndSet(commands, "command_id", "version")
_LOCK = select(commands).where(commands.c.command_id == bindparam("command")).with_for_update()
_OPEN = sorted(state.value for state in OPEN_STATES)


class Place(NamedTuple):
    """Where a command stands in the list of a vehicle's commands."""

    issued_at: datetime
    command_id: str


def _bound(place: Place) -> Any:
    return tuple_(
        literal(place.issued_at, commands.c.issued_at.type),
        literal(place.command_id, commands.c.command_id.type),
    )


class CommandStore:
    """Reads and writes commands inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, command: Command) -> bool:
        """Store a new command and announce it; return False when its id exists already."""
        if not await insert_new(self._tx, commands, _values(command)):
            return False
        self._announce(command)
        return True

    async def get(self, command_id: CommandId, reach: Reach) -> Command:
        """Return a command to a vehicle within the reach; raise NotFound when there is none."""
        query = _reachable(reach).where(commands.c.command_id == command_id)
        found = await self._all(query)
        if not found:
            raise NotFound("not-found", "there is no such command", command_id=command_id)
        return found[0]

    async def of_vehicle(
        self, vehicle_no: VehicleNo, reach: Reach, *, before: Place | None = None, limit: int = 50
    ) -> list[Command]:
        """Return the commands of a vehicle, newest first, at most `limit`, those behind `before`."""
        query = _reachable(reach).where(commands.c.vehicle_no == vehicle_no)
        if before is not None:
            query = query.where(tuple_(commands.c.issued_at, commands.c.command_id) < _bound(before))
        return await self._all(query.order_by(*_NEWEST_FIRST).limit(limit))

    async def recent(self, reach: Reach, *, limit: int = 200) -> list[Command]:
        """Return open commands and the newest finished ones within the reach, newest first."""
        return await self._all(_reachable(reach).order_by(*_NEWEST_FIRST).limit(limit))

    async def of_ids(self, ids: Collection[CommandId], reach: Reach) -> list[Command]:
        """Return those of the commands that lie within the reach, in no order."""
        if not ids:
            return []
        return await self._all(_reachable(reach).where(commands.c.command_id.in_(sorted(set(ids)))))

    async def open_of(self, numbers: Collection[VehicleNo]) -> list[Command]:
        """Return the open commands of vehicles in the order of issue."""
        if not numbers:
            return []
        query = select(commands).where(
            commands.c.vehicle_no.in_(sorted(set(numbers))), commands.c.state.in_(_OPEN)
        )
        return await self._all(query.order_by(*_OLDEST_FIRST))

    async def open_of_task(self, task_id: TaskId) -> list[Command]:
        """Return the open commands that concern a task in the order of issue."""
        query = select(commands).where(commands.c.task_id == task_id, commands.c.state.in_(_OPEN))
        return await self._all(query.order_by(*_OLDEST_FIRST))

    async def of_task(self, task_id: TaskId, kinds: Collection[CommandKind]) -> list[Command]:
        """Return every command of these kinds that concerned a task, in the order of issue."""
        query = select(commands).where(
            commands.c.task_id == task_id, commands.c.kind.in_(sorted(kind.value for kind in kinds))
        )
        return await self._all(query.order_by(*_OLDEST_FIRST))

    async def of_reason_since(
        self, numbers: Collection[VehicleNo], reason: str, moment: datetime
    ) -> list[Command]:
        """Return the commands that vehicles were given for a reason since a moment, in the order of issue."""
        if not numbers:
            return []
        query = select(commands).where(
            commands.c.vehicle_no.in_(sorted(set(numbers))),
            commands.c.reason == reason,
            commands.c.issued_at >= moment,
        )
        return await self._all(query.order_by(*_OLDEST_FIRST))

    async def open_everywhere(self, *, limit: int) -> list[tuple[Command, int]]:
        """Return open commands with the present stop epoch of their vehicle, the oldest first."""
        query = (
            select(commands, vehicles.c.stop_epoch.label("present_stop_epoch"))
            .join(vehicles, vehicles.c.vehicle_no == commands.c.vehicle_no)
            .where(commands.c.state.in_(_OPEN))
            .order_by(*_OLDEST_FIRST)
            .limit(limit)
        )
        rows = (await self._tx.execute(query)).mappings().all()
        return [(_command(row), int(row["present_stop_epoch"])) for row in rows]

    async def queued_of(self, ids: Collection[CommandId]) -> list[Command]:
        """Return those of the commands that no gateway has sent yet, locked until the commit."""
        if not ids:
            return []
        query = select(commands).where(
            commands.c.command_id.in_(sorted(set(ids))), commands.c.state == CommandState.QUEUED.value
        )
        return await self._all(query.order_by(*_OLDEST_FIRST).with_for_update())

    async def save(self, before: Command, after: Command) -> Command:
        """Write `after` over exactly `before`; raise Conflict when somebody was faster."""
        if not await _UNCHANGED.write(self._tx, before, _values(after)):
            raise Conflict("conflict", "the command was changed in between", command_id=before.command_id)
        self._announce(after)
        return after

    async def lock(self, command_id: CommandId) -> Command | None:
        """Return a command whose row nobody else changes until the commit; None when there is none."""
        found = await self._all(_LOCK, command=command_id)
        return found[0] if found else None

    async def _all(self, query: Select[Any], **given: object) -> list[Command]:
        return [_command(row) for row in (await self._tx.execute(query, given)).mappings()]

    def _announce(self, command: Command) -> None:
        moments = (command.finished_at, command.acknowledged_at, command.sent_at, command.issued_at)
        at = next(moment for moment in moments if moment is not None)
        tell_changed(self._tx, "command", command.command_id, at=at)


def _reachable(reach: Reach) -> Select[Any]:
    conditions: tuple[ColumnElement[bool], ...] = in_reach(reach)
    return select(commands).join(vehicles, vehicles.c.vehicle_no == commands.c.vehicle_no).where(*conditions)


def _values(command: Command) -> dict[str, Any]:
    return {**msgspec.structs.asdict(command), "body": bytes(command.body).decode()}


def _command(row: Mapping[Any, Any]) -> Command:
    return read_row(row, Command, body=msgspec.Raw(row["body"].encode()))
