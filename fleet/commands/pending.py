"""What SQL still owes to vehicles: read by a gateway when a link opens and when it sweeps."""

from collections.abc import Collection

from core.clock import Clock
from core.database import Database
from core.ids import CommandId, VehicleNo
from fleet.commands.command import advance_command, may_be_sent, to_wire
from fleet.commands.kinds import CommandEvent
from fleet.commands.store import CommandStore
from fleet.links.wire.messages import Command as WireCommand
from fleet.vehicles.store import VehicleStore

SLICE = 5_000
"""Vehicles asked for in one query: under the parameter limits of both databases."""


class SqlPendingCommands:
    """fleet.links.outgoing.PendingCommands over SQL."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take where commands are, and the city clock that decides what is late."""
        self._database = database
        self._clock = clock

    async def pending(self, vehicle_nos: Collection[int]) -> list[WireCommand]:
        """Return what may still be sent, oldest first; of stops and releases only what nothing overtook."""
        numbers = sorted(vehicle_nos)
        found: list[WireCommand] = []
        for start in range(0, len(numbers), SLICE):
            found += await self._slice([VehicleNo(number) for number in numbers[start : start + SLICE]])
        return found

    async def _slice(self, numbers: list[VehicleNo]) -> list[WireCommand]:
        async with self._database.read() as tx:
            waiting = await CommandStore(tx).open_of(numbers)
            if not waiting:
                return []
            whose = {command.vehicle_no for command in waiting}
            epochs = await VehicleStore(tx).stop_epochs(whose)
            held = await VehicleStore(tx).held_at_scene(whose)
        at = self._clock.now()
        return [
            to_wire(command)
            for command in waiting
            if may_be_sent(
                command,
                at,
                held_stop_epoch=epochs.get(command.vehicle_no, 0),
                is_scene_held=command.vehicle_no in held,
            )
        ]

    async def sent(self, command_ids: Collection[str]) -> None:
        """Note that commands were put on a link; what was answered meanwhile stays as it is."""
        if not command_ids:
            return
        at = self._clock.now()
        async with self._database.write() as tx:
            store = CommandStore(tx)
            for command in await store.queued_of([CommandId(text) for text in command_ids]):
                await store.save(command, advance_command(command, CommandEvent.SENT, at=at))
