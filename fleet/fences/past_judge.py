"""One fence over what is stored: the live step's own answers, asked only of positions that can change one."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from fleet.telemetry.records import Records
from geofences import geo
from geofences.batches import margin, rounds
from geofences.events import FenceEventKind, TransitionState
from geofences.fences import Fence
from geofences.index import FenceIndex
from geofences.transitions import Transitions

type Rows = NDArray[np.intp]
type Booleans = NDArray[np.bool_]

_UNKNOWN_ACCURACY: Final = 255
_UNCOUNTED: Final = FenceEventKind.OUTSIDE
"""Said to vehicles that were never near, whose positions are not read."""
_IN, _DOUBTFUL, _OUT = 1, 2, 3


class Judged(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Where a judge stands, for another process to go on from; it says what this one would have said."""

    events: Mapping[str, int]
    vehicles: bytes
    """int32[m]: those that made the fence say something."""
    membership: TransitionState
    lat: bytes
    """float64[n], where each slot of ``membership`` was last."""
    lng: bytes


class PastJudge:
    """Counts what a fence says. A vehicle's positions come in their order, in batches of any size.

    Of positions in a row that are all inside, all surely outside, or all too near the border to tell, the
    first begins something and by the last everything has been said that time alone brings about: those
    between are passed by, unless the way there may meet the border. So a vehicle that stands inside for a
    week costs some steps, not 600,000.
    """

    def __init__(self, fence: Fence, size: int) -> None:
        """Take a fence and how many vehicle numbers there are."""
        self._index = FenceIndex.build([fence])
        self._transitions = Transitions(self._index, size)
        self._counts: Counter[str] = Counter()
        self.vehicles: set[int] = set()
        """Numbers of those that made the fence say something."""

    @property
    def counts(self) -> dict[str, int]:
        """How often each kind of event was said."""
        return dict(self._counts)

    def export(self) -> Judged:
        """Return where it stands: some 50 bytes for each vehicle that came near."""
        slots, lat, lng = self._transitions.newest()
        return Judged(
            events=self.counts,
            vehicles=np.array(sorted(self.vehicles), np.int32).tobytes(),
            membership=self._transitions.export(slots),
            lat=lat.tobytes(),
            lng=lng.tobytes(),
        )

    def restore(self, judged: Judged) -> None:
        """Go on from where another judge of the same fence stood."""
        self._counts = Counter(judged.events)
        self.vehicles = set(np.frombuffer(judged.vehicles, np.int32).tolist())
        self._transitions.restore(judged.membership)
        self._transitions.place(
            np.frombuffer(judged.membership.slots, np.int32),
            np.frombuffer(judged.lat, np.float64),
            np.frombuffer(judged.lng, np.float64),
            np.frombuffer(judged.membership.last_ms, np.int64),
        )

    def step(self, records: Records) -> None:
        """Judge positions that are newer than those of the steps before."""
        order = np.lexsort((records["seq"], records["measured_ms"], records["vehicle_no"]))
        records = records[order]
        again = np.zeros(len(records), np.bool_)
        again[1:] = (np.diff(records["measured_ms"]) <= 0) & (np.diff(records["vehicle_no"]) == 0)
        batch = _Batch(records[~again], self._index)
        for turn in rounds(batch.slots[batch.asked]):
            rows = batch.asked[turn]
            passed = rows[batch.follows[rows]] - 1
            self._transitions.pass_by(
                batch.slots[passed], batch.lat[passed], batch.lng[passed], batch.ms[passed]
            )
            said = self._transitions.step(
                batch.slots[rows],
                batch.lat[rows],
                batch.lng[rows],
                batch.accuracy_m[rows],
                batch.ms[rows],
                batch.seq[rows],
            )
            counted = said.kind != _UNCOUNTED
            self._counts.update(FenceEventKind(kind).name.lower() for kind in said.kind[counted].tolist())
            self.vehicles.update(said.slot[counted].tolist())


class _Batch:
    """Positions by vehicle and time, as columns."""

    def __init__(self, records: Records, index: FenceIndex) -> None:
        accuracy = records["accuracy_dm"]
        self.slots = records["vehicle_no"].astype(np.int32)
        self.lat, self.lng = records["lat_e7"] * 1e-7, records["lng_e7"] * 1e-7
        self.accuracy_m = np.where(accuracy == _UNKNOWN_ACCURACY, np.nan, accuracy / 10)
        self.ms = records["measured_ms"].astype(np.int64)
        self.seq = records["seq"].astype(np.int64)
        self.follows = np.zeros(len(records), np.bool_)
        """Which come after another one of their vehicle in this batch."""
        self.follows[1:] = self.slots[1:] == self.slots[:-1]
        self.asked = self._asked(index)
        """Rows that must be judged, ascending."""

    def _asked(self, index: FenceIndex) -> Rows:
        side = self._sides(index)
        first = ~self.follows
        first[1:] |= side[1:] != side[:-1]
        asked = first.copy()
        asked[:-1] |= first[1:]
        asked[-1:] = True
        may_cross = self._may_cross(index)
        asked |= may_cross
        asked[:-1] |= may_cross[1:]  # what was due before is said before
        return np.flatnonzero(asked)

    def _sides(self, index: FenceIndex) -> NDArray[np.int8]:
        side = np.where(geo.covers(index.shape(0), self.lat, self.lng), _IN, _OUT).astype(np.int8)
        out = np.flatnonzero(side == _OUT)
        within_m = margin(self.accuracy_m[out])
        near = index.near_border(np.zeros(len(out), np.int32), self.lat[out], self.lng[out], within_m)
        side[out[near]] = _DOUBTFUL
        return side

    def _may_cross(self, index: FenceIndex) -> Booleans:
        """Say whether the way to each from the one before may meet the border."""
        may = np.zeros(len(self.slots), np.bool_)
        start, end = (self.lat[:-1], self.lng[:-1]), (self.lat[1:], self.lng[1:])
        may[1:] = self.follows[1:] & index.crossings.grid.may_meet(start, end)
        return may
