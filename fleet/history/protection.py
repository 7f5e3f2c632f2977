"""What must be kept whatever a rule says: spans of time around what happened to a vehicle."""

from collections.abc import Iterable
from typing import Any, Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.history.kept import BLOCK_MS
from fleet.links.wire.positions import MODE_MASK
from fleet.telemetry.records import Records

AROUND_MS: Final = 300_000
"""Five minutes on either side of an alarm, a stop command, a mode change or an incident (architecture.md)."""
EVERYBODY: Final = 0
"""Vehicle number of a span that holds for every vehicle; no vehicle has it."""

type Mask = NDArray[np.bool_]


class Protected(msgspec.Struct, frozen=True, kw_only=True):
    """Spans in city milliseconds, int64[n] each; their ends belong to them."""

    vehicles: NDArray[Any]
    from_ms: NDArray[Any]
    to_ms: NDArray[Any]

    @classmethod
    def of(cls, spans: Iterable[tuple[int, int, int]]) -> Self:
        """Return the protection of (vehicle_no or EVERYBODY, from_ms, to_ms)."""
        rows = np.array(list(spans), np.int64).reshape(-1, 3)
        return cls(vehicles=rows[:, 0], from_ms=rows[:, 1], to_ms=rows[:, 2])

    def __len__(self) -> int:
        return len(self.vehicles)

    def and_more(self, other: "Protected") -> "Protected":
        """Return both protections."""
        return Protected(
            vehicles=np.concatenate((self.vehicles, other.vehicles)),
            from_ms=np.concatenate((self.from_ms, other.from_ms)),
            to_ms=np.concatenate((self.to_ms, other.to_ms)),
        )

    def within(self, from_ms: int, to_ms: int) -> "Protected":
        """Return the spans that touch a span."""
        touch = (self.to_ms >= from_ms) & (self.from_ms <= to_ms)
        return Protected(vehicles=self.vehicles[touch], from_ms=self.from_ms[touch], to_ms=self.to_ms[touch])

    def holds(self, records: Records) -> Mask:
        """Say which records of one block, sorted by vehicle and time, lie in a span of their vehicle."""
        held = np.zeros(len(records), np.bool_)
        if not len(records) or not len(self):
            return held
        ms = records["measured_ms"]
        began = int(ms.min()) // BLOCK_MS * BLOCK_MS
        for from_ms, to_ms in zip(*self._of_everybody(), strict=True):
            held |= (ms >= from_ms) & (ms <= to_ms)
        keys = (records["vehicle_no"].astype(np.int64) << 32) | (ms - began)
        own = self.vehicles != EVERYBODY
        vehicles = self.vehicles[own] << 32
        first = np.searchsorted(keys, vehicles | np.clip(self.from_ms[own] - began, 0, BLOCK_MS))
        behind = np.searchsorted(keys, vehicles | np.clip(self.to_ms[own] - began, -1, BLOCK_MS) + 1)
        nesting = np.zeros(len(records) + 1, np.int64)
        real = self.to_ms[own] >= began
        np.add.at(nesting, first[real], 1)
        np.add.at(nesting, behind[real], -1)
        held |= np.cumsum(nesting[:-1]) > 0
        return held

    def _of_everybody(self) -> tuple[list[int], list[int]]:
        everybody = self.vehicles == EVERYBODY
        return self.from_ms[everybody].tolist(), self.to_ms[everybody].tolist()


NOTHING: Final = Protected.of(())


def mode_changes(records: Records, last_modes: dict[int, int]) -> Protected:
    """Return what is protected around changes of the control mode in a block sorted by vehicle and time.

    ``last_modes`` is each vehicle's mode at the end of the block before, and is brought up to date.
    """
    if not len(records):
        return NOTHING
    numbers, modes = records["vehicle_no"], records["mode_flags"] & MODE_MASK
    first = np.append(True, numbers[1:] != numbers[:-1])
    changed = np.append(False, (modes[1:] != modes[:-1]) & ~first[1:])
    for row in np.flatnonzero(first):
        changed[row] = last_modes.get(int(numbers[row]), int(modes[row])) != modes[row]
    last = np.append(first[1:], True)
    last_modes.update(zip(numbers[last].tolist(), modes[last].tolist(), strict=True))
    at = records["measured_ms"][changed]
    return Protected(vehicles=numbers[changed].astype(np.int64), from_ms=at - AROUND_MS, to_ms=at + AROUND_MS)
