"""What was in force a while ago and is not any more: for positions that come late and are judged by it.

Such positions are few, so these fences are no load for the index that every position is asked of: they lie in
layers of their own, each with one version of a fence. ``fence_of`` names a number of an answer.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import moment_of_ms, ms_of_moment
from core.ids import OperatorId
from geofences.cover import Cover
from geofences.distinct import distinct
from geofences.fences import Fence, FenceKind
from geofences.index import FenceIndex, Layer, key
from geofences.rules import NOBODY, Judgement

type Floats = NDArray[np.float64]
type Longs = NDArray[np.int64]
type Booleans = NDArray[np.bool_]

_MINUTE_MS: Final = 60_000


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A version that was in force until a moment."""

    fence: Fence
    until: datetime
    """Aware UTC; from then on it decided nothing."""


class Place(NamedTuple):
    """n positions of vehicles, as columns, and the names behind ``operator``."""

    lat: Floats
    lng: Floats
    measured_ms: Longs
    service: NDArray[np.integer[Any]]
    """Code of each vehicle's service (``SERVICE_CODES``)."""
    operator: NDArray[np.integer[Any]]
    """Place of each vehicle's operator in ``operators``."""
    operators: Sequence[str]


def layers_of(ended: Sequence[Ended], known: FenceIndex | None) -> tuple[Layer, ...]:
    """Return what has ended as layers, the n-th version of each fence in the n-th.

    Shapes and covers that ``known`` or its own layers hold are not made again. Work for a thread.
    """
    nth: defaultdict[str, int] = defaultdict(int)
    layers: defaultdict[int, list[Ended]] = defaultdict(list)
    for one in ended:
        layers[nth[one.fence.fence_id]].append(one)
        nth[one.fence.fence_id] += 1
    sources = () if known is None else (known, *(layer.index for layer in known.earlier))
    return tuple(_layer(layers[number], sources) for number in sorted(layers))


def _layer(ended: Sequence[Ended], sources: Sequence[FenceIndex]) -> Layer:
    fences = [one.fence for one in ended]
    held = {key(fence): (source, n) for source in sources for n, fence in enumerate(source.fences)}
    fresh = FenceIndex.build([fence for fence in fences if key(fence) not in held])
    held |= {key(fence): (fresh, n) for n, fence in enumerate(fresh.fences)}
    prepared = np.empty(len(fences), np.object_)
    covers: list[Cover] = []
    for number, fence in enumerate(fences):
        source, n = held[key(fence)]
        prepared[number] = source.shape(n)
        covers.append(source.covers[n])
    layer = Layer(
        FenceIndex(fences, prepared, covers), np.array([ms_of_moment(one.until) for one in ended], np.int64)
    )
    _ = layer.index.rules  # made here, not in the first tick that asks
    return layer


def fence_of(index: FenceIndex, number: int) -> Fence:
    """Return the fence that a number in an answer of ``judge_then`` means."""
    for held in (index, *(layer.index for layer in index.earlier)):
        if number < len(held):
            return held.fences[number]
        number -= len(held)
    raise IndexError(number)


def judge_then(index: FenceIndex, here: Place) -> tuple[Judgement, Booleans]:
    """Return the rule that held at each of n positions when it was measured, and whether there was any
    operating area then, bool[n].

    One step of plain judging for each minute that occurs, and for each part of one in which the set was
    another.
    """
    columns: list[NDArray[Any]] = []
    had_areas = np.zeros(len(here.lat), np.bool_)
    turn = _turns(index, here.measured_ms)
    for one in np.unique(turn).tolist():
        rows = np.flatnonzero(turn == one)
        judged, had_areas[rows] = _judge_at(index, here, rows)
        columns = columns or [np.empty(len(here.lat), column.dtype) for column in judged]
        for column, found in zip(columns, judged, strict=True):
            column[rows] = found
    return Judgement(*columns), had_areas


def _turns(index: FenceIndex, ms: Longs) -> Longs:
    """Number the spans in which nothing changes: the minute, cut where a version began or ended."""
    moments = [index.rules.begins_ms]
    for layer in index.earlier:
        moments += [layer.index.rules.begins_ms, layer.until_ms]
    inside = [some[(some > ms.min(initial=0)) & (some <= ms.max(initial=0))] for some in moments]
    changes = distinct(np.concatenate(inside))
    found: Longs = ms // _MINUTE_MS * (len(changes) + 1) + np.searchsorted(changes, ms, side="right")
    return found


