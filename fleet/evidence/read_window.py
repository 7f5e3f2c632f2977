"""Everything that one vehicle said in a window: history files at full rate, and the stream's last seconds."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
import numpy as np

from core import keys
from core.errors import Unavailable
from core.redis import REDIS_DOWN, StreamsRedis
from fleet.history.kept import HISTORY, HISTORY_STATUS, as_kept, as_kept_status
from fleet.links.wire.status import STATUS
from fleet.telemetry.records import Records, joined, read_entry

ENTRIES_AT_ONCE: Final = 500
_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)


class WindowTelemetry(msgspec.Struct, frozen=True, kw_only=True):
    """HISTORY[n] and HISTORY_STATUS[m] of one vehicle, by measured time, each record once."""

    positions: Records
    status: Records
    is_durable: bool
    """Whether all of it is in history files; else the archiver has still to store some from the stream."""
    in_files: int
    in_stream_only: int


class WindowReader(Protocol):
    """Reads what a vehicle said in a span of city milliseconds, ends included."""

    async def read(self, vehicle_no: int, from_ms: int, to_ms: int) -> WindowTelemetry:
        """Return it. Raises Unavailable when the stream does not answer."""
        ...

    async def around(self, vehicle_no: int, from_ms: int, to_ms: int) -> Records:
        """Return HISTORY[n] of what is durable."""
        ...


class HistoryWindow:
    """WindowReader over the history folder and the streams. pyarrow is imported at the first window."""

    def __init__(self, streams: StreamsRedis, folder: Path, *, partitions: int) -> None:
        self._streams = streams
        self._folder = folder
        self._partitions = partitions

    async def read(self, vehicle_no: int, from_ms: int, to_ms: int) -> WindowTelemetry:
        """Return it. The stream is read before the files: what is flushed meanwhile is found in both."""
        tail = await self._from_stream(vehicle_no, from_ms, to_ms)
        kept = await asyncio.to_thread(self._from_files, vehicle_no, from_ms, to_ms)
        positions = _once(kept[0], tail[0], "seq")
        status = _once(kept[1], tail[1], "status_seq")
        in_files = len(kept[0]) + len(kept[1])
        more = len(positions) + len(status) - in_files
        return WindowTelemetry(
            positions=positions,
            status=status,
            is_durable=more == 0,
            in_files=in_files,
            in_stream_only=more,
        )

    async def around(self, vehicle_no: int, from_ms: int, to_ms: int) -> Records:
        """Return HISTORY[n] of what is in files: what came before a durable position is durable too."""
        return (await asyncio.to_thread(self._from_files, vehicle_no, from_ms, to_ms))[0]

    def _from_files(self, vehicle_no: int, from_ms: int, to_ms: int) -> tuple[Records, Records]:
        from fleet.history.layout import POSITIONS
        from fleet.history.layout import STATUS as STATUS_KIND
        from fleet.history.reading import History

        found = (
            joined(list(History(self._folder, kind).of_vehicle(vehicle_no, from_ms, to_ms)), kind.dtype)
            for kind in (POSITIONS, STATUS_KIND)
        )
        positions, status = found
        return positions, status

    async def _from_stream(self, vehicle_no: int, from_ms: int, to_ms: int) -> tuple[Records, Records]:
        positions: list[Records] = []
        status: list[Records] = []
        after = "-"
        while True:
            try:
                entries: Any = await self._streams.xrange(
                    keys.telemetry(vehicle_no % self._partitions), min=after, max="+", count=ENTRIES_AT_ONCE
                )
            except _AWAY as error:
                raise Unavailable("redis-unavailable", retry_after_s=2) from error
            for _, fields in entries:
                entry = read_entry(fields)
                mine = _mine(entry.positions, entry.positions["vehicle_no"], vehicle_no, from_ms, to_ms)
                positions.append(as_kept(mine, np.full(len(mine), entry.received_ms, np.int64)))
                said = _mine(entry.status, entry.status["status"]["vehicle_no"], vehicle_no, from_ms, to_ms)
                status.append(as_kept_status(said))
            if len(entries) < ENTRIES_AT_ONCE:
                return joined(positions, HISTORY), joined(status, HISTORY_STATUS)
            after = f"({entries[-1][0].decode()}"


def _mine(records: Records, numbers: Any, vehicle_no: int, from_ms: int, to_ms: int) -> Records:
    ms = records["measured_ms"]
    found: Records = records[(numbers == vehicle_no) & (ms >= from_ms) & (ms <= to_ms)]
    return found


def _once(files: Records, stream: Records, seq: str) -> Records:
    """Return both by measured time; of a record that is in both, the one of the files."""
    both = joined((files, stream), files.dtype if len(files) else stream.dtype)
    if not len(both):
        return both
    pairs = np.stack((both["measured_ms"], both[seq].astype(np.int64)), axis=1)
    _, first = np.unique(pairs, axis=0, return_index=True)
    return both[first]


def position_rows(
    records: Records, refused: Callable[[int], str | None]
) -> list[dict[str, int | str | None]]:
    """Return positions as they are written down: the wire's integers, how late each one came, and why not.

    ``refused`` names the guard's reason of a row, None for a position that was believed.
    """
    names = [name for name in HISTORY.names or () if name != "vehicle_no"]
    return [
        {
            **{name: int(record[name]) for name in names},
            "clock_offset_ms": int(record["received_ms"]) - int(record["measured_ms"]),
            "refused": refused(row),
        }
        for row, record in enumerate(records)
    ]


def status_rows(records: Records) -> list[dict[str, Any]]:
    """Return status records as they are written down: every field by name, and the bytes as they came."""
    rows = []
    for record in records:
        raw = record["record"].tobytes()
        said = np.frombuffer(raw, STATUS)[0]
        fields = {name: _plain(said[name]) for name in STATUS.names or () if name != "vehicle_no"}
        rows.append({"measured_ms": int(record["measured_ms"]), **fields, "record": raw.hex()})
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tobytes().hex() if value.dtype == np.uint8 else [int(one) for one in value]
    return int(value)
