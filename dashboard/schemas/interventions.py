"""The queue of vehicles that need a remote operator, and what operators say about each."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import StaffId, VehicleNo
from fleet.takeovers.kinds import CLAIM_FOR, TakeoverMode
from fleet.takeovers.takeover import Takeover, Waits, may_claim

Words = Annotated[str, Meta(min_length=1, max_length=1000)]


class BeginIntervention(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """How the operator helps: from here (`assist`), or in the maker's own console (`drive`)."""

    mode: TakeoverMode


class EndIntervention(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What was done, or why somebody else is to go on."""

    words: Words


class InterventionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One vehicle's need of a remote operator; `mayClaim` says that the reader may take it now."""

    takeover_id: str
    vehicle_no: int
    code: str | None
    maker: str
    district: str
    operator: str
    state: str
    severity: str
    cause: str
    reason: str
    lat: float | None
    lng: float | None
    requested_at: datetime
    waited_s: float
    offered_to: str | None
    claimed_by_name: str | None
    claimed_at: datetime | None
    begun_at: datetime | None
    ended_at: datetime | None
    mode: str | None
    outcome: str
    follows: str | None
    is_mine: bool
    may_claim: bool
    claim_for_s: int
    """Wall seconds within which a claim must be begun."""


class WaitsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How long vehicles waited for somebody to begin over the last day; seconds of the city."""

    begun: int
    median_s: float | None
    p95_s: float | None
    longest_s: float | None
    expired: int


class InterventionQueue(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that waits or is worked on, in its turn, whoever made the vehicle."""

    items: tuple[InterventionView, ...]
    waits: WaitsView


def intervention_view(
    takeover: Takeover, code: str | None, me: StaffId, *, at: datetime, wall: datetime
) -> InterventionView:
    """Return a session as one operator sees it."""
    told = {
        *("code", "state", "severity", "cause", "mode", "waited_s", "is_mine", "may_claim"),
        "claim_for_s",
    }
    same = [name for name in InterventionView.__struct_fields__ if name not in told]
    return InterventionView(
        **{name: getattr(takeover, name) for name in same},
        code=code,
        state=takeover.state.value,
        severity=takeover.severity.value,
        cause=takeover.cause.value,
        mode=None if takeover.mode is None else takeover.mode.value,
        waited_s=round(takeover.waited_s(at), 1),
        is_mine=takeover.claimed_by == me and not takeover.is_over,
        may_claim=may_claim(takeover, me, wall),
        claim_for_s=int(CLAIM_FOR.total_seconds()),
    )


def intervention_queue(
    queue: Sequence[Takeover],
    waits: Waits,
    codes: Mapping[VehicleNo, str | None],
    me: StaffId,
    *,
    at: datetime,
    wall: datetime,
) -> InterventionQueue:
    """Return the queue as one operator sees it."""
    return InterventionQueue(
        items=tuple(intervention_view(one, codes.get(one.vehicle_no), me, at=at, wall=wall) for one in queue),
        waits=WaitsView(**msgspec.structs.asdict(waits)),
    )
