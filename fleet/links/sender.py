"""Who sends frames, what of theirs was taken, and how far it is safe on disk."""

from collections import deque
from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from core.auth.principal import Principal
from core.ids import MakerId, VehicleNo
from fleet.telemetry.roster import Roster

_MOST_WAITING: Final = 4096
"""Flushes a sender may wait for; beyond it the oldest mark is dropped and the next one covers it."""
MOST_GAPS: Final = 2_000
"""Frames of one sender that may have to come again: a minute and a half of what a link may send."""
GAP_MOST_S: Final = 90.0
"""How long a frame may be missing; the longest pause before it is sent again is 30 s."""


class Sender:
    """One credential on one link, or over HTTP. Numbers come from its principal and the roster."""

    __slots__ = (
        "_first_gap",
        "_highest_durable_seq",
        "_highest_seq",
        "_waiting",
        "accepted_count",
        "accepted_seq",
        "durable_seq",
        "gaps",
        "last_frame_seq",
        "maker",
        "maker_number",
        "only_vehicle",
        "principal",
        "several",
        "vehicles",
    )

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
        self._waiting: deque[tuple[int, int]] | None = None
        """(flush, highest frame of it) that are not on disk yet."""
        self._highest_seq = self._highest_durable_seq = 0
        self.gaps: dict[int, int | None] = {}
        """Frames that were not taken when they came, and the flush that took them since: nothing is said to
        be accepted or durable past them."""
        self._first_gap: tuple[int, float] = (0, 0.0)
        """The first frame that has to come again, and since when it is the first."""

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
        """Say whether a frame came before, and remember the highest; what was not taken may come again."""
        if frame_seq <= self.last_frame_seq:
            return not (frame_seq in self.gaps and self.gaps[frame_seq] is None)
        self.last_frame_seq = frame_seq
        return False

    def forget(self, frame_seq: int) -> None:
        """Let a frame that could not be taken be sent again."""
        self.last_frame_seq = max(self.last_frame_seq, frame_seq)
        if len(self.gaps) < MOST_GAPS or frame_seq in self.gaps:
            self.gaps[frame_seq] = None

    def took(self, frame_seq: int, count: int, flush: int) -> None:
        """Note that a frame went into the stream with a flush."""
        if frame_seq in self.gaps:
            self.gaps[frame_seq] = flush
        self._highest_seq = max(self._highest_seq, frame_seq)
        self.accepted_seq = (
            self._before_gaps(self._highest_seq, self.missing) if self.gaps else self._highest_seq
        )
        self.accepted_count += count
        if self._waiting and self._waiting[-1][0] == flush:
            self._waiting[-1] = (flush, max(frame_seq, self._waiting[-1][1]))
        else:
            if self._waiting is None:
                self._waiting = deque(maxlen=_MOST_WAITING)
            self._waiting.append((flush, frame_seq))

    @property
    def missing(self) -> list[int]:
        """Return the frames that have to come again."""
        if not self.gaps:
            return []
        return [frame_seq for frame_seq, flush in self.gaps.items() if flush is None]

    def is_stuck(self, now_s: float) -> bool:
        """Say whether frames are missing that the sender does not send again, or too many of them."""
        missing = self.missing
        if not missing:
            return False
        if min(missing) != self._first_gap[0]:
            self._first_gap = (min(missing), now_s)
        return len(self.gaps) >= MOST_GAPS or now_s - self._first_gap[1] > GAP_MOST_S

    def settle(self, durable_flush: int) -> bool:
        """Note how far the flushes are on disk; return whether the durable sequence rose."""
        before = self.durable_seq
        while self._waiting and self._waiting[0][0] <= durable_flush:
            self._highest_durable_seq = max(self._highest_durable_seq, self._waiting.popleft()[1])
        if self.gaps:
            self.gaps = {
                frame_seq: flush
                for frame_seq, flush in self.gaps.items()
                if flush is None or flush > durable_flush
            }
        reached = self._before_gaps(self._highest_durable_seq, self.gaps)
        self.durable_seq = max(self.durable_seq, reached)
        return self.durable_seq > before

    @staticmethod
    def _before_gaps(reached: int, gaps: Collection[int]) -> int:
        return min(reached, min(gaps) - 1) if gaps else reached
