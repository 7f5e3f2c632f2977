"""What people spent on vehicles: the minutes of the crew by vehicle and day. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from core.ids import VehicleNo
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.work_order import WorkOrder


class CrewTime(msgspec.Struct, frozen=True, kw_only=True):
    """The time that the crew spent on one vehicle within a span, in minutes."""

    travel_min: float = 0.0
    """On the way to it."""
    on_site_min: float = 0.0
    """At it."""
    jobs: int = 0
    """Work orders that some of this time belongs to."""
    by_kind: Mapping[WorkKind, float] = {}
    """All of it, by kind of work."""

    @property
    def total_min(self) -> float:
        """Return travel and work together."""
        return self.travel_min + self.on_site_min


def crew_minutes(
    orders: Iterable[WorkOrder], began: datetime, ended: datetime, *, now: datetime
) -> dict[VehicleNo, CrewTime]:
    """Return what the crew spent on each vehicle between two moments; one without a job is absent.

    A job counts from setting out to its end, the part within the span only, so that neighbouring spans add
    up; what is still under way counts until ``now``. Orders of any time may be given
    (``WorkOrderStore.under_way_between`` reads those of a span).
    """
    spent: dict[VehicleNo, CrewTime] = {}
    for order in orders:
        if order.started_at is None:
            continue
        over = order.ended_at or now
        reached = min(order.arrived_at or over, over)
        travel = _minutes(order.started_at, reached, began, ended)
        on_site = _minutes(reached, over, began, ended)
        if travel + on_site > 0:
            before = spent.get(order.vehicle_no, CrewTime())
            spent[order.vehicle_no] = _more(before, order.kind, travel, on_site)
    return spent


def _more(before: CrewTime, kind: WorkKind, travel: float, on_site: float) -> CrewTime:
    return CrewTime(
        travel_min=before.travel_min + travel,
        on_site_min=before.on_site_min + on_site,
        jobs=before.jobs + 1,
        by_kind={**before.by_kind, kind: before.by_kind.get(kind, 0.0) + travel + on_site},
    )


def _minutes(from_at: datetime, to_at: datetime, began: datetime, ended: datetime) -> float:
    return max((min(to_at, ended) - max(from_at, began)).total_seconds() / 60, 0.0)
