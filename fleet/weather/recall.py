"""A weather recall: vehicles of a service in a 旗区 come in until the weather is over. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from core.transitions import advance as next_state
from fleet.weather.conditions import Broken, Weather, shorter

EVERY: Final = OperatorId("")
"""In place of a company: the vehicles of all."""
CALM_FOR: Final = timedelta(minutes=15)
"""City time for which the weather must keep every limit before a recall ends: gusts come back. Ours."""


class RecallState(StrEnum):
    """Where a recall stands."""

    ACTIVE = "active"
    CALMING = "calming"
    RELEASED = "released"


class RecallEvent(StrEnum):
    """What moves a recall."""

    KEPT = "limits_kept"
    """The weather is known and breaks no limit."""
    BROKEN = "limits_broken"
    OVER = "calm_long_enough"


RECALL_TRANSITIONS: Final[Mapping[tuple[RecallState, RecallEvent], RecallState]] = {
    (RecallState.ACTIVE, RecallEvent.KEPT): RecallState.CALMING,
    (RecallState.CALMING, RecallEvent.BROKEN): RecallState.ACTIVE,
    (RecallState.CALMING, RecallEvent.OVER): RecallState.RELEASED,
}
RECALL_TERMINAL: Final = frozenset({RecallState.RELEASED})


class Deed(StrEnum):
    """What a recalled vehicle was told."""

    HOME = "home"
    """Its task was given up and it drives to a depot."""
    FINISH = "finish"
    """Goods are on board: it hands them over, slowly, and is sent home after."""
    STAY = "stay"
    """No way to a depot that its battery carries: it stops where it may stand, and a person is called."""
    SHELTERED = "sheltered"
    """It stands at a depot or a charger."""


class Recall(msgspec.Struct, frozen=True, kw_only=True):
    """One recall; a service of a 旗区 has one that is not over, a company with stricter limits one of its own
    beside it."""

    recall_id: str
    version: int = 1
    district: DistrictCode
    service: ServiceKind
    operator: OperatorId = EVERY
    """Whose vehicles come in."""
    state: RecallState = RecallState.ACTIVE
    causes: tuple[Broken, ...]
    """The limits that were broken when it began, or began again."""
    started_at: datetime
    calm_since: datetime | None = None
    released_at: datetime | None = None

    @property
    def cause(self) -> str:
        """Return the causes in one line."""
        return shorter(self.causes)

    def is_for(self, operator: OperatorId) -> bool:
        """Return whether the vehicles of a company come in."""
        return self.operator in (EVERY, operator)


class Recalled(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of a recall. ``place`` counts from 1 in the order in which vehicles were called."""

    recall_id: str
    vehicle_no: VehicleNo
    place: int
    range_m: float | None
    """How far its battery carried it at that temperature when it was called."""
    deed: Deed
    has_cap: bool = False
    """It was told to drive slowly, which the release lifts."""
    called_at: datetime
    changed_at: datetime


def advance(recall: Recall, event: RecallEvent, *, at: datetime, causes: tuple[Broken, ...] = ()) -> Recall:
    """Return the recall after ``event``, with new causes when there are any.

    Raises IllegalTransition when the pair is not in the table.
    """
    state = next_state(RECALL_TRANSITIONS, recall.state, event)
    return msgspec.structs.replace(
        recall,
        version=recall.version + 1,
        state=state,
        causes=causes or recall.causes,
        calm_since=at if state is RecallState.CALMING else None,
        released_at=at if state is RecallState.RELEASED else None,
    )


def event_of(recall: Recall, weather: Weather, *, is_broken: bool, at: datetime) -> RecallEvent | None:
    """Return what the weather of this moment means for a recall, None when nothing changes.

    A recall ends only when what caused it is known to be over: a feed that died says nothing of the storm.
    """
    is_known = all(getattr(weather, cause.quantity.value) is not None for cause in recall.causes)
    if is_broken:
        return RecallEvent.BROKEN if recall.state is RecallState.CALMING else None
    if recall.state is RecallState.ACTIVE:
        return RecallEvent.KEPT if is_known else None
    if recall.calm_since is not None and at - recall.calm_since >= CALM_FOR and is_known:
        return RecallEvent.OVER
    return None
