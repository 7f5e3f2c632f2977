"""Hour files: ``hourly/{kind}/date=2026-07-01/hour=02/000003.parquet``; the highest generation is the hour.

An hour is changed only by a file of the next generation, whose rename is the commit; the one before is
removed afterwards. Its ledger says which raw files it has taken, so that a reader counts no record twice.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

import msgspec

from fleet.history.kept import HOUR_MS
from fleet.history.layout import SUFFIX, Kind

FOLDER: Final = "hourly"


class HourFile(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """What the path of an hour file says."""

    hour: int
    generation: int
    path: Path

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """Return what a path says, None for one that is no hour file's."""
        date, hour = path.parent.parent.name, path.parent.name
        try:
            began = datetime.fromisoformat(
                f"{date.removeprefix('date=')}T{hour.removeprefix('hour=')}:00:00+00:00"
            )
            generation = int(path.name.removesuffix(SUFFIX))
        except ValueError:
            return None
        return cls(hour=round(began.timestamp() * 1000) // HOUR_MS, generation=generation, path=path)


class HourFiles:
    """The hour files of one kind."""

    def __init__(self, folder: Path, kind: Kind) -> None:
        self.root = folder / FOLDER / kind.name
        self.kind = kind

    def __repr__(self) -> str:
        return f"HourFiles({self.root})"

    def all(self) -> list[HourFile]:
        """Return every hour file, superseded generations too, by hour and generation."""
        found = (HourFile.of(path) for path in self.root.glob(f"date=*/hour=*/*{SUFFIX}"))
        return sorted(file for file in found if file is not None)

    def newest(self) -> dict[int, HourFile]:
        """Return the file that is each hour now."""
        return {file.hour: file for file in self.all()}

    def superseded(self) -> list[HourFile]:
        """Return files of generations that a later one has replaced."""
        newest = self.newest()
        return [file for file in self.all() if newest[file.hour].generation > file.generation]

    def between(self, first_hour: int, last_hour: int) -> list[HourFile]:
        """Return the files of the hours of a span, ascending."""
        if last_hour - first_hour > len(list(self.root.glob("date=*"))) * 24:
            return [file for hour, file in self.newest().items() if first_hour <= hour <= last_hour]
        found = []
        for hour in range(first_hour, last_hour + 1):
            files = [HourFile.of(path) for path in self.place_of(hour).glob(f"*{SUFFIX}")]
            newest = max((file for file in files if file is not None), default=None)
            found += [] if newest is None else [newest]
        return found

    def place_of(self, hour: int) -> Path:
        """Return the folder of an hour."""
        began = datetime.fromtimestamp(hour * HOUR_MS / 1000, UTC)
        return self.root / f"date={began:%Y-%m-%d}" / f"hour={began:%H}"

    def path(self, hour: int, generation: int) -> Path:
        """Return where a generation of an hour lies."""
        return self.place_of(hour) / f"{generation:06d}{SUFFIX}"
