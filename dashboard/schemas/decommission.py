"""Taking a vehicle out of the fleet, on the wire."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import VehicleNo
from fleet.vehicles.kinds import Lifecycle
from services.decommission.outgoing import Outgoing, Rest, WaitsFor
from services.tasks.states import TaskKind


class TakeOut(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What becomes of the rest of its work, and why it leaves."""

    rest: Rest
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class AskedView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What was decided."""

    rest: Rest
    reason: str
    by_name: str
    asked_at: datetime
    done_at: datetime | None


class OutgoingView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle on its way out, or what taking it out now would touch; `waitsFor` is what keeps it."""

    vehicle_no: VehicleNo
    lifecycle: Lifecycle
    task_kind: TaskKind | None
    orders_to_load: int
    orders_aboard: int
    open_calls: int
    is_on_the_road: bool
    waits_for: tuple[WaitsFor, ...]
    asked: AskedView | None


def outgoing_view(outgoing: Outgoing) -> OutgoingView:
    """Return it as screens show it."""
    asked = outgoing.asked
    return OutgoingView(
        vehicle_no=outgoing.vehicle_no,
        lifecycle=outgoing.lifecycle,
        **msgspec.structs.asdict(outgoing.touched),
        waits_for=outgoing.waits_for,
        asked=None
        if asked is None
        else AskedView(
            rest=asked.rest,
            reason=asked.reason,
            by_name=asked.by_name,
            asked_at=asked.asked_at,
            done_at=asked.done_at,
        ),
    )
