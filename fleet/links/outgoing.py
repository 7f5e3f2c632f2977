"""Commands on their way to a link: put on the stream by the relay, an emergency stop at once by pub/sub."""

from collections.abc import Collection
from typing import Final, Protocol

from core import keys
from core.redis import Redis
from fleet.links.wire.messages import Command, decode_to_vehicle, encode_message

FIELD_COMMAND: Final = b"c"
KEPT_COMMANDS: Final = 10_000
"""Entries that the stream keeps; SQL holds the truth and every link asks it when it opens."""


class PendingCommands(Protocol):
    """What SQL still owes to vehicles."""

    async def pending(self, vehicle_nos: Collection[int]) -> list[Command]:
        """Return commands that are queued or sent and not answered, not expired, oldest first.

        Raises Unavailable when the database does not answer.
        """
        ...

    async def sent(self, command_ids: Collection[str]) -> None:
        """Note that commands were put on a link; calling it twice changes nothing."""
        ...


class NoCommands:
    """A city without commands, for a gateway on its own."""

    async def pending(self, vehicle_nos: Collection[int]) -> list[Command]:  # noqa: ARG002
        """Return none."""
        return []

    async def sent(self, command_ids: Collection[str]) -> None:
        """Do nothing."""


async def send_command(redis: Redis, command: Command) -> None:
    """Put a command on the stream that every gateway reads. At-least-once; the vehicle drops duplicates."""
    await redis.xadd(
        keys.commands(), {FIELD_COMMAND: encode_message(command)}, maxlen=KEPT_COMMANDS, approximate=True
    )


async def push_at_once(redis: Redis, command: Command) -> int:
    """Publish an emergency stop or a release; return how many gateways heard it."""
    return int(await redis.publish(keys.emergency(), encode_message(command)))


def read_command(data: bytes) -> Command:
    """Return the command of a stream entry or publication. Raises ValueError for anything else."""
    message = decode_to_vehicle(data)
    if not isinstance(message, Command):
        raise ValueError(f"no command: {type(message).__name__}")
    return message
