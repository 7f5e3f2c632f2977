"""A history as the archiver writes it, for tests: raw files of a few vehicles, a crash, what is read back."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from fleet.history.check import check
from fleet.history.compact import Compactor
from fleet.history.files import RawFiles
from fleet.history.kept import HOUR_MS
from fleet.history.layout import POSITIONS
from fleet.history.reading import History
from fleet.history.sweep import Selection
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS, Records

HOUR: Final = 500_000
"""An hour of 2027."""
T0: Final = HOUR * HOUR_MS
ROOT: Final = Path(__file__).parents[1]
SETTLE_MS: Final = 900_000

COMPACT: Final = """
import sys
from pathlib import Path
from core import crashpoints
from tests.history import compact
crashpoints.arm(sys.argv[2], int(sys.argv[3]))
compact(Path(sys.argv[1]), int(sys.argv[4]))
"""


def positions(vehicles: Iterable[int], at_ms: Iterable[int], **columns: Any) -> Records:
    """Return STREAM_POSITION of vehicles at moments; the sequence is the second since T0."""
    pairs = [(vehicle, ms) for vehicle in vehicles for ms in at_ms]
    records = np.zeros(len(pairs), STREAM_POSITION)
    records["vehicle_no"] = [vehicle for vehicle, _ in pairs]
    records["measured_ms"] = [ms for _, ms in pairs]
    records["seq"] = (records["measured_ms"] - T0 + 10_000_000) // 1000
    records["lat_e7"], records["lng_e7"] = 396_000_000, 1_098_000_000
    for name, values in columns.items():
        records[name] = values
    return records


class Written:
    """A history folder and the archiver's hand in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = RawFiles(folder)
        self.files.prepare()
        self.everything: set[tuple[int, int]] = set()

    def raw(self, records: Records, closed_ms: int, status: Records | None = None) -> Path:
        self.everything |= pairs(records)
        received_ms = records["measured_ms"] + 50
        nothing = np.zeros(0, STREAM_STATUS) if status is None else status
        return self.files.write(records, received_ms, nothing, {0: f"{closed_ms}-0"}, closed_ms)

    def minutes(self, vehicles: Iterable[int], from_ms: int, to_ms: int, every_ms: int = 60_000) -> None:
        """Write a raw file each minute of a span, a position a second."""
        numbers = list(vehicles)
        for start in range(from_ms, to_ms, every_ms):
            self.raw(positions(numbers, range(start, start + every_ms, 1000)), start + every_ms + 500)


def pairs(records: Records) -> set[tuple[int, int]]:
    """Return (vehicle, measured_ms) of records."""
    return set(zip(records["vehicle_no"].tolist(), records["measured_ms"].tolist(), strict=True))


def read(
    folder: Path, from_ms: int = T0 - HOUR_MS * 48, to_ms: int = T0 + HOUR_MS * 48, **what: Any
) -> Records:
    """Return what the history holds of a span, in the order in which it is read."""
    parts = list(History(folder).read(Selection(from_ms=from_ms, to_ms=to_ms, **what)))
    return np.concatenate(parts) if parts else np.zeros(0, POSITIONS.dtype)


def compact(folder: Path, now_ms: int, kind: Any = POSITIONS) -> list[int]:
    """Do what the archiver does when hours are due; return them."""
    compactor = Compactor(folder, kind, piece_rows=5_000)
    compactor.tidy()
    due = compactor.due(now_ms, SETTLE_MS)
    for hour, raw in due.items():
        compactor.write(hour, raw)
        compactor.tidy()
    return list(due)


def compact_and_die(folder: Path, now_ms: int, point: str, after: int = 0) -> int:
    """Compact in a process that kills itself at a crash point; return its exit code."""
    words = [sys.executable, "-c", COMPACT, str(folder), point, str(after), str(now_ms)]
    return subprocess.run(words, cwd=ROOT, check=False, timeout=60).returncode


def assert_whole(written: Written) -> None:
    """Everything that was written is read once, and the accounts agree."""
    found = read(written.folder)
    assert len(found) == len(written.everything)
    assert pairs(found) == written.everything
    report = check(written.folder)
    assert report.complaints == ()
    assert report.read_back == report.totals.stored == len(written.everything)
