"""What an operator does about sweeping, each a use case with its own answer."""

from collections.abc import Awaitable, Callable, Sequence

from litestar.status_codes import HTTP_200_OK

from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Transaction
from core.errors import Invalid
from core.ids import DistrictCode, OperatorId, SweepingRunId, SweepingZoneId
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.sweeping import (
    SweepingZoneBody,
    SweepingZoneSheet,
    SweepingZoneView,
    drawing_of,
    zone_of,
    zone_sheet,
    zone_view,
)
from dashboard.schemas.sweeping_previews import SweepingPreviewBody, SweepingPreviewView, preview_view
from dashboard.schemas.sweeping_runs import (
    RecallRunBody,
    RunFacts,
    SweepingMonthView,
    SweepingRunSheet,
    SweepingRunView,
    month_view,
    run_sheet,
    run_view,
)
from fleet.vehicles.store import VehicleStore
from services.sweeping.ask_preview import ask_preview
from services.sweeping.call_home import WaysHome
from services.sweeping.preview import PreviewId
from services.sweeping.preview_store import PreviewStore
from services.sweeping.recall_run import recall_run
from services.sweeping.run import SweepingRun
from services.sweeping.run_states import Rest, RunState
from services.sweeping.run_store import RunStore
from services.sweeping.save_zone import retire_zone, save_zone
from services.sweeping.watch_run import WATCHED
from services.sweeping.zone import plan_id_of
from services.sweeping.zone_store import ZoneStore
from services.tasks.store import TaskStore

MOST_MONTHS = 24

type Deed = Callable[[Transaction], Awaitable[SweepingRun]]


async def zones_of(
    parts: DashboardParts, principal: Principal, district: DistrictCode | None
) -> list[SweepingZoneView]:
    """Return the zones within reach with their plans, without the passes."""
    async with parts.database.read() as tx:
        store = ZoneStore(tx)
        zones = [z for z in await store.all(reach_of(principal)) if district in (None, z.district)]
        plans = await store.plans_of(zones)
    return [zone_view(zone, plans[zone.zone_id]) for zone in zones]


async def zone_of_id(
    parts: DashboardParts, principal: Principal, zone_id: SweepingZoneId
) -> SweepingZoneSheet:
    """Return one zone with its passes."""
    async with parts.database.read() as tx:
        store = ZoneStore(tx)
        zone = await store.get(zone_id, reach_of(principal))
        return zone_sheet(zone, await store.plan(plan_id_of(zone.zone_id, zone.version)))


async def put_zone(
    parts: DashboardParts, principal: Principal, zone_id: SweepingZoneId, body: SweepingZoneBody
) -> SweepingZoneView:
    """Store a zone and have its plan made; the same again is the same."""
    at = parts.clock.now()
    zone = zone_of(zone_id, body, at)
    async with parts.database.write() as tx:
        saved = await save_zone(tx, principal, zone, version=body.version, at=at)
        return zone_view(saved, await ZoneStore(tx).plan(plan_id_of(saved.zone_id, saved.version)))


async def drop_zone(parts: DashboardParts, principal: Principal, zone_id: SweepingZoneId) -> None:
    """Retire a zone; one that is retired stays so."""
    async with parts.database.write() as tx:
        await retire_zone(tx, principal, zone_id, at=parts.clock.now())


async def ask_for_preview(
    parts: DashboardParts, principal: Principal, preview_id: PreviewId, body: SweepingPreviewBody
) -> SweepingPreviewView:
    """Have a drawing planned before it is saved; the same again is the same."""
    drawing, wall = drawing_of(body), parts.clock.wall()
    async with parts.database.write() as tx:
        asked = await ask_preview(
            tx,
            principal,
            preview_id,
            drawing,
            district=DistrictCode(body.district),
            operator=OperatorId(body.operator),
            wall=wall,
            at=parts.clock.now(),
        )
    return preview_view(asked, wall)


async def preview_of_id(
    parts: DashboardParts, principal: Principal, preview_id: PreviewId
) -> SweepingPreviewView:
    """Return what is known of a preview."""
    async with parts.database.read() as tx:
        found = await PreviewStore(tx).get(preview_id, reach_of(principal))
    return preview_view(found, parts.clock.wall())


