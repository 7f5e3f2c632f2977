"""Who may be heard: vehicles as columns indexed by vehicle_no, refreshed from the registry.

``vehicle_no`` is given out by the registry, counting up from 1, so that it is its own index: no look-up
table, no hashing in the hot path. Everything above the highest number ever given is ``unknown``.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.ids import DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind

MAX_VEHICLE_NO: Final = 4_000_000
"""Columns grow with the highest number; this bounds what a typing error in the registry can allocate."""
NOBODY: Final = 0
"""Index that stands for no name in the name columns."""


def longer[T: np.generic](column: NDArray[T], size: int) -> NDArray[T]:
    """Return a copy of a column with zeros behind it up to ``size``."""
    grown = np.zeros((size, *column.shape[1:]), dtype=column.dtype)
    grown[: len(column)] = column
    return grown


class RosterRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the hot path must know of one vehicle."""

    vehicle_no: VehicleNo
    maker: MakerId
    operator: OperatorId
    district: DistrictCode
    service: ServiceKind
    is_heard: bool = True
    """False for a decommissioned vehicle: its frames are refused as unknown."""
    is_in_service: bool = True
    """Only a vehicle in service can leave its operating area."""
    is_under_way: bool = False
    """Its duty puts it on the road: silence is then an alarm."""
    is_to_move: bool = False
    """Its duty has it drive somewhere: standing for long is then an alarm."""
    report_interval_s: float = 1.0


class RosterSource(Protocol):
    """Where the roster comes from: the registry in SQL, or a list in a test."""

    async def changed_rows(self) -> Sequence[RosterRow]:
        """Return every row at the first call, afterwards those that changed since the call before."""
        ...


class FixedRoster:
    """A roster that never changes."""

    def __init__(self, rows: Iterable[RosterRow]) -> None:
        self._rows: list[RosterRow] = list(rows)

    async def changed_rows(self) -> Sequence[RosterRow]:
        """Return the rows once, then nothing."""
        rows, self._rows = self._rows, []
        return rows


class Names:
    """Names as small numbers; 0 is no name. Grows, never forgets."""

    def __init__(self) -> None:
        self._names: list[str] = [""]
        self._numbers: dict[str, int] = {"": NOBODY}

    def number(self, name: str) -> int:
        """Return the number of a name, giving one out if it is new."""
        known = self._numbers.get(name)
        if known is None:
            known = self._numbers[name] = len(self._names)
            self._names.append(name)
        return known

    def peek(self, name: str) -> int | None:
        """Return the number of a name or None when it was never seen."""
        return self._numbers.get(name)

    def all(self) -> list[str]:
        """Return every name by its number; the first is empty."""
        return list(self._names)

    def name(self, number: int) -> str:
        """Return the name of a number."""
        return self._names[number]


class Roster:
    """Columns indexed by vehicle_no. One event loop; the hot path reads them without a lock."""

    def __init__(self) -> None:
        self.makers = Names()
        self.operators = Names()
        self.districts = Names()
        self.services: list[ServiceKind] = list(ServiceKind)
        self.size = 1024
        self.revision = 0
        """Rises when a column was replaced or changed, so that whoever derives from them can follow."""
        self.kinds_revision = 0
        """Rises when a vehicle is new or has another service or operator: what the rules of fences go by."""
        self.heard = np.zeros(self.size, dtype=np.bool_)
        self.in_service = np.zeros(self.size, dtype=np.bool_)
        self.under_way = np.zeros(self.size, dtype=np.bool_)
        self.to_move = np.zeros(self.size, dtype=np.bool_)
        self.maker = np.zeros(self.size, dtype=np.uint16)
        self.operator = np.zeros(self.size, dtype=np.uint16)
        self.district = np.zeros(self.size, dtype=np.uint16)
        self.service = np.zeros(self.size, dtype=np.uint8)
        self.interval_ms = np.zeros(self.size, dtype=np.int64)

    def __repr__(self) -> str:
        return f"Roster({int(self.heard.sum())} vehicles, up to number {self.size - 1})"

    def __len__(self) -> int:
        return int(self.heard.sum())

    @property
    def known(self) -> NDArray[np.bool_]:
        """Return bool[size]: the vehicles that there are or were; a decommissioned one is no longer heard."""
        known: NDArray[np.bool_] = self.maker != NOBODY
        return known

    def _grow(self, size: int) -> None:
        self.heard = longer(self.heard, size)
        self.in_service = longer(self.in_service, size)
        self.under_way = longer(self.under_way, size)
        self.to_move = longer(self.to_move, size)
        self.maker = longer(self.maker, size)
        self.operator = longer(self.operator, size)
        self.district = longer(self.district, size)
        self.service = longer(self.service, size)
        self.interval_ms = longer(self.interval_ms, size)
        self.size = size

    def put(self, rows: Sequence[RosterRow]) -> None:
        """Take new and changed vehicles. Raises ValueError for a number outside 1…MAX_VEHICLE_NO."""
        if not rows:
            return
        highest = max(row.vehicle_no for row in rows)
        if highest > MAX_VEHICLE_NO or min(row.vehicle_no for row in rows) < 1:
            raise ValueError(f"vehicle numbers run from 1 to {MAX_VEHICLE_NO}, not {highest}")
        if highest >= self.size:
            self._grow(max(highest + 1, self.size * 2))
        for row in rows:
            no = row.vehicle_no
            before = self.service[no], self.operator[no]
            self.heard[no] = row.is_heard
            self.in_service[no] = row.is_in_service
            self.under_way[no] = row.is_under_way
            self.to_move[no] = row.is_to_move
            self.maker[no] = self.makers.number(row.maker)
            self.operator[no] = self.operators.number(row.operator)
            self.district[no] = self.districts.number(row.district)
            self.service[no] = self.services.index(row.service)
            self.interval_ms[no] = round(row.report_interval_s * 1000)
            if before != (self.service[no], self.operator[no]):
                self.kinds_revision += 1
        self.revision += 1

    async def refresh(self, source: RosterSource) -> int:
        """Take what changed at the source; return how many rows that were."""
        rows = await source.changed_rows()
        self.put(rows)
        return len(rows)
