"""From a score of a vehicle's data to its alarm; who computes the score hands it over."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Protocol

from core.ids import VehicleNo
from fleet.alarms.alarm import AlarmCleared, AlarmRaised, AlarmSignal
from fleet.alarms.kinds import AlarmKind

POOR_BELOW: Final = 0.8
"""Ours: one position in five refused."""
GOOD_FROM: Final = 0.9


class QualityScores(Protocol):
    """Who knows how much of what vehicles send can be used."""

    async def scores(self) -> Mapping[VehicleNo, float]:
        """Return the share, 0–1, of what each vehicle sent in the last minutes that could be used."""
        ...


def quality_signals(scores: Mapping[VehicleNo, float], *, at: datetime) -> list[AlarmSignal]:
    """Return what scores say to the alarms; a score between the limits says nothing.

    >>> said = quality_signals({1: 0.5, 2: 0.85, 3: 0.95}, at=datetime(2026, 1, 1))
    >>> [(signal.vehicle_no, type(signal).__name__) for signal in said]
    [(1, 'AlarmRaised'), (3, 'AlarmCleared')]
    """
    said: list[AlarmSignal] = []
    for vehicle_no, score in scores.items():
        if score < POOR_BELOW:
            details = {"score": round(score, 3), "limit": POOR_BELOW}
            said.append(
                AlarmRaised(vehicle_no=vehicle_no, kind=AlarmKind.DATA_QUALITY, at=at, details=details)
            )
        elif score >= GOOD_FROM:
            said.append(AlarmCleared(vehicle_no=vehicle_no, kind=AlarmKind.DATA_QUALITY, at=at))
    return said
