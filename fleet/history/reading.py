"""Which files hold what was measured in a span: hour files, and raw files that no hour has taken yet."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fleet.history.files import RawFiles
from fleet.history.hourly import HourFiles
from fleet.history.kept import hour_of
from fleet.history.layout import POSITIONS, Kind
from fleet.history.sweep import Selection, Source, hour_head, raw_head, sweep
from fleet.telemetry.records import Records


class History:
    """The files of one kind of history. Reads only; safe to share between threads."""

    def __init__(self, folder: Path, kind: Kind = POSITIONS) -> None:
        self.kind = kind
        self._raw_root = folder / kind.name
        self._hours = HourFiles(folder, kind)

    def __repr__(self) -> str:
        return f"History({self._raw_root.parent}, {self.kind.name})"

    def read(self, wanted: Selection) -> Iterator[Records]:
        """Yield HISTORY[n], each record once: by block of five minutes, in it by vehicle and time.

        At most some 300,000 records at a time. Blocking: run it in a thread.
        """
        for records, _ in sweep(self.kind, self.sources, wanted):
            if len(records):
                yield records

    def sources(self, from_ms: int, to_ms: int) -> list[Source]:
        """Return the files of a span as they stand now. Raises FileNotFoundError when one vanished meanwhile.

        Raw files are listed before hour files: one that is taken and removed between the two is then missed
        nowhere, because the hour that took it is listed, or an hour that was listed has vanished.
        """
        raw = [
            file
            for file in RawFiles.all(self._raw_root)
            if file.oldest_ms <= to_ms and file.newest_ms >= from_ms
        ]
        hours = self._hours.between(hour_of(from_ms), hour_of(to_ms))
        heads = {file.hour: hour_head(file.path) for file in hours}
        found = [Source.of(file.path, heads[file.hour][1]) for file in hours]
        for file in sorted(raw):
            taken = frozenset(hour for hour, (ledger, _) in heads.items() if ledger.has_taken(file.serial))
            of_file = range(hour_of(file.oldest_ms), hour_of(file.newest_ms) + 1)
            if taken.issuperset(of_file):
                continue
            found.append(Source.of(file.path, raw_head(file.path)[1], taken))
        return found

    def of_vehicle(self, vehicle_no: int, from_ms: int, to_ms: int) -> Iterator[Records]:
        """Yield HISTORY[n] of one vehicle, oldest first."""
        return self.read(Selection(from_ms=from_ms, to_ms=to_ms, vehicles=np.array([vehicle_no])))
