"""Where the vehicles' memories are kept between runs: one SQLite file of the simulator's own."""

import sqlite3
from collections import UserDict
from collections.abc import Iterable
from pathlib import Path

import msgspec

from fleet.links.wire.commands import WireFence
from simulator.vehicles.fence_book import FenceBook
from simulator.vehicles.memory import SEQ_GAP_AFTER_CRASH, VehicleMemory, decode_memory, encode_memory


class MemoryFile:
    """Memories by vehicle number. Not shared between processes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._sql = sqlite3.connect(path)
        self._sql.execute("PRAGMA journal_mode = WAL")
        self._sql.execute("PRAGMA synchronous = NORMAL")
        self._sql.execute(
            "CREATE TABLE IF NOT EXISTS vehicles (no INTEGER PRIMARY KEY, memory BLOB NOT NULL)"
        )
        self._sql.execute("CREATE TABLE IF NOT EXISTS fences (key TEXT PRIMARY KEY, fence BLOB NOT NULL)")
        self._sql.execute("CREATE TABLE IF NOT EXISTS sessions (who TEXT PRIMARY KEY, cookie TEXT NOT NULL)")
        self._sql.commit()

    def load(self) -> dict[int, VehicleMemory]:
        """Return every memory. One that cannot be read (another version's) is left out.

        Positions may have been numbered further than the file knows: their numbers go on after a gap.
        """
        found: dict[int, VehicleMemory] = {}
        for number, data in self._sql.execute("SELECT no, memory FROM vehicles"):
            try:
                memory = decode_memory(data)
            except msgspec.DecodeError:
                continue
            memory.position_seq += SEQ_GAP_AFTER_CRASH
            memory.status_seq += SEQ_GAP_AFTER_CRASH
            found[number] = memory
        return found

    def save(self, memories: Iterable[tuple[int, VehicleMemory]]) -> None:
        """Write some memories in one transaction."""
        rows = [(number, encode_memory(memory)) for number, memory in memories]
        if not rows:
            return
        with self._sql:
            self._sql.executemany("INSERT OR REPLACE INTO vehicles VALUES (?, ?)", rows)

    def sessions(self) -> "KeptSessions":
        """Return people's sessions, read now and written whenever one changes."""
        return KeptSessions(self._sql)

    def load_fences(self, book: FenceBook) -> None:
        """Put every fence that is kept into a book."""
        for key, data in self._sql.execute("SELECT key, fence FROM fences"):
            book.put(key, msgspec.json.decode(data, type=WireFence))

    def save_fences(self, book: FenceBook) -> None:
        """Write the fences that came into the book since the last time."""
        if not book.fresh:
            return
        rows = [(key, msgspec.json.encode(book.fence(key))) for key in book.fresh]
        with self._sql:
            self._sql.executemany("INSERT OR REPLACE INTO fences VALUES (?, ?)", rows)
        book.fresh.clear()

    def close(self) -> None:
        """Close the file."""
        self._sql.close()


class KeptSessions(UserDict[str, str]):
    """Cookies by phone or user name, in the same file."""

    def __init__(self, sql: sqlite3.Connection) -> None:
        self._sql = sql
        super().__init__()
        self.data.update(sql.execute("SELECT who, cookie FROM sessions"))

    def __setitem__(self, who: str, cookie: str) -> None:
        self.data[who] = cookie
        with self._sql:
            self._sql.execute("INSERT OR REPLACE INTO sessions VALUES (?, ?)", (who, cookie))
