"""Taking signed heads out of the database: a file a day, for whoever collects them elsewhere."""

from pathlib import Path

import msgspec
from anyio import to_thread

from core.outbox import OutboxMessage


class HeadFiles:
    """The relay's route of ``audit.head``: ``<folder>/2026-07-01.json``, written once, read-only.

    A file on the same machine proves little; it is there to be mirrored to an address that the operator does
    not control (docs/operations).
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def __call__(self, message: OutboxMessage) -> None:
        """Write the head; a second delivery changes nothing."""
        await to_thread.run_sync(
            self._write, str(message.payload["day"]), msgspec.json.encode(message.payload)
        )

    def _write(self, day: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{day}.json"
        if path.exists():
            return
        fresh = path.with_suffix(".tmp")
        fresh.write_bytes(content)
        fresh.chmod(0o444)
        fresh.replace(path)
