"""What clients did and were told, one JSON line an event: invoke, then ok, fail or unknown.

An unknown outcome stays unknown: the request may have been carried out or not, and the checker may hold
neither against the city.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

type Phase = Literal["invoke", "ok", "fail", "unknown"]


@dataclass(frozen=True)
class Event:
    """One line."""

    phase: Phase
    op: str
    key: str
    at_s: float
    value: dict[str, Any] = field(default_factory=dict)


class History:
    """Appends events to a file and gives them back. One writer."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("a", buffering=1)

    def note(self, phase: Phase, op: str, key: str, at_s: float, **value: Any) -> None:
        line = {"phase": phase, "op": op, "key": key, "at_s": round(at_s, 4), "value": value}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._file.close()

    def events(self) -> Iterator[Event]:
        for line in self._path.read_text().splitlines():
            yield Event(**json.loads(line))

    def by_key(self, op: str) -> dict[str, list[Event]]:
        grouped: dict[str, list[Event]] = defaultdict(list)
        for event in self.events():
            if event.op == op:
                grouped[event.key].append(event)
        return dict(grouped)
