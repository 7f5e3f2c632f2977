"""What people do about patrol, with what they see as the answer; the same key acts once."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from core.auth.principal import EVERYTHING, Principal, reach_of
from core.database import Transaction
from core.ids import OperatorId, VehicleNo
from core.repeatable import Repeated, answer_once, answered_before
from dashboard.parts import DashboardParts
from dashboard.schemas.patrol import (
    BeatBody,
    BeatHistory,
    BeatView,
    ChangedBeat,
    LookBody,
    RunPage,
    RunSheet,
    beat_history,
    beat_view,
    draft_of,
    run_page,
    run_sheet,
)
from fleet.vehicles.store import VehicleStore
from services.patrol.beat import BeatId
from services.patrol.beat_store import BeatStore
from services.patrol.edit_beat import change_beat, make_beat
from services.patrol.look_now import Looker, Wish
from services.patrol.run import Run, RunId
from services.patrol.run_store import RunStore


class PatrolDesk:
    """Acts on beats and runs for one person."""

    def __init__(self, parts: DashboardParts, principal: Principal) -> None:
        """Take the stores and who acts."""
        self._parts = parts
        self._principal = principal

    async def beat(self, beat_id: BeatId) -> BeatHistory:
        """Return a beat with its versions. Raises NotFound."""
        async with self._parts.database.read() as tx:
            store = BeatStore(tx)
            beat = await store.get(beat_id, reach_of(self._principal))
            return beat_history(beat, await store.versions(beat_id))

    async def make(self, body: BeatBody, repeated: Repeated) -> BeatView:
        """Store a new beat. Raises Invalid, NotFound."""
        at = self._parts.clock.now()

        async def write(tx: Transaction) -> BeatView:
            made = await make_beat(
                tx,
                self._principal,
                draft_of(body),
                operator=None if body.operator is None else OperatorId(body.operator),
                time_zone=str(self._parts.city.zone),
                at=at,
            )
            return beat_view(made)

        wall = self._parts.clock.wall()
        return await answer_once(self._parts.database, repeated, BeatView, write, status=201, wall=wall)

    async def change(self, beat_id: BeatId, body: ChangedBeat) -> BeatView:
        """Store the next version. Raises Invalid, NotFound, VersionMismatch."""
        at = self._parts.clock.now()
        async with self._parts.database.write() as tx:
            return beat_view(
                await change_beat(tx, self._principal, beat_id, draft_of(body), version=body.version, at=at)
            )

    async def runs(self, beat_id: BeatId | None, before: tuple[datetime, str] | None, limit: int) -> RunPage:
        """Return runs within reach, the newest first."""
        async with self._parts.database.read() as tx:
            store = RunStore(tx)
            found = await store.newest(
                reach_of(self._principal), beat_id=beat_id, before=before, limit=limit + 1
            )
            points = await store.points_of([run.run_id for run in found])
            codes = await VehicleStore(tx).codes_of({n.vehicle_no for n in found if n.vehicle_no})
        return run_page(found, points, codes, limit)

    async def sheet(self, run_id: RunId) -> RunSheet:
        """Return a run with its evidence. Raises NotFound."""
        async with self._parts.database.read() as tx:
            return await _sheet(tx, await RunStore(tx).get(run_id, reach_of(self._principal)))

    async def look(self, looker: Looker, body: LookBody, repeated: Repeated) -> RunSheet:
        """Send a vehicle to look. Raises Invalid, NotFound, Conflict."""
        database = self._parts.database
        known = await answered_before(database, repeated, RunSheet)
        if known is not None:
            return known
        number = None if body.vehicle_no is None else VehicleNo(body.vehicle_no)
        wish = Wish(lat=body.lat, lng=body.lng, reason=body.reason, vehicle_no=number)
        planned = await looker.plan(self._principal, wish)

        async def begin(tx: Transaction) -> Run:
            return await looker.begin(tx, self._principal, planned)

        return await self.once(begin, repeated, status=201)

    async def once(
        self, act: Callable[[Transaction], Awaitable[Run]], repeated: Repeated, *, status: int
    ) -> RunSheet:
        """Do something about a run once, whatever is sent again; return the run as it was then."""

        async def write(tx: Transaction) -> RunSheet:
            return await _sheet(tx, await act(tx))

        wall = self._parts.clock.wall()
        return await answer_once(self._parts.database, repeated, RunSheet, write, status=status, wall=wall)


async def _sheet(tx: Transaction, run: Run) -> RunSheet:
    store = RunStore(tx)
    # who may see the run was decided by reading it
    found = await store.get(run.run_id, EVERYTHING)
    codes = await VehicleStore(tx).codes_of([] if found.vehicle_no is None else [found.vehicle_no])
    return run_sheet(found, await store.points(run.run_id), await store.evidence(run.run_id), codes)