def _judge_at(index: FenceIndex, here: Place, rows: NDArray[np.intp]) -> tuple[Judgement, bool]:
    """Judge positions of one span, and say whether any operating area was in force in it."""
    at_ms = int(here.measured_ms[rows].max())
    lat, lng = here.lat[rows], here.lng[rows]
    judged = _judge(index, here, rows, index.match(lat, lng), at_ms)
    areas_m2, had_area = index.rules.areas_m2, _has_area(index, at_ms, None)
    for layer in index.earlier:
        stood = layer.until_ms > at_ms
        had_area = had_area or _has_area(layer.index, at_ms, stood)
        offsets, numbers = layer.index.match(lat, lng)
        kept = stood[numbers]
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept)))[offsets]
        then = _judge(layer.index, here, rows, (offsets, numbers[kept]), at_ms)
        shift = len(areas_m2)
        areas_m2 = np.concatenate((areas_m2, layer.index.rules.areas_m2))
        judged = _tighter(judged, then, shift, areas_m2)
    return judged, had_area


def _has_area(index: FenceIndex, at_ms: int, stood: Booleans | None) -> bool:
    is_area = index.rules.is_operating_area & (index.rules.effective_ms <= at_ms)
    return bool((is_area if stood is None else is_area & stood).any())


def _judge(
    index: FenceIndex,
    here: Place,
    rows: NDArray[np.intp],
    membership: tuple[Longs, NDArray[np.int32]],
    at_ms: int,
) -> Judgement:
    codes = np.array([index.rules.operator_code(OperatorId(name)) for name in here.operators], np.int64)
    return index.rules.judge(*membership, moment_of_ms(at_ms), here.service[rows], codes[here.operator[rows]])


def _tighter(one: Judgement, other: Judgement, shift: int, areas_m2: Floats) -> Judgement:
    """Return the tighter of two rules, field by field; of the same the smaller fence decided."""
    columns: dict[str, NDArray[Any]] = {}
    for name in Judgement._fields:
        ours, theirs = getattr(one, name), getattr(other, name)
        if name.endswith("_by"):
            theirs = np.where(theirs == NOBODY, NOBODY, theirs + shift).astype(np.int32)
            wins = (theirs != NOBODY) & ((ours == NOBODY) | (areas_m2[theirs] < areas_m2[ours]))
            if name == "speed_limit_by":
                wins &= other.speed_limit_mps == one.speed_limit_mps
                wins |= other.speed_limit_mps < one.speed_limit_mps
            columns[name] = np.where(wins, theirs, ours)
        else:
            columns[name] = np.minimum(ours, theirs)
    return Judgement(**columns)


def ended_versions(
    rows: Sequence[tuple[Fence, datetime | None]], *, since: datetime, at: datetime
) -> tuple[Ended, ...]:
    """Return which versions stopped being in force after ``since`` and by ``at``.

    ``rows``: versions that came into force by ``at``, with their retirement. Of several versions of a fence
    the one that came into force last decides, until it is retired.
    """
    by_fence: defaultdict[str, list[tuple[Fence, datetime | None]]] = defaultdict(list)
    for fence, retired_at in rows:
        if retired_at is None or retired_at > fence.effective_at:
            by_fence[fence.fence_id].append((fence, retired_at))
    found = []
    for versions in by_fence.values():
        versions.sort(key=lambda row: (row[0].effective_at, row[0].version))
        for place, (fence, retired_at) in enumerate(versions):
            ends = [later.effective_at for later, _ in versions[place + 1 :]]
            if retired_at is not None:
                ends.append(retired_at)
            until = min(ends, default=None)
            if until is not None and fence.effective_at < until and since < until <= at:
                found.append(Ended(fence=fence, until=until))
    return tuple(found)


def has_refusals(index: FenceIndex) -> bool:
    """Return whether any fence, of now or a while ago, refuses a service."""
    held = (index, *(layer.index for layer in index.earlier))
    return any(fence.rules.allowed_services is not None for one in held for fence in one.fences)


def has_areas(index: FenceIndex) -> bool:
    """Return whether any fence in the index is an operating area."""
    return any(fence.kind is FenceKind.OPERATING_AREA for fence in index.fences)