async def runs_of(
    parts: DashboardParts,
    principal: Principal,
    zone_id: SweepingZoneId | None,
    state: RunState | None,
) -> list[SweepingRunView]:
    """Return the newest hundred runs within reach."""
    states = () if state is None else (state,)
    async with parts.database.read() as tx:
        found = await RunStore(tx).newest(reach_of(principal), zone_id=zone_id, states=states)
        facts = await _facts_of(tx, found)
    return [run_view(run, each) for run, each in zip(found, facts, strict=True)]


async def run_of_id(parts: DashboardParts, principal: Principal, run_id: SweepingRunId) -> SweepingRunSheet:
    """Return one run with what was swept of each cell, or so far while nobody has measured it."""
    async with parts.database.read() as tx:
        store = RunStore(tx)
        run = await store.get(run_id, reach_of(principal))
        [facts] = await _facts_of(tx, [run])
        cells = await store.cells(run_id)
        plan = await ZoneStore(tx).plan(run.plan_id) if run.state in WATCHED else None
    if plan is None:
        return run_sheet(run, facts, cells)
    return run_sheet(run, facts, cells, await parts.sweeping.so_far(run, plan))


async def _facts_of(tx: Transaction, runs: Sequence[SweepingRun]) -> list[RunFacts]:
    codes = await VehicleStore(tx).codes_of([run.vehicle_no for run in runs if run.vehicle_no is not None])
    under_way = [run.task_id for run in runs if run.state is RunState.UNDER_WAY and run.task_id is not None]
    tasks = await TaskStore(tx).of_ids(under_way, EVERYTHING)
    return [
        RunFacts(
            code=None if run.vehicle_no is None else codes.get(run.vehicle_no),
            task=None if run.task_id is None else tasks.get(run.task_id),
        )
        for run in runs
    ]


async def months_of(
    parts: DashboardParts, principal: Principal, begin: str, end: str
) -> list[SweepingMonthView]:
    """Return verified m² by zone and month; raise Invalid for a span that is none."""
    span = _months(end) - _months(begin)
    if not 0 <= span < MOST_MONTHS:
        raise Invalid(
            "invalid-input", "from is not after to", field="from, to", limit=f"at most {MOST_MONTHS} months"
        )
    async with parts.database.read() as tx:
        sums = await RunStore(tx).months(reach_of(principal), begin=begin, end=end)
        zones = ZoneStore(tx)
        known = {zone_id: await zones.get(zone_id, EVERYTHING) for zone_id in {s.zone_id for s in sums}}
    return [month_view(each, known[each.zone_id]) for each in sums]


async def act_on_run(
    parts: DashboardParts, repeated: Repeated, deed: Deed, *, status: int
) -> SweepingRunView:
    """Do something about a run once for each key; return the run."""

    async def write(tx: Transaction) -> SweepingRunView:
        run = await deed(tx)
        [facts] = await _facts_of(tx, [run])
        return run_view(run, facts)

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, SweepingRunView, write, status=status, wall=wall)


async def call_run_home(
    parts: DashboardParts,
    principal: Principal,
    repeated: Repeated,
    run_id: SweepingRunId,
    body: RecallRunBody,
) -> SweepingRunView:
    """Call a run under way home once for each key; the way is found before the transaction begins."""
    async with parts.database.read() as tx:
        run = await RunStore(tx).find(run_id, reach_of(principal))
    way = None
    if run is not None and run.state is RunState.UNDER_WAY and run.vehicle_no is not None:
        way = await WaysHome(parts.database, parts.roads, parts.last_heard).of(run.vehicle_no)
    at, clock, rest = parts.clock.now(), parts.clock, Rest(body.rest)

    async def deed(tx: Transaction) -> SweepingRun:
        seen = run or await RunStore(tx).get(run_id, reach_of(principal))
        return await recall_run(tx, principal, seen, rest, body.reason, way, at=at, clock=clock)

    return await act_on_run(parts, repeated, deed, status=HTTP_200_OK)


def _months(month: str) -> int:
    year, number = month.split("-")
    return 12 * int(year) + int(number)
