"""Reading the stream: what is new in every owned partition, as soon as something is."""

from typing import Final

import msgspec
import structlog

from core.redis import StreamsRedis
from fleet.telemetry.records import Entry, read_entry
from fleet.telemetry.streams import streams_of

ENTRIES_MOST: Final = 256
"""Entries of one partition in one read; a longer queue is worked off without waiting between ticks."""
FIRST_ENTRIES: Final = 16
"""While the size of entries is not known."""
POSITIONS_MOST: Final = 100_000
"""About how many positions one read brings: a tracker that is behind needs no more memory."""

_log = structlog.get_logger("fleet.telemetry.reading")


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What one read brought."""

    entries: list[Entry] = []
    """In each partition's order; empty when nothing came while it waited."""
    has_more: bool = False
    """Whether more lies in the stream already."""
    newest_ms: int = 0
    """City time at which the newest entry was received; 0 without entries."""
    is_whole: bool = True
    """Whether every partition could be asked; on a cluster a node may be away."""


class StreamReader:
    """Follows the owned partitions. ``up_to`` is the tracker's: partition → last entry that was read."""

    def __init__(self, streams: StreamsRedis) -> None:
        self._streams = streams_of(streams)
        self.up_to: dict[int, bytes] = {}
        self._count = FIRST_ENTRIES

    async def read(self, wait_ms: int) -> Read:
        """Return what is new, waiting up to ``wait_ms`` wall milliseconds for the first of it.

        Entries that a gateway appended together come together. Without a partition it returns at once.
        Raises what Redis raises.
        """
        if not self.up_to:
            return Read()
        count = self._count
        found = await self._streams.read(self.up_to, count=count, wait_ms=wait_ms)
        entries: list[Entry] = []
        has_more = False
        newest_ms = 0
        for partition, parts in found:
            self.up_to[partition] = parts[-1][0]
            for entry_id, fields in parts:
                entry = _readable(entry_id, fields)
                if entry is not None:
                    entries.append(entry)
                    newest_ms = max(newest_ms, entry.received_ms)
            has_more = has_more or len(parts) == count
        self._count = self._entries_of(entries)
        return Read(entries=entries, has_more=has_more, newest_ms=newest_ms, is_whole=not self._streams.deaf)

    def _entries_of(self, entries: list[Entry]) -> int:
        """Return how many entries a partition may bring next, going by the size of these."""
        positions = sum(len(entry.positions) for entry in entries)
        if not positions:
            return self._count
        fitting = POSITIONS_MOST * len(entries) // (positions * len(self.up_to))
        return max(1, min(ENTRIES_MOST, fitting))

    async def aclose(self) -> None:
        """Give up what a read left waiting."""
        await self._streams.aclose()


def _readable(entry_id: bytes, fields: dict[bytes, bytes]) -> Entry | None:
    try:
        return read_entry(fields)
    except (KeyError, ValueError, TypeError) as error:
        _log.error("stream_entry_unreadable", entry=entry_id.decode(), error=repr(error))
        return None
