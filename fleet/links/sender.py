"""Who sends frames, what of theirs was taken, and how far it is safe on disk."""

from collections import deque
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Principal
from core.ids import MakerId, VehicleNo
from fleet.telemetry.roster import Roster

_MOST_WAITING: Final = 4096
"""Flushes a sender may wait for; beyond it the oldest mark is dropped and the next one covers it."""


class Sender:
    """One credential on one link, or over HTTP. Numbers come from its principal and the roster."""

    def __init__(self, principal: Principal, roster: Roster) -> None:
        self.principal = principal
        self.maker: MakerId | None = principal.maker
        self.vehicles: frozenset[VehicleNo] | None = principal.vehicles
        self.maker_number = roster.makers.number(principal.maker) if principal.maker is not None else -1
        self.only_vehicle = -1
        self.several: NDArray[np.uint32] | None = None
        if principal.kind != "maker":
            self.maker_number = -1
            numbers = sorted(principal.vehicles or ())
            self.only_vehicle = numbers[0] if len(numbers) == 1 else -1
            self.several = np.array(numbers, dtype=np.uint32) if len(numbers) > 1 else None
        self.last_frame_seq = 0
        self.accepted_seq = 0
        self.accepted_count = 0
        self.durable_seq = 0
        self._waiting: deque[tuple[int, int]] = deque(maxlen=_MOST_WAITING)

    def __repr__(self) -> str:
        return f"Sender({self.principal.kind} {self.principal.id}, frame {self.last_frame_seq})"

    def owns(self, vehicle_no: int, roster: Roster) -> bool:
        """Return whether the credential may speak for a vehicle; unknown numbers belong to nobody."""
        if not 0 < vehicle_no < roster.size or not roster.heard[vehicle_no]:
            return False
        if self.maker_number >= 0:
            return bool(roster.maker[vehicle_no] == self.maker_number)
        return self.vehicles is not None and vehicle_no in self.vehicles

    def own_numbers(self, roster: Roster) -> list[int]:
        """Return the vehicles that it speaks for, ascending."""
        if self.maker_number >= 0:
            own = roster.heard & (roster.maker == self.maker_number)
            return [int(number) for number in np.flatnonzero(own)]
        return [number for number in sorted(self.vehicles or ()) if self.owns(number, roster)]

    def is_replay(self, frame_seq: int) -> bool:
        """Say whether a frame's sequence does not rise, and remember it when it does."""
        if frame_seq <= self.last_frame_seq:
            return True
        self.last_frame_seq = frame_seq
        return False

    def forget(self, frame_seq: int) -> None:
        """Let a frame that could not be taken be sent again."""
        self.last_frame_seq = min(self.last_frame_seq, frame_seq - 1)

    def took(self, frame_seq: int, count: int, flush: int) -> None:
        """Note that a frame went into the stream with a flush."""
        self.accepted_seq = max(self.accepted_seq, frame_seq)
        self.accepted_count += count
        if self._waiting and self._waiting[-1][0] == flush:
            self._waiting[-1] = (flush, max(frame_seq, self._waiting[-1][1]))
        else:
            self._waiting.append((flush, frame_seq))

    def settle(self, durable_flush: int) -> bool:
        """Note how far the flushes are on disk; return whether the durable sequence rose."""
        before = self.durable_seq
        while self._waiting and self._waiting[0][0] <= durable_flush:
            self.durable_seq = max(self.durable_seq, self._waiting.popleft()[1])
        return self.durable_seq > before
