"""Starting a run, repairing what one missed, taking one back, and saying why something was not swept."""

from datetime import datetime
from typing import Final

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict, Invalid
from core.ids import OccurrenceId, SweepingRunId, SweepingZoneId, VehicleNo, new_id
from core.kinds import ServiceKind
from fleet.vehicles.store import VehicleStore
from services.orders.zone import want_dispatch
from services.sweeping.ledger import CellSwept, missed_ground
from services.sweeping.run import SweepingRun, advance
from services.sweeping.run_states import RunEvent, RunKind, RunState
from services.sweeping.run_store import RunStore
from services.sweeping.zone import PlanState, StoredPlan, SweepingZone, plan_id_of
from services.sweeping.zone_store import ZoneStore

LONGEST_EXCUSE: Final = 500


async def start_run(
    tx: Transaction,
    principal: Principal,
    zone_id: SweepingZoneId,
    vehicle_no: VehicleNo | None,
    *,
    at: datetime,
) -> SweepingRun:
    """Return a run of a zone that waits for a vehicle, for the one named if one is.

    Raises NotFound for a zone or vehicle out of reach; Conflict ``conflict`` for a retired zone or a vehicle
    that sweeps nowhere near, ``sweeping-plan-missing`` before the plan is made, ``sweeping-zone-busy`` while
    another run of the zone is not over.
    """
    zone = await ZoneStore(tx).get(zone_id, reach_of(principal))
    if vehicle_no is not None:
        await _check_vehicle(tx, principal, zone, vehicle_no)
    hindrance = await why_not(tx, zone)
    if hindrance == "zone_retired":
        raise Conflict("conflict", "this zone is swept no more", zone_id=zone_id)
    if hindrance == "no_plan":
        raise Conflict("sweeping-plan-missing", zone_id=zone_id)
    run = await add_run(tx, zone, wanted=vehicle_no, by_name=principal.name, at=at)
    fields = {"zone_id": zone_id, "vehicle_no": vehicle_no}
    await audit.record(tx, principal, "sweeping_run.started", f"sweeping_run:{run.run_id}", fields, at=at)
    return run


async def why_not(tx: Transaction, zone: SweepingZone) -> str | None:
    """Return a word why no run of the zone can begin, None when one can."""
    if zone.is_retired:
        return "zone_retired"
    plan = await ZoneStore(tx).plan(plan_id_of(zone.zone_id, zone.version))
    return None if plan.state is PlanState.READY else "no_plan"


async def add_run(
    tx: Transaction,
    zone: SweepingZone,
    *,
    wanted: VehicleNo | None,
    by_name: str,
    occurrence_id: OccurrenceId | None = None,
    at: datetime,
) -> SweepingRun:
    """Store a run that waits for a vehicle and wake the dispatch of its district; raise Conflict when the
    zone has one."""
    run = SweepingRun(
        run_id=SweepingRunId(new_id()),
        zone_id=zone.zone_id,
        plan_id=plan_id_of(zone.zone_id, zone.version),
        district=zone.district,
        operator=zone.operator,
        occurrence_id=occurrence_id,
        wanted_vehicle_no=wanted,
        asked_by_name=by_name,
        created_at=at,
    )
    await RunStore(tx).add(run)
    await want_dispatch(tx, zone.district, at=at)
    return run


async def repair_run(
    tx: Transaction, principal: Principal, run_id: SweepingRunId, *, at: datetime
) -> SweepingRun:
    """Return a run that sweeps what a measured one missed; its passes are worked out first.

    Raises NotFound out of reach; Conflict ``sweeping-not-measured``, ``sweeping-nothing-missed``, and
    ``sweeping-zone-busy`` when it has a repair already.
    """
    store = RunStore(tx)
    run = await store.get(run_id, reach_of(principal))
    if run.state is not RunState.MEASURED:
        raise Conflict("sweeping-not-measured", run_id=run_id, state=run.state.value)
    repair = await add_repair(tx, run, await store.cells(run_id), by_name=principal.name, at=at)
    if repair is None:
        raise Conflict("sweeping-nothing-missed", run_id=run_id)
    fields = {"zone_id": run.zone_id, "repairs": run_id}
    await audit.record(tx, principal, "sweeping_run.started", f"sweeping_run:{repair.run_id}", fields, at=at)
    return repair


