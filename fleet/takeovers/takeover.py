"""A takeover session as a fact, the order of the queue, and how long vehicles wait. Pure."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from core.ids import DistrictCode, MakerId, OperatorId, StaffId, TakeoverId, VehicleNo
from core.transitions import advance as next_state
from fleet.alarms.alarm import Alarm
from fleet.alarms.kinds import FROM_THE_STREET, SEVERITY_RANK, AlarmKind, Severity
from fleet.takeovers.kinds import (
    CLAIM_FOR,
    OFFER_FOR,
    TAKEOVER_TERMINAL,
    TAKEOVER_TRANSITIONS,
    WAITING,
    TakeoverEvent,
    TakeoverMode,
    TakeoverState,
)


class Takeover(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle's need of a remote operator. ``…_wall`` is wall time: a claim is a person's lease."""

    takeover_id: TakeoverId
    vehicle_no: VehicleNo
    maker: MakerId
    district: DistrictCode
    operator: OperatorId
    state: TakeoverState = TakeoverState.REQUESTED
    severity: Severity
    cause: AlarmKind
    """The gravest of its causes; what people on the street said comes before any other."""
    reason: str = ""
    """What the vehicle said, or why the session before was handed over."""
    lat: float | None = None
    lng: float | None = None
    requested_at: datetime
    requested_wall: datetime
    offered_to: StaffId | None = None
    claimed_by: StaffId | None = None
    claimed_by_name: str | None = None
    claimed_at: datetime | None = None
    claimed_wall: datetime | None = None
    begun_at: datetime | None = None
    ended_at: datetime | None = None
    mode: TakeoverMode | None = None
    outcome: str = ""
    """What the operator did, in words."""
    follows: TakeoverId | None = None
    """The session that was handed over."""
    version: int = 1

    @property
    def is_over(self) -> bool:
        """Whether nothing moves it any more."""
        return self.state in TAKEOVER_TERMINAL

    def waited_s(self, at: datetime) -> float:
        """Return how long the vehicle has waited, or waited, for somebody to begin; seconds of the city."""
        return max(((self.begun_at or self.ended_at or at) - self.requested_at).total_seconds(), 0.0)


def advance(takeover: Takeover, event: TakeoverEvent, *, at: datetime, **changes: object) -> Takeover:
    """Return the session after a step; raises IllegalTransition for one the table has not."""
    state = next_state(TAKEOVER_TRANSITIONS, takeover.state, event)
    moments: dict[str, object] = {}
    if state in TAKEOVER_TERMINAL:
        moments = {"ended_at": at}
    elif state is TakeoverState.REQUESTED:
        moments = dict.fromkeys(("claimed_by", "claimed_by_name", "claimed_at", "claimed_wall"))
    elif state is TakeoverState.CLAIMED:
        moments = {"claimed_at": at}
    elif state is TakeoverState.ACTIVE:
        moments = {"begun_at": at}
    return msgspec.structs.replace(
        takeover, version=takeover.version + 1, **{**moments, **changes, "state": state}
    )


def join_cause(takeover: Takeover, alarm: Alarm) -> Takeover:
    """Return the session with one more cause; the session itself when nothing of it changes."""
    if (alarm.kind in FROM_THE_STREET, SEVERITY_RANK[alarm.severity]) <= (
        takeover.cause in FROM_THE_STREET,
        SEVERITY_RANK[takeover.severity],
    ):
        return takeover
    severity = max(takeover.severity, alarm.severity, key=lambda one: SEVERITY_RANK[one])
    return msgspec.structs.replace(
        takeover, severity=severity, cause=alarm.kind, version=takeover.version + 1
    )


def may_claim(takeover: Takeover, who: StaffId, wall: datetime) -> bool:
    """Return whether somebody may take a waiting session: the one it is offered to first, then everybody."""
    if takeover.state is TakeoverState.REQUESTED:
        return True
    if takeover.state is TakeoverState.OFFERED:
        return takeover.offered_to == who or wall - takeover.requested_wall >= OFFER_FOR
    return takeover.state is TakeoverState.CLAIMED and (
        takeover.claimed_by == who or has_lapsed(takeover, wall)
    )


def has_lapsed(takeover: Takeover, wall: datetime) -> bool:
    """Return whether a claim was not begun in time."""
    is_claimed = takeover.state is TakeoverState.CLAIMED and takeover.claimed_wall is not None
    return is_claimed and takeover.claimed_wall is not None and wall - takeover.claimed_wall >= CLAIM_FOR


def in_turn(takeovers: Iterable[Takeover]) -> list[Takeover]:
    """Return the queue: what waits before what is worked on, what people on the street said at its head, then
    the gravest, then who waits longest."""
    return sorted(
        takeovers,
        key=lambda one: (
            one.state not in WAITING,
            one.cause not in FROM_THE_STREET,
            -SEVERITY_RANK[one.severity],
            one.requested_at,
            one.takeover_id,
        ),
    )


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """How long vehicles waited for somebody to begin, in seconds of the city."""

    begun: int = 0
    median_s: float | None = None
    p95_s: float | None = None
    longest_s: float | None = None
    expired: int = 0
    """Sessions that nobody took before their cause went away."""


def waits_of(takeovers: Iterable[Takeover]) -> Waits:
    """Return the waits of sessions that somebody began or that expired; percentiles are nearest rank."""
    ended = list(takeovers)
    begun = sorted(one.waited_s(one.begun_at) for one in ended if one.begun_at is not None)
    expired = sum(one.state is TakeoverState.EXPIRED for one in ended)
    if not begun:
        return Waits(expired=expired)
    return Waits(
        begun=len(begun),
        median_s=_rank(begun, 0.5),
        p95_s=_rank(begun, 0.95),
        longest_s=begun[-1],
        expired=expired,
    )


def _rank(sorted_values: Sequence[float], share: float) -> float:
    return sorted_values[max(math.ceil(share * len(sorted_values)) - 1, 0)]
