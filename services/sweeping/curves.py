"""Shortest ways between two poses of a vehicle that goes forwards and backwards and turns on a radius.

The words of Reeds and Shepp, "Optimal paths for a car that goes both forwards and backwards", Pacific Journal
of Mathematics 145 (1990), sections 8 and 9. Every word is driven in thought before it is returned, so that a
formula that does not hold for two poses yields nothing instead of a wrong way.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

STEP_RAD = 0.1
"""Arcs are told as chords of this angle: 2 mm from the arc at 1.5 m."""
EXACT = 1e-6
HALF = math.pi / 2


class Pose(NamedTuple):
    """Where a vehicle stands, metres, and where it looks, radians from the x axis against the clock."""

    x: float
    y: float
    heading: float

    def ahead(self, metres: float) -> "Pose":
        """Return the pose so far straight ahead; negative is behind."""
        return Pose(
            self.x + metres * math.cos(self.heading), self.y + metres * math.sin(self.heading), self.heading
        )


class Arc(NamedTuple):
    """A part of a word: ``turn`` is 1 left, -1 right, 0 straight; ``length`` < 0 is driven backwards.

    In a word of unit radius the length of a turn is its angle.
    """

    turn: int
    length: float


type Word = tuple[Arc, ...]
type Rule = Callable[[float, float, float], Word | None]


def words(start: Pose, end: Pose, radius: float) -> Iterator[tuple[float, Word]]:
    """Yield every word from one pose to another with its length in metres, shortest first."""
    dx, dy = (end.x - start.x) / radius, (end.y - start.y) / radius
    cos, sin = math.cos(start.heading), math.sin(start.heading)
    x, y, phi = dx * cos + dy * sin, dy * cos - dx * sin, wrapped(end.heading - start.heading)
    found = [(sum([abs(length) for _, length in word]), word) for word in _all_words(x, y, phi)]
    for length, word in sorted(found):
        if _leads_to(word, x, y, phi):
            yield radius * length, word


def least_m(start: Pose, end: Pose, radius: float) -> float:
    """Return a length that no word between two poses is shorter than."""
    return max(math.dist(start[:2], end[:2]), radius * abs(wrapped(end.heading - start.heading)))


def drive(start: Pose, word: Word, radius: float) -> list[tuple[bool, list[tuple[float, float]]]]:
    """Return the points of a word, split where the gear changes: (is backwards, points) each."""
    runs: list[tuple[bool, list[tuple[float, float]]]] = []
    pose = start
    for arc in word:
        if abs(arc.length) < EXACT:
            continue
        backwards = arc.length < 0
        if not runs or runs[-1][0] != backwards:
            runs.append((backwards, [(pose.x, pose.y)]))
        count = max(1, math.ceil(abs(arc.length) / STEP_RAD)) if arc.turn else 1
        for number in range(1, count + 1):
            there = _after(pose, arc.turn, arc.length * number / count, radius)
            runs[-1][1].append((there.x, there.y))
        pose = _after(pose, arc.turn, arc.length, radius)
    return runs


def wrapped(angle: float) -> float:
    """Return an angle within (-pi, pi]."""
    angle = math.remainder(angle, 2 * math.pi)
    return math.pi if angle <= -math.pi else angle


def _after(pose: Pose, turn: int, length: float, radius: float) -> Pose:
    if not turn:
        return pose.ahead(length * radius)
    heading = pose.heading + turn * length
    return Pose(
        pose.x + turn * radius * (math.sin(heading) - math.sin(pose.heading)),
        pose.y - turn * radius * (math.cos(heading) - math.cos(pose.heading)),
        heading,
    )


def _leads_to(word: Word, x: float, y: float, phi: float) -> bool:
    pose = Pose(0.0, 0.0, 0.0)
    for arc in word:
        pose = _after(pose, arc.turn, arc.length, 1.0)
    return math.hypot(pose.x - x, pose.y - y) < EXACT and abs(wrapped(pose.heading - phi)) < EXACT


def _all_words(x: float, y: float, phi: float) -> Iterator[Word]:
    """Yield the words of every rule for the pose and its three mirror images."""
    for rule in RULES:
        for flip in (1, -1):
            for mirror in (1, -1):
                word = rule(flip * x, mirror * y, flip * mirror * phi)
                if word is not None:
                    yield tuple([Arc(turn * mirror, length * flip) for turn, length in word])


def _polar(x: float, y: float) -> tuple[float, float]:
    return math.hypot(x, y), math.atan2(y, x)


def _same(x: float, y: float, phi: float) -> tuple[float, float]:
    return _polar(x - math.sin(phi), y - 1 + math.cos(phi))


def _other(x: float, y: float, phi: float) -> tuple[float, float]:
    return _polar(x + math.sin(phi), y - 1 - math.cos(phi))


def _word(turns: Sequence[int], *lengths: float) -> Word:
    return tuple(
        Arc(turn, wrapped(length) if turn else length) for turn, length in zip(turns, lengths, strict=True)
    )


def _lsl(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _same(x, y, phi)
    return _word((1, 0, 1), theta, rho, phi - theta)


def _lsr(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _other(x, y, phi)
    if rho < 2:
        return None
    u = math.sqrt(rho * rho - 4)
    t = theta + math.atan2(2, u)
    return _word((1, 0, -1), t, u, t - phi)


def _l_r_l(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _same(x, y, phi)
    if rho > 4:
        return None
    a = math.acos(rho / 4)
    t, u = theta + HALF + a, math.pi - 2 * a
    return _word((1, -1, 1), t, -u, phi - t - u)


def _l_rl(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _same(x, y, phi)
    if rho > 4:
        return None
    a = math.acos(rho / 4)
    t, u = theta + HALF + a, math.pi - 2 * a
    return _word((1, -1, 1), t, -u, -(t + u - phi))


def _lr_l(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _same(x, y, phi)
    if rho > 4 or rho < EXACT:
        return None
    u = math.acos(1 - rho * rho / 8)
    a = math.asin(max(-1.0, min(1.0, 2 * math.sin(u) / rho)))
    t = theta + HALF - a
    return _word((1, -1, 1), t, u, -(t - u - phi))


def _lr_lr(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _other(x, y, phi)
    if rho > 4:
        return None
    if rho <= 2:
        a = math.acos((rho + 2) / 4)
        t, u = theta + HALF + a, a
    else:
        a = math.acos((rho - 2) / 4)
        t, u = theta + HALF - a, math.pi - a
    return _word((1, -1, 1, -1), t, u, -u, -(phi - t + 2 * u))


def _l_rl_r(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _other(x, y, phi)
    u1 = (20 - rho * rho) / 16
    if rho > 6 or not 0 <= u1 <= 1 or rho < EXACT:
        return None
    u = math.acos(u1)
    a = math.asin(max(-1.0, min(1.0, 2 * math.sin(u) / rho)))
    t = theta + HALF + a
    return _word((1, -1, 1, -1), t, -u, -u, t - phi)


def _l_rsl(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _same(x, y, phi)
    if rho < 2:
        return None
    u = math.sqrt(rho * rho - 4) - 2
    t = theta + HALF + math.atan2(2, u + 2)
    return _word((1, -1, 0, 1), t, -HALF, -u, -(t - phi + HALF))


def _lsr_l(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _same(x, y, phi)
    if rho < 2:
        return None
    u = math.sqrt(rho * rho - 4) - 2
    t = theta + HALF - math.atan2(u + 2, 2)
    return _word((1, 0, -1, 1), t, u, HALF, -(t - phi - HALF))


def _l_rsr(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _other(x, y, phi)
    if rho < 2:
        return None
    t = theta + HALF
    return _word((1, -1, 0, -1), t, -HALF, -(rho - 2), -(phi - t - HALF))


def _lsl_r(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _other(x, y, phi)
    if rho < 2:
        return None
    return _word((1, 0, 1, -1), theta, rho - 2, HALF, -(phi - theta - HALF))


def _l_rsl_r(x: float, y: float, phi: float) -> Word | None:
    rho, theta = _other(x, y, phi)
    if rho < 4:
        return None
    u = math.sqrt(rho * rho - 4) - 4
    t = theta + HALF + math.atan2(2, u + 4)
    return _word((1, -1, 0, 1, -1), t, -HALF, -u, -HALF, t - phi)


RULES: tuple[Rule, ...] = (
    _lsl,
    _lsr,
    _l_r_l,
    _l_rl,
    _lr_l,
    _lr_lr,
    _l_rl_r,
    _l_rsl,
    _lsr_l,
    _l_rsr,
    _lsl_r,
    _l_rsl_r,
)
"""L left, R right, S straight; ``_`` in a name is a change of gear."""