async def add_repair(
    tx: Transaction, run: SweepingRun, cells: list[CellSwept], *, by_name: str, at: datetime
) -> SweepingRun | None:
    """Store the repair of a run with the plan it wants; None when no cell is missed. Raises Conflict when it
    has one already."""
    zones = ZoneStore(tx)
    before = await zones.plan(run.plan_id)
    ground = missed_ground(before.ground, [cell for cell in cells if cell.is_missed])
    if not ground:
        return None
    repair_id = SweepingRunId(new_id())
    repair = SweepingRun(
        run_id=repair_id,
        zone_id=run.zone_id,
        plan_id=repair_id,
        district=run.district,
        operator=run.operator,
        kind=RunKind.REPAIR,
        state=RunState.PLANNING,
        repairs=run.run_id,
        asked_by_name=by_name,
        created_at=at,
    )
    await RunStore(tx).add(repair)
    wanted = StoredPlan(
        plan_id=repair_id,
        zone_id=run.zone_id,
        zone_version=before.zone_version,
        state=PlanState.WANTED,
        ground=ground,
    )
    await zones.want_plan(wanted, at=at)
    return repair


async def withdraw_run(
    tx: Transaction, principal: Principal, run_id: SweepingRunId, *, at: datetime
) -> SweepingRun:
    """Return a run that nobody began, taken back. Raises NotFound; IllegalTransition once it is begun."""
    store = RunStore(tx)
    run = await store.get(run_id, reach_of(principal))
    withdrawn = await store.move(run, advance(run, RunEvent.WITHDRAWN, at=at, reason="withdrawn"), at=at)
    await audit.record(tx, principal, "sweeping_run.withdrawn", f"sweeping_run:{run_id}", {}, at=at)
    return withdrawn


async def excuse_run(
    tx: Transaction, principal: Principal, run_id: SweepingRunId, excuse: str, *, at: datetime
) -> SweepingRun:
    """Return a run with what a person says about ground that was not swept; the m² stay as they are.

    Raises Invalid without a text, NotFound out of reach, Conflict ``sweeping-nothing-missed`` where nothing
    is to be excused.
    """
    if not excuse.strip() or len(excuse) > LONGEST_EXCUSE:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_EXCUSE)
    store = RunStore(tx)
    run = await store.get(run_id, reach_of(principal))
    is_whole = run.state is RunState.MEASURED and not run.missed_m2
    if is_whole or run.state not in (
        RunState.MEASURED,
        RunState.EXCUSED,
        RunState.WITHDRAWN,
        RunState.FAILED,
    ):
        raise Conflict("sweeping-nothing-missed", run_id=run_id, state=run.state.value)
    excused = msgspec.structs.replace(
        run, excuse=excuse.strip(), excused_by_name=principal.name, version=run.version + 1
    )
    done = await store.move(run, excused, at=at)
    await audit.record(
        tx, principal, "sweeping_run.excused", f"sweeping_run:{run_id}", {}, excuse.strip(), at=at
    )
    return done


async def _check_vehicle(
    tx: Transaction, principal: Principal, zone: SweepingZone, vehicle_no: VehicleNo
) -> None:
    vehicle = await VehicleStore(tx).get(vehicle_no, reach_of(principal))
    is_fit = vehicle.service is ServiceKind.SWEEPING and vehicle.operator == zone.operator
    if not is_fit or vehicle.district != zone.district:
        raise Conflict(
            "conflict",
            "this vehicle does not sweep for the operator of this zone in its district",
            vehicle_no=vehicle_no,
        )
