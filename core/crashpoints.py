"""Named places where a test may ask the process to die, as a power cut would: SIGKILL, no clean-up.

Nothing happens unless `arm` was called, which composition does only in the test environment.
"""

import os
import signal
from collections.abc import Mapping
from types import MappingProxyType

POINTS: Mapping[str, str] = MappingProxyType(
    {
        "before_commit": "every statement is sent, the transaction is not committed",
        "after_commit": "the transaction is durable, nobody has been told",
        "before_enqueue": "the relay read an outbox row, the job is not in the queue",
        "after_enqueue": "the job is in the queue, the outbox row is not marked sent",
        "before_ack": "the work of a message is done, its receipt is not acknowledged",
        "after_ack": "the receipt is acknowledged",
        "before_claim": "a dispatch decision is made, order and vehicle are not claimed",
        "between_claims": "one of order and vehicle is claimed, the other is not",
        "before_rename": "a history file is written under its temporary name",
        "after_rename": "a history file has its final name, the stream is not acknowledged",
        "before_hour_rename": "an hour of history is written under its temporary name",
        "after_hour_rename": "an hour has its next generation, what it replaces stands beside it",
        "after_old_hour_removed": "a replaced generation of an hour is removed, the raw files stand",
        "after_raw_removed": "one of the raw files that an hour has taken is removed",
        "before_day_rows": "some vehicle-days are computed, their rows are not committed",
        "after_day_rows": "some rows of a day are committed, others are not, the day is not closed",
        "before_day_closed": "every row of a day is committed, the day is not closed",
    }
)
"""Every crash point with what has and has not happened when it is reached."""

_armed: dict[str, int] = {}


def arm(point: str | None, after: int = 0) -> None:
    """Let the process kill itself the next time `point` is reached after `after` passes; None disarms.

    Raises ValueError for a name that is not in POINTS.
    """
    _armed.clear()
    if point is None:
        return
    if point not in POINTS:
        raise ValueError(f"{point!r} is not a crash point; known are {', '.join(sorted(POINTS))}")
    _armed[point] = after


def reach(point: str) -> None:
    """Kill this process with SIGKILL when `point` is armed; otherwise cost one truth test."""
    if not _armed:
        return
    left = _armed.get(point)
    if left is None:
        return
    if left > 0:
        _armed[point] = left - 1
        return
    os.kill(os.getpid(), signal.SIGKILL)
