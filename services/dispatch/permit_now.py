"""Whether a vehicle's permits, as they are at the claim, cover its run."""

from datetime import datetime, tzinfo

from core.database import Transaction
from core.errors import Conflict
from core.ids import FenceId, VehicleNo
from fleet.vehicles.paper_store import PaperStore
from fleet.vehicles.papers import hours_left_s, permitted_areas


async def must_be_permitted(
    tx: Transaction,
    vehicle_no: VehicleNo,
    areas: frozenset[FenceId] | None,
    last_s: float,
    *,
    at: datetime,
    zone: tzinfo,
) -> None:
    """Raise Conflict when the permits do not cover the whole run: ``areas`` of its shops and doors, and the
    hour of its last hand-over, ``last_s`` from now. Empty areas are a place in none; None, nobody looked."""
    permits = (await PaperStore(tx).permits_of([vehicle_no])).get(vehicle_no, ())
    permitted, left_s = permitted_areas(permits, at), hours_left_s(permits, at, zone)
    if areas is not None and not (areas and areas <= permitted):
        raise Conflict("vehicle-not-dispatchable", "outside its areas", vehicle_no=vehicle_no)
    if left_s is not None and left_s < last_s:
        raise Conflict("vehicle-not-dispatchable", "past its permitted hours", vehicle_no=vehicle_no)
