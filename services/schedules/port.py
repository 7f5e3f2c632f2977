"""What a service plugs in so that its work can be scheduled, and what a schedule tells it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

from core.auth.principal import Reach
from core.database import Transaction
from core.ids import DistrictCode, OperatorId
from services.schedules.kinds import WorkKind
from services.schedules.schedule import Occurrence


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The service's own thing that a schedule is about: a beat, a sweeping zone, a round.

    ``holds`` are keys of what an occurrence occupies (``beat:…``, ``zone:…``, ``charger:…``); two schedules
    that share one at the same time are shown as a conflict.
    """

    subject_id: str
    name_zh: str
    name_en: str
    district: DistrictCode
    operator: OperatorId
    holds: tuple[str, ...] = ()


class ScheduledWork(Protocol):
    """What occurrences of one kind do. Each call is part of the transaction that moves the occurrence."""

    async def subject(self, tx: Transaction, subject_id: str, reach: Reach, /) -> Subject:
        """Return what a schedule is to be about; raise NotFound for what is not there or out of reach."""
        ...

    async def subjects(self, tx: Transaction, reach: Reach, /) -> list[Subject]:
        """Return everything within the reach that could be scheduled, for the editor."""
        ...

    async def came_due(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> str | None:
        """Make the work wait for a vehicle; None when it does, else a word why there is none to do.

        Keep ``occurrence.occurrence_id`` with the work and tell ``settle_occurrence`` how it goes.
        """
        ...

    async def withdrawn(self, tx: Transaction, occurrence: Occurrence, /, *, at: datetime) -> None:
        """Take the work back: the occurrence was missed or excused; a vehicle under way may finish."""
        ...


Plugged = Mapping[WorkKind, ScheduledWork]
"""Who does what; a kind that is absent waits for a version that knows it."""
