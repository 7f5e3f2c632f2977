"""The fence index: immutable, exact at the border, tens of thousands of points in one call."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from core.ids import FenceId, FenceVersion, OperatorId
from core.kinds import ServiceKind
from geofences import geo, shapes
from geofences.clearance import Clearance
from geofences.cover import Cells, Cover, cells_of, covers, resolution_for
from geofences.crossings import Crossings
from geofences.fences import Fence, FenceKind
from geofences.rules import EffectiveRule, RuleColumns, resolve
from geofences.segments import EDGE, finest, segments

type Indices = NDArray[np.int32]
type VersionKey = tuple[FenceId, FenceVersion]

_DERIVED: Final = (
    "_shapes",
    "_borders",
    "_planes",
    "_is_border_known",
    "_added",
    "_clearance_base",
    "gone",
    "by_id",
    "ids",
    "versions",
    "version_keys",
    "rules",
    "clearance",
    "crossings",
    "is_district",
    "accuracy_m",
)
"""What a pickle leaves out, because it can be made again."""


_SHORT: Final = 65_536
_ADDED_MOST: Final = 0.5
"""Share of new fences up to which an earlier clearance is added to: with more a new one costs no more."""
_GONE_MOST: Final = 0.1
"""Share of retired fences, whose borders still look like some, above which a clearance is worn."""


class Layer(msgspec.Struct, frozen=True):
    """Fences that are not in force any more, see ``geofences.earlier``."""

    index: "FenceIndex"
    until_ms: NDArray[np.int64]
    """When each of them ended, by number."""


class FenceIndex:
    """All fences in force, answering which of them hold a point.

    Covers of mixed resolution are laid out as runs of fine-cell ids and cut at every run's ends, so the
    id line falls into segments in each of which the same fences are candidates: ``_starts`` uint64[m]
    sorted, ``_offsets`` int32[m + 1] into ``_entries`` int32 (fence number times 2, plus 1 where the
    polygon must decide). One ``searchsorted`` serves every fence and resolution. Safe to share between
    threads; pickles (the GEOS prepared state is made again on load).
    """

    def __init__(self, fences: Sequence[Fence], shapes: NDArray[np.object_], covers: Sequence[Cover]) -> None:
        """Use ``FenceIndex.build``; this takes the prepared shape and the cover of each fence."""
        self.fences: tuple[Fence, ...] = tuple(fences)
        self.set_version = 0
        """Revision of the published set, stamped in events and reported by vehicles."""
        self.earlier: tuple[Layer, ...] = ()
        """What was in force a while ago, where late positions are judged; no other answer knows of it."""
        self.resolution = finest(covers)
        """Resolution of the cells that ``match`` takes."""
        self.covers: tuple[Cover, ...] = tuple(covers)
        """Cover of each fence, by number."""
        self._shapes = shapes
        self._starts, self._offsets, self._entries = segments(covers, self.resolution)
        self._borders, self._planes, self._is_border_known = _no_borders(len(fences))
        self._added: tuple[int, ...] = tuple(range(len(fences)))
        """Fences whose borders ``_clearance_base`` does not hold."""
        self._clearance_base: Clearance | None = None
        self.gone = 0
        """Fences that are not here but whose borders ``clearance`` still holds."""

    @classmethod
    def build(
        cls,
        fences: Iterable[Fence],
        *,
        set_version: int = 0,
        known: "FenceIndex | None" = None,
    ) -> "FenceIndex":
        """Build the index of these fences (one version of each).

        ``known``: an earlier index; only what it does not hold is covered anew, which is what brings a
        publish among 10,000 fences to a fifth of a second. Raises ``ValueError`` when two share an id or a
        border leaves the globe (areas are (lng, lat)); what else ``shapes.check_area`` refuses is not looked
        for.
        """
        listed = tuple(fences)
        counts = Counter(fence.fence_id for fence in listed)
        if len(counts) != len(listed):
            twice, count = counts.most_common(1)[0]
            raise ValueError(f"an index holds one version of each fence, not {count} of {twice}")
        old = {} if known is None else {key(fence): number for number, fence in enumerate(known.fences)}
        prepared = np.empty(len(listed), np.object_)
        kept: dict[int, Cover] = {}
        for number, fence in enumerate(listed):
            same = old.get(key(fence))
            if known is not None and same is not None:
                prepared[number] = known.shape(same)
                kept[number] = known.covers[same]
            else:
                prepared[number] = shapes.to_geos(fence.area)
        added = [number for number in range(len(listed)) if number not in kept]
        _must_be_on_globe([listed[number] for number in added], prepared[added])
        kept |= zip(added, _covers_of(prepared[added]), strict=True)
        shapely.prepare(prepared)
        index = cls(listed, prepared, [kept[number] for number in range(len(listed))])
        index.set_version = set_version
        index._take_clearance_of(known, added)
        return index

    def _take_clearance_of(self, known: "FenceIndex | None", added: Sequence[int]) -> None:
        """Go on from an earlier clearance: borders of fences that are gone only look like borders."""
        clearance: Clearance | None = None if known is None else known.__dict__.get("clearance")
        if known is not None and clearance is not None and len(added) <= len(self) * _ADDED_MOST:
            self._clearance_base, self._added = clearance, tuple(added)
            self.gone = known.gone + len(known) + len(added) - len(self)

    @property
    def has_worn_clearance(self) -> bool:
        """Whether one made anew would find more room: too much was added to it, or has gone from it."""
        return self.clearance.is_crowded or self.gone > len(self) * _GONE_MOST

    def fresh_clearance(self) -> Clearance:
        """Make the clearance of these fences alone: some seconds of work, see ``with_clearance``."""
        return Clearance.of(self._shapes)

    def with_clearance(self, clearance: Clearance, of: "FenceIndex") -> "FenceIndex":
        """Return this index with a clearance that was made of an earlier one, and what came since."""
        held = {key(fence) for fence in of.fences}
        added = [number for number, fence in enumerate(self.fences) if key(fence) not in held]
        index = FenceIndex.__new__(FenceIndex)
        index.__dict__.update(self.__dict__, clearance=clearance.adding(self._shapes[added]))
        index.gone = len(of) + len(added) - len(self)
        return index

    def __len__(self) -> int:
        return len(self.fences)

    def __repr__(self) -> str:
        return (
            f"FenceIndex({len(self.fences)} fences, resolution {self.resolution}, "
            f"{len(self._starts)} segments, set version {self.set_version})"
        )

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for derived in _DERIVED:
            state.pop(derived, None)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._shapes = _prepared(self.fences)
        self._added, self._clearance_base, self.gone = tuple(range(len(self.fences))), None, 0
        self._borders, self._planes, self._is_border_known = _no_borders(len(self.fences))

    @cached_property
    def by_id(self) -> Mapping[FenceId, int]:
        """Fence number of each id."""
        return {fence.fence_id: number for number, fence in enumerate(self.fences)}

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """Id of each fence by number, ``str[fences]``."""
        return np.array([fence.fence_id for fence in self.fences], np.object_)

    @cached_property
    def versions(self) -> NDArray[np.int32]:
        """Version of each fence by number, ``int32[fences]``."""
        return np.array([fence.version for fence in self.fences], np.int32)

    @cached_property
    def version_keys(self) -> NDArray[np.object_]:
        """What names each version by fence number, ``(id, version)[fences]``."""
        keys = np.empty(len(self.fences), np.object_)
        keys[:] = [key(fence) for fence in self.fences]
        return keys

    @cached_property
    def rules(self) -> RuleColumns:
        """The rules of these fences as columns, for whole batches."""
        return RuleColumns(self.fences, shapes.areas_m2(self._shapes))

    @cached_property
    def is_district(self) -> NDArray[np.bool_]:
        """Which fences are 旗区, ``bool[fences]``."""
        return np.array([fence.kind is FenceKind.DISTRICT for fence in self.fences], np.bool_)

    @cached_property
    def accuracy_m(self) -> NDArray[np.float64]:
        """How far each fence's border may be from the real one, ``float64[fences]``."""
        return np.array([fence.accuracy_m for fence in self.fences], np.float64)

    @cached_property
    def crossings(self) -> Crossings:
        """Which of these fences lie in the way between two points."""
        return Crossings(self._shapes)

    def warm(self) -> None:
        """Make everything now that is made when first asked for: in a thread beside the hot path."""
        _ = self.by_id, self.ids, self.versions, self.rules, self.is_district, self.accuracy_m
        _ = self.crossings.tree, self.crossings.grid

    @cached_property
    def clearance(self) -> Clearance:
        """How far from all borders a point is; some seconds of work when first asked for."""
        base, self._clearance_base = self._clearance_base, None
        added = self._shapes[list(self._added)]
        return Clearance.of(added) if base is None else base.adding(added)

    @property
    def nbytes(self) -> int:
        """Bytes of the three look-up arrays."""
        return self._starts.nbytes + self._offsets.nbytes + self._entries.nbytes

    def shape(self, number: int) -> Any:
        """Return the prepared GEOS geometry of a fence, in degrees (x = lng)."""
        return self._shapes[number]

    def cells(self, lat: NDArray[np.float64], lng: NDArray[np.float64]) -> Cells:
        """Return the fine cells of points, to be given to ``match`` and to ``cover.parents``."""
        return cells_of(lat, lng, self.resolution)

    def match(
        self, lat: ArrayLike, lng: ArrayLike, cells: Cells | None = None
    ) -> tuple[NDArray[np.int64], Indices]:
        """Return the fences that hold each point, as CSR ``(offsets int64[n + 1], numbers int32[k])``.

        ``numbers[offsets[i]:offsets[i + 1]]`` index ``fences`` in ascending order. ``lat``, ``lng``:
        float64[n] degrees; ``cells``: uint64[n] of this index's resolution when already known. A point
        on a border is inside. NaN and out-of-range points are in no fence. Raises ``ValueError`` for
        anything but two columns of the same length.
        """
        lats, lngs = np.asarray(lat, np.float64), np.asarray(lng, np.float64)
        if lats.ndim != 1 or lats.shape != lngs.shape:
            raise ValueError(f"lat and lng must be columns of one length, not {lats.shape} and {lngs.shape}")
        if cells is None:
            cells = self.cells(lats, lngs)
        segment = np.searchsorted(self._starts, cells, side="right") - 1
        first = self._offsets[segment]
        count = self._offsets[segment + 1] - first
        offsets = np.zeros(len(lats) + 1, np.int64)
        np.cumsum(count, out=offsets[1:])
        shift = np.repeat(first - offsets[:-1], count)
        entries = self._entries[shift + np.arange(offsets[-1])]
        numbers: Indices = entries >> 1
        doubtful = np.flatnonzero(entries & EDGE)
        if not len(doubtful):
            return offsets, numbers
        point = np.searchsorted(offsets, doubtful, side="right") - 1
        missed = doubtful[~self.decide(numbers[doubtful], lats[point], lngs[point])]
        if not len(missed):
            return offsets, numbers
        keep = np.ones(len(entries), np.bool_)
        keep[missed] = False
        kept = np.zeros(len(entries) + 1, np.int64)
        np.cumsum(keep, out=kept[1:])
        return kept[offsets], numbers[keep]

    def decide(
        self, numbers: Indices, lat: NDArray[np.float64], lng: NDArray[np.float64]
    ) -> NDArray[np.bool_]:
        """Tell for each pair (fence, point) of a border cell whether the polygon holds the point, bool[n].

        Asked fence by fence: GEOS is 2-4 times as fast while one prepared polygon stays in the cache.
        """
        by_fence = numbers.astype(np.uint16) if len(self.fences) <= _SHORT else numbers
        order = np.argsort(by_fence, kind="stable")  # of 16-bit numbers a radix sort
        held = np.empty(len(numbers), np.bool_)
        held[order] = geo.covers(self._shapes[numbers[order]], lat[order], lng[order])
        return held

    def near_border(
        self, numbers: Indices, lat: NDArray[np.float64], lng: NDArray[np.float64], within_m: ArrayLike
    ) -> NDArray[np.bool_]:
        """Tell for each pair (fence, point) whether the border is within ``within_m`` metres, bool[n].

        Distances are right to 1.5 % across a 旗区 and to 0.1 % across a town. A distance of 0 or less
        is near nothing. Some 5 µs a pair: for events and exits, not for every position.
        """
        within = np.broadcast_to(np.asarray(within_m, np.float64), numbers.shape)
        near = np.zeros(len(numbers), np.bool_)
        asked = np.flatnonzero(within > 0)
        if len(asked):
            asked_of = numbers[asked]
            if not (known := self._is_border_known[asked_of]).all():
                for number in set(asked_of[~known].tolist()):
                    self._know_border(number)
            points = geo.flat_points(self._planes[asked_of], lat[asked], lng[asked])
            near[asked] = shapely.dwithin(self._borders[asked_of], points, within[asked])
        return near

    def _know_border(self, number: int) -> None:
        plane = geo.LocalPlane.around(self._shapes[number])
        border = plane.project(self._shapes[number].boundary)
        shapely.prepare(border)
        self._borders[number], self._planes[number] = border, plane.row
        self._is_border_known[number] = True

    def at(self, lat: float, lng: float) -> tuple[int, ...]:
        """Return the numbers of the fences that hold one point; empty outside all of them."""
        return tuple(self.match(np.array([lat]), np.array([lng]))[1].tolist())

    def rules_at(
        self,
        lat: float,
        lng: float,
        at: datetime,
        service: ServiceKind,
        operator: OperatorId | None = None,
    ) -> EffectiveRule:
        """Return the one rule that holds for a vehicle of this service (and operator) at a place and moment.

        ``at`` must be aware; hours are judged in each fence's own time zone. A fence that names an operator
        says nothing of vehicles of others, nor of one whose operator is left out.
        """
        return resolve(self.rules, self.at(lat, lng), at, service, operator)


