"""What screens are shown of a vehicle: its live record with the severity of its worst standing alarm."""

from typing import Final

import numpy as np

from fleet.alarms.kinds import DEFAULT_SEVERITY, SEVERITY_RANK, Severity
from fleet.telemetry.records import Records, live_records
from fleet.telemetry.steps.alarms import ALARM_BITS

SEVERITY_SHIFT: Final = 6
_BITS_OF_RANK: Final[tuple[np.uint32, ...]] = tuple(
    np.uint32(
        sum(1 << bit for bit, kind in enumerate(ALARM_BITS) if SEVERITY_RANK[DEFAULT_SEVERITY[kind]] == rank)
    )
    for rank in range(len(Severity))
)


def shown_records(state: Records) -> Records:
    """Return LIVE[n] of STATE[n]; few vehicles have an alarm, and only theirs are looked at twice."""
    live = live_records(state)
    alarmed = np.flatnonzero(state["alarms"])
    if len(alarmed):
        alarms = state["alarms"][alarmed]
        worst = np.zeros(len(alarmed), np.uint8)
        for rank, bits in enumerate(_BITS_OF_RANK):
            worst[(alarms & bits) != 0] = rank
        live["flags"][alarmed] |= worst << SEVERITY_SHIFT
    return live
