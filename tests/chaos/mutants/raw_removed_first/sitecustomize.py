"""Mutant: the keeper removes the raw files that an hour takes before the hour's file stands."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import fleet.history.compact as compact
from fleet.history.files import RawFile, RawFiles
from fleet.history.layout import Kind, place
from fleet.history.sweep import raw_head
from fleet.telemetry.records import Records

_write = compact.Compactor.write


def _removed_first(self: compact.Compactor, hour: int, raw: Sequence[RawFile], **how: Any) -> compact.Written:
    """Write an hour; only raw files go that hold nothing of other hours, and never the newest."""
    newest = max(RawFiles.all(self._raw_root))
    alone = [file.path for file in raw if file != newest and set(raw_head(file.path)[0].hours) == {hour}]

    def place_at_last(
        path: Path, kind: Kind, parts: Iterable[Records], ledger: Callable[[], bytes], point: str
    ) -> None:
        def account() -> bytes:
            said = ledger()
            for taken in alone:
                taken.unlink()
            return said

        place(path, kind, parts, account, point)

    compact.place = place_at_last  # type: ignore[attr-defined]
    return _write(self, hour, raw, **how)


compact.Compactor.write = _removed_first  # type: ignore[method-assign]
