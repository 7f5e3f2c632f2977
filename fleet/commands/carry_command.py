"""The outbox route that carries a queued command to the gateways' stream."""

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.errors import NotFound
from core.ids import CommandId
from core.outbox import OutboxMessage
from core.redis import Redis
from fleet.commands.command import may_be_sent, to_wire
from fleet.commands.store import CommandStore
from fleet.links.outgoing import send_command
from fleet.vehicles.store import VehicleStore


class CommandCarrier:
    """Route of topic ``command.queued``: reads the row again, so that a late or overtaken one is not sent."""

    def __init__(self, database: Database, redis: Redis, clock: Clock) -> None:
        """Take where commands are, and the plain server whose stream the gateways read."""
        self._database = database
        self._redis = redis
        self._clock = clock

    async def __call__(self, message: OutboxMessage) -> None:
        """Put the command on the stream unless it may not be sent any more."""
        async with self._database.read() as tx:
            try:
                command = await CommandStore(tx).get(CommandId(message.payload["command_id"]), EVERYTHING)
            except NotFound:
                return
            epochs = await VehicleStore(tx).stop_epochs({command.vehicle_no})
            held = await VehicleStore(tx).held_at_scene({command.vehicle_no})
        epoch = epochs.get(command.vehicle_no, 0)
        if may_be_sent(command, self._clock.now(), held_stop_epoch=epoch, is_scene_held=bool(held)):
            await send_command(self._redis, to_wire(command))
