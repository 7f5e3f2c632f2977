"""Sweeping streets: every kerb once in its driving direction, on the shortest closed tour.

A directed Chinese postman (Edmonds and Johnson, "Matching, Euler tours and the Chinese postman", Mathematical
Programming 5, 1973): nodes where more kerbs end than begin are paired with the others by the cheapest ways
driven with the brush up (scipy's assignment), and one walks the circuit that this makes possible.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra

from core.errors import Invalid
from services.sweeping.street import Street


class Drive(Struct, frozen=True):
    """One street driven in one direction; ``is_reversed`` is from its end to its start, ``is_swept`` with the
    brush down along the kerb on the right (``left`` of a one-way street: on the left)."""

    street: Street
    is_reversed: bool
    is_swept: bool
    is_left_kerb: bool = False

    @property
    def tail(self) -> int:
        """Return the junction where it begins."""
        return self.street.end if self.is_reversed else self.street.start

    @property
    def head(self) -> int:
        """Return the junction where it ends."""
        return self.street.start if self.is_reversed else self.street.end


def kerbs(streets: Sequence[Street]) -> list[Drive]:
    """Return every kerb that has to be swept, as it is driven."""
    found = []
    for street in streets:
        if street.is_swept:
            found.append(Drive(street, False, True))
            if street.is_one_way:
                found.append(Drive(street, False, True, True))
            else:
                found.append(Drive(street, True, True))
    return found


def postman(streets: Sequence[Street], start: int | None = None) -> list[Drive]:
    """Return a closed tour that sweeps every kerb exactly once, with what is driven between.

    ``start`` is the junction to begin at, if the tour comes through it; None begins anywhere. The tour is the
    shortest one when the kerbs hang together; where they lie apart, groups are joined by the shortest way
    there and back, which is near but not proven. Raises Invalid("sweeping-streets-apart") with the street
    that cannot be reached or left by driving.
    """
    wanted = kerbs(streets)
    if not wanted:
        return []
    network = _Network(streets)
    drives = wanted + network.joining(wanted)
    drives += network.balancing(drives)
    return _circuit(drives, start)


class _Network:
    """What may be driven, with the shortest ways between junctions."""

    def __init__(self, streets: Sequence[Street]) -> None:
        self._shortest: dict[tuple[int, int], Drive] = {}
        for street in streets:
            drives = [Drive(street, False, False)]
            if not street.is_one_way:
                drives.append(Drive(street, True, False))
            for drive in drives:
                key = (drive.tail, drive.head)
                if key not in self._shortest or self._shortest[key].street.length_m > street.length_m:
                    self._shortest[key] = drive
        nodes = sorted({node for key in self._shortest for node in key})
        self._index = {node: number for number, node in enumerate(nodes)}
        self._nodes = nodes
        lengths = [max(drive.street.length_m, 1e-6) for drive in self._shortest.values()]
        rows = [self._index[tail] for tail, _ in self._shortest]
        columns = [self._index[head] for _, head in self._shortest]
        graph = coo_matrix((lengths, (rows, columns)), shape=(len(nodes), len(nodes))).tocsr()
        self._length, self._before = dijkstra(graph, return_predecessors=True)

    def joining(self, drives: Sequence[Drive]) -> list[Drive]:
        """Return ways there and back between groups of kerbs that do not touch, the nearest groups first."""
        more: list[Drive] = []
        while True:
            groups = self._groups([*drives, *more])
            if len(groups) == 1:
                return more
            first = min(groups, key=len)
            rest = [node for group in groups if group is not first for node in group]
            both = self._length[np.ix_(first, rest)] + self._length[np.ix_(rest, first)].T
            one, other = np.unravel_index(int(np.argmin(both)), both.shape)
            here, there = first[int(one)], rest[int(other)]
            more += [*self._way(here, there, drives), *self._way(there, here, drives)]

    def balancing(self, drives: Sequence[Drive]) -> list[Drive]:
        """Return the cheapest drives after which every junction is left as often as it is reached."""
        surplus: Counter[int] = Counter()
        for drive in drives:
            surplus[self._index[drive.head]] += 1
            surplus[self._index[drive.tail]] -= 1
        ends = [node for node, count in sorted(surplus.items()) for _ in range(count)]
        begins = [node for node, count in sorted(surplus.items()) for _ in range(-count)]
        if not ends:
            return []
        cost = self._length[np.ix_(ends, begins)]
        # An unreachable pair is dearer than any tour, so that it is chosen only where nothing else is left.
        most = float(cost[np.isfinite(cost)].max(initial=1.0)) * (len(ends) + 1) + 1.0
        rows, columns = linear_sum_assignment(np.where(np.isfinite(cost), cost, most))
        return [
            drive
            for row, column in zip(rows.tolist(), columns.tolist(), strict=True)
            for drive in self._way(ends[row], begins[column], drives)
        ]

    def _groups(self, drives: Sequence[Drive]) -> list[list[int]]:
        """Return the junctions of drives by the groups that hang together."""
        tails = [self._index[drive.tail] for drive in drives]
        heads = [self._index[drive.head] for drive in drives]
        size = len(self._nodes)
        graph = coo_matrix((np.ones(len(tails)), (tails, heads)), shape=(size, size))
        _, labels = connected_components(graph, directed=False)
        groups: dict[int, list[int]] = defaultdict(list)
        for node in sorted({*tails, *heads}):
            groups[int(labels[node])].append(node)
        return list(groups.values())

    def _way(self, here: int, there: int, drives: Sequence[Drive]) -> list[Drive]:
        if not np.isfinite(self._length[here, there]):
            apart = next(d for d in drives if self._index[d.head] == here or self._index[d.tail] == there)
            raise Invalid("sweeping-streets-apart", field="streets", street_id=apart.street.street_id)
        way = []
        while there != here:
            before = int(self._before[here, there])
            way.append(self._shortest[self._nodes[before], self._nodes[there]])
            there = before
        return way[::-1]


def _circuit(drives: Sequence[Drive], start: int | None) -> list[Drive]:
    """Return one closed walk through all drives, each once (Hierholzer 1873)."""
    leaving: dict[int, list[Drive]] = defaultdict(list)
    for drive in reversed(drives):
        leaving[drive.tail].append(drive)
    first = start if start in leaving else drives[0].tail
    stack: list[tuple[int, Drive | None]] = [(first, None)]
    walk: list[Drive] = []
    while stack:
        node, came_by = stack[-1]
        if leaving[node]:
            drive = leaving[node].pop()
            stack.append((drive.head, drive))
        else:
            stack.pop()
            if came_by is not None:
                walk.append(came_by)
    return walk[::-1]
