"""What a run of a size is meant to take, as data, and whether it did."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

BUSY_MOST: Final = 0.85
"""Above it the load and the servers wait for each other: a latency says nothing about the servers."""


class Bar(msgspec.Struct, frozen=True):
    """An upper bound and the one that is aimed for."""

    most: float
    stretch: float


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """The bars of one size; the archiver stands in a row of its own."""

    vehicles: int
    fences: int
    """Up to so many."""
    bars: Mapping[str, Bar]


ARCHIVER: Final = Bar(0.15, 0.15)
"""What the archiver may take, as a share of what the other servers take."""
TARGETS: Final = (
    Target(
        vehicles=20_000,
        fences=500,
        bars={"serversCoreShare": Bar(0.15, 0.10), "p99Ms": Bar(300, 150)},
    ),
    Target(
        vehicles=100_000,
        fences=3_000,
        bars={
            "serversCoreShare": Bar(0.35, 0.18),
            "archiverOfServers": ARCHIVER,
            "p99Ms": Bar(250, 120),
            "serversMb": Bar(500, 300),
            "valkeyMb": Bar(250, 180),
        },
    ),
    Target(
        vehicles=100_000,
        fences=10_000,
        bars={
            "serversCoreShare": Bar(0.45, 0.23),
            "archiverOfServers": ARCHIVER,
            "p99Ms": Bar(250, 120),
            "serversMb": Bar(500, 300),
            "valkeyMb": Bar(250, 180),
        },
    ),
)


def target_of(vehicles: int, fences: int) -> Target | None:
    """Return the target of a size: the smallest that holds it with as many vehicles; None without one."""
    fitting = [target for target in TARGETS if target.vehicles == vehicles and target.fences >= fences]
    return min(fitting, key=lambda target: target.fences, default=None)


def verdicts(target: Target | None, found: Mapping[str, float], *, busy_share: float) -> dict[str, Any]:
    """Return every bar with what was found: ``met``, ``stretch``, ``missed`` or ``client-bound``."""
    if target is None:
        return {}
    return {
        name: {
            "found": found[name],
            "most": bar.most,
            "stretch": bar.stretch,
            "verdict": _verdict(name, bar, found[name], busy_share),
        }
        for name, bar in target.bars.items()
    }


def _verdict(name: str, bar: Bar, found: float, busy_share: float) -> str:
    if name == "p99Ms" and busy_share >= BUSY_MOST:
        return "client-bound"
    if found <= bar.stretch:
        return "stretch"
    return "met" if found <= bar.most else "missed"