def key(fence: Fence) -> VersionKey:
    """Return what names a version."""
    return fence.fence_id, fence.version


def _must_be_on_globe(fences: Sequence[Fence], shapes: NDArray[np.object_]) -> None:
    bounds = shapely.bounds(shapes)
    off = ~(np.abs(bounds) <= (180.0, 90.0, 180.0, 90.0)).all(axis=-1)
    for number in np.flatnonzero(off).tolist():
        reach = bounds[number].tolist()
        raise ValueError(f"fence {fences[number].fence_id} reaches {reach}: positions are (lng, lat) degrees")


def _covers_of(fences: NDArray[np.object_]) -> list[Cover]:
    return covers(fences, [resolution_for(area_m2) for area_m2 in shapes.areas_m2(fences).tolist()])


def _prepared(fences: Sequence[Fence]) -> NDArray[np.object_]:
    prepared = np.empty(len(fences), np.object_)
    prepared[:] = [shapes.to_geos(fence.area) for fence in fences]
    shapely.prepare(prepared)
    return prepared


def _no_borders(count: int) -> tuple[NDArray[np.object_], NDArray[np.float64], NDArray[np.bool_]]:
    """Return border of each fence in metres, the plane that it is drawn on, whether both have been made."""
    return np.full(count, None, np.object_), np.zeros((count, 3), np.float64), np.zeros(count, np.bool_)
