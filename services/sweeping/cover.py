"""A plan that covers flat ground: a pass along every border, lanes over the rest, and the ways between.

All in metres on a flat map; services.sweeping.plan puts it on the earth.
"""

import math
from collections.abc import Iterator
from enum import StrEnum
from itertools import islice, pairwise

import shapely
from msgspec import Struct
from shapely.geometry.base import BaseGeometry

from services.sweeping.curves import Pose, drive, words
from services.sweeping.equipment import Equipment
from services.sweeping.ground import Ground, ground_of, polygons
from services.sweeping.joins import Run, Ways, gears, turn
from services.sweeping.lanes import cells_over
from services.sweeping.order import cell_job, in_order, ring_job
from services.sweeping.rings import Line, Point, length_of, rings_of

CRUMBS_OF_REACHABLE = 0.003
"""Leftover pieces that are not worth a lane: the smallest, up to this share of the ground together."""
OPENING_M = 0.05
TINIEST_TURNS = (2, 4, 8, 16, 32)
BACKWARDS_COST_M = 3.0
MOST_RETREATS = 2
"""Swept lines that a vehicle goes back on to find room for a turn."""


class PieceKind(StrEnum):
    """What the vehicle does along a piece of its path."""

    SWEEP = "sweep"
    """brush down"""
    MOVE = "move"
    """brush up, between two swept lines"""


class Piece(Struct, frozen=True):
    """Part of a path, (x, y) metres, driven in one gear."""

    kind: PieceKind
    is_backwards: bool
    points: tuple[Point, ...]

    @property
    def length_m(self) -> float:
        """Return its length."""
        return length_of(list(self.points))


class Cover(Struct, frozen=True, kw_only=True):
    """A path over ground. ``skipped_m`` is the length of lines that the vehicle could not drive to without
    leaving the zone: they are left unswept, and 0 in nearly every plan."""

    ground: Ground
    pieces: tuple[Piece, ...]
    width_m: float
    skipped_m: float = 0.0

    def length_m(self, kind: PieceKind | None = None) -> float:
        """Return the length of the path, or of its pieces of one kind."""
        return sum(piece.length_m for piece in self.pieces if kind is None or piece.kind is kind)

    def swept(self) -> BaseGeometry:
        """Return what the brush touches."""
        return _brushed([list(p.points) for p in self.pieces if p.kind is PieceKind.SWEEP], self.width_m)

    def covered_ratio(self) -> float:
        """Return the swept share of the reachable ground."""
        return float(self.swept().intersection(self.ground.reachable).area / self.ground.reachable.area)

    def outside_m(self) -> float:
        """Return the length of the path on which some part of the vehicle is outside the zone."""
        path = shapely.union_all([shapely.LineString(p.points) for p in self.pieces])
        return float(path.difference(self.ground.free.buffer(1e-6)).length)


def cover(zone: BaseGeometry, equipment: Equipment, start: Point | None = None) -> Cover:
    """Return a path that sweeps all reachable ground of a zone in metres.

    ``start`` is where the vehicle comes in; None begins anywhere on the border. Raises Invalid when the
    vehicle fits nowhere.
    """
    ground = ground_of(zone, equipment)
    width = equipment.width_m
    rings = rings_of(ground.course, equipment.turning_radius_m, width / 2, ground.allows)
    jobs = [ring_job(ring) for ring in rings]
    rest = ground.reachable.difference(_brushed([line for ring in rings for line in ring], width))
    for part in _worth_a_lane(rest, ground.reachable.area):
        jobs.extend(cell_job(cell) for cell in cells_over(part, ground.course, width))
    ways = Ways(ground.free)
    driver = _Driver(ground, ways, equipment)
    for lines in in_order(jobs, start, ways.lengths):
        for line in lines:
            driver.sweep(line)
    return Cover(ground=ground, pieces=tuple(driver.pieces), width_m=width, skipped_m=driver.skipped_m)


def cover_again(ground: Ground, equipment: Equipment, lines: list[Line], start: Pose) -> Cover:
    """Return a path that comes in at ``start`` and sweeps some lines of an earlier path in their order.

    What lies between them is driven with the brush up, on the shortest way that stays on the ground.
    """
    driver = _Driver(ground, Ways(ground.free), equipment, start)
    for line in lines:
        driver.sweep(line)
    return Cover(
        ground=ground, pieces=tuple(driver.pieces), width_m=equipment.width_m, skipped_m=driver.skipped_m
    )


def _brushed(lines: list[Line], width_m: float) -> BaseGeometry:
    buffered = shapely.buffer([shapely.LineString(line) for line in lines], width_m / 2, quad_segs=16)
    return shapely.union_all(buffered)


def _worth_a_lane(rest: BaseGeometry, reachable_m2: float) -> list[shapely.Polygon]:
    opened = rest.buffer(-OPENING_M).buffer(OPENING_M)
    parts = sorted(polygons(opened), key=lambda part: part.area)
    budget = CRUMBS_OF_REACHABLE * reachable_m2
    while parts and parts[0].area <= budget:
        budget -= parts.pop(0).area
    return parts


