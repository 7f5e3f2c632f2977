"""What a signature of a fence set is over: a text that every language makes alike out of the numbers."""

import math
from collections.abc import Iterable

from fleet.links.wire.commands import WireFence
from fleet.links.wire.fence_hours import hours_text


def signed_text(vehicle_no: int, fence_set_version: int, fences: Iterable[WireFence]) -> bytes:
    """Return the UTF-8 text that is signed: the vehicle, the version and every fence, a line each.

    Coordinates are whole 1e-7 degrees and speeds whole mm/s, rounded by ``floor(x + 0.5)``, so that no
    notation of numbers matters. Another vehicle's set, another version and a fence that is left out, added
    or changed all give another text. A set in which a fence has hours is of format 2.
    """
    fences = tuple(fences)
    is_timed = any(fence.hours for fence in fences)
    lines = [f"signed fence set {2 if is_timed else 1}", str(vehicle_no), str(fence_set_version)]
    for fence in fences:
        limit = "-" if fence.speed_limit_mps is None else str(_whole(fence.speed_limit_mps * 1e3))
        flags = f"{int(fence.no_entry)} {int(fence.no_stopping)}"
        lines.append(f"{fence.fence_id} {fence.version} {fence.kind} {flags} {limit} {len(fence.rings)}")
        if fence.hours:
            lines.append(hours_text(fence.hours))
        lines += [" ".join(f"{_whole(x * 1e7)},{_whole(y * 1e7)}" for x, y in ring) for ring in fence.rings]
    return "\n".join(lines).encode()


def _whole(value: float) -> int:
    return math.floor(value + 0.5)