class _Driver:
    """Drives from line to line and notes the pieces of its path."""

    def __init__(self, ground: Ground, ways: Ways, equipment: Equipment, start: Pose | None = None) -> None:
        self.pieces: list[Piece] = []
        self.skipped_m = 0.0
        self._ground = ground
        self._ways = ways
        self._radius = equipment.turning_radius_m
        self._pose = start

    def sweep(self, line: Line) -> None:
        """Go to the beginning of a line and sweep it, backwards when the vehicle could not get round.

        From where it finds no room to turn, the vehicle first goes back the way it came.
        """
        first, last = _heading(line[0], line[1]), _heading(line[-2], line[-1])
        is_backwards = False
        if self._pose is not None:
            for retreat, pose in self._retreats(self._pose):
                runs, is_backwards = self._approach(pose, line, first)
                if runs is not None:
                    self._move([*retreat, *runs])
                    break
            else:
                self.skipped_m += length_of(line)
                return
        self.pieces.append(Piece(PieceKind.SWEEP, is_backwards, tuple(line)))
        self._pose = Pose(*line[-1], last + is_backwards * math.pi)

    def _approach(self, pose: Pose, line: Line, heading: float) -> tuple[list[Run] | None, bool]:
        """Return the way to the beginning of a line, None where there is none, and whether backwards."""
        forwards, extra = self._join(pose, Pose(*line[0], heading)), BACKWARDS_COST_M + length_of(line)
        if _cost(forwards) <= extra:
            return forwards, False
        backwards = self._join(pose, Pose(*line[0], heading + math.pi))
        if _cost(backwards) + extra < _cost(forwards):
            return backwards, True
        return forwards, False

    def _retreats(self, pose: Pose) -> Iterator[tuple[list[Run], Pose]]:
        """Yield ways back on what was driven last, each with the pose at its end: none at first, then to
        either end of the last swept lines. What lies between two of them is the turn that let it in."""
        runs: list[Run] = []
        yield runs, pose
        lines = 0
        for number in range(len(self.pieces) - 1, -1, -1):
            piece = self.pieces[number]
            runs = [*runs, (not piece.is_backwards, list(piece.points[::-1]))]
            is_swept = piece.kind is PieceKind.SWEEP
            if is_swept or (number > 0 and self.pieces[number - 1].kind is PieceKind.SWEEP):
                heading = _heading(*piece.points[:2]) + piece.is_backwards * math.pi
                yield runs, Pose(*piece.points[0], heading)
            lines += is_swept
            if lines > MOST_RETREATS:
                return

    def _move(self, runs: list[Run]) -> None:
        """Note ways between lines, parts in the same gear as one."""
        for is_backwards, points in runs:
            before = self.pieces[-1] if self.pieces else None
            if before and before.kind is PieceKind.MOVE and before.is_backwards == is_backwards:
                self.pieces[-1] = Piece(before.kind, is_backwards, before.points + tuple(points[1:]))
            elif length_of(points) > 1e-9:
                self.pieces.append(Piece(PieceKind.MOVE, is_backwards, tuple(points)))

    def _join(self, start: Pose, end: Pose) -> list[Run] | None:
        """Return the way between two poses: one curve where it fits, else by the corners in the way."""
        direct = turn(self._ground, start, end, self._radius)
        if direct is not None:
            return direct
        way = self._ways.between(start[:2], end[:2])
        if way is None or len(way) < 2 or way[0] == way[-1]:
            return self._spin(start, end) if way is not None else None
        runs: list[Run] = []
        pose = start
        for (a, b), gear in zip(pairwise(way), gears(way, start.heading, end.heading), strict=True):
            leaving = Pose(*a, _heading(a, b) + gear * math.pi)
            bend = self._bend(pose, leaving)
            if bend is None:
                return None
            runs += [*bend, (gear, [a, b])]
            pose = Pose(*b, leaving.heading)
        bend = self._bend(pose, end)
        return None if bend is None else [*runs, *bend]

    def _bend(self, pose: Pose, leaving: Pose) -> list[Run] | None:
        if abs(math.remainder(leaving.heading - pose.heading, 2 * math.pi)) < 1e-6:
            return []
        found = turn(self._ground, pose, leaving, self._radius)
        return self._spin(pose, leaving) if found is None else found

    def _spin(self, pose: Pose, leaving: Pose) -> list[Run] | None:
        """Return a turn on the spot in many small steps to and fro, None where even that has no room."""
        bend = math.remainder(leaving.heading - pose.heading, 2 * math.pi)
        for count in TINIEST_TURNS:
            runs: list[Run] = []
            for step in range(count):
                here = Pose(pose.x, pose.y, pose.heading + bend * step / count)
                there = Pose(pose.x, pose.y, pose.heading + bend * (step + 1) / count)
                small = _first_that_fits(self._ground, here, there, self._radius)
                if small is None:
                    break
                runs += small
            else:
                return runs
        return None


def _cost(runs: list[Run] | None) -> float:
    return math.inf if runs is None else sum(length_of(points) for _, points in runs)


def _first_that_fits(ground: Ground, here: Pose, there: Pose, radius: float) -> list[Run] | None:
    for _, word in islice(words(here, there, radius), 4):
        runs = drive(here, word, radius)
        if ground.allows([point for _, run in runs for point in run]):
            return runs
    return None


def _heading(one: Point, other: Point) -> float:
    return math.atan2(other[1] - one[1], other[0] - one[0])
