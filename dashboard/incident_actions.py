"""What people do about incidents, with the incident's sheet as the answer."""

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.ids import IncidentId
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.incidents import IncidentView, ReportIncident, incident_view, new_incident
from fleet.evidence.store import BundleStore
from fleet.incidents.hold_scene import hold_or_release
from fleet.incidents.incident import Incident
from fleet.incidents.move_incident import Move, ask_evidence, move_incident
from fleet.incidents.open_incidents import check_report, open_reported
from fleet.incidents.rules import IncidentRules, rules_of
from fleet.incidents.store import IncidentStore
from fleet.vehicles.store import VehicleStore


class IncidentHands:
    """Acts on incidents for one person."""

    def __init__(self, parts: DashboardParts, principal: Principal) -> None:
        """Take the stores and who acts."""
        self._parts = parts
        self._principal = principal

    async def report(self, data: ReportIncident, repeated: Repeated) -> IncidentView:
        """Open an incident; the same key opens one and answers alike."""
        at = self._parts.clock.now()
        new = new_incident(data)
        check_report(new, at=at)

        async def work(tx: Transaction) -> IncidentView:
            opened = await open_reported(tx, self._principal, new, self._rules, at=at)
            return await self._sheet(tx, opened)

        wall = self._parts.clock.wall()
        return await answer_once(self._parts.database, repeated, IncidentView, work, status=201, wall=wall)

    async def move(self, incident_id: str, move: Move) -> IncidentView:
        """Take a step of the incident's life."""
        at = self._parts.clock.now()
        done = await move_incident(
            self._parts.database, self._principal, IncidentId(incident_id), move, self._rules, at=at
        )
        return await self.shown(done)

    async def hold(self, incident_id: str, reason: str, *, held: bool) -> IncidentView:
        """Hold the vehicle at the scene, or release it."""
        done = await hold_or_release(
            self._parts.database,
            self._principal,
            IncidentId(incident_id),
            held=held,
            reason=reason,
            at=self._parts.clock.now(),
        )
        return await self.shown(done)

    async def ask_evidence(self, incident_id: str, reason: str) -> IncidentView:
        """Have one more edition of the bundle sealed."""
        done = await ask_evidence(
            self._parts.database,
            self._principal,
            IncidentId(incident_id),
            reason=reason,
            at=self._parts.clock.now(),
        )
        return await self.shown(done)

    async def take_bundle(self, incident_id: str, edition: int) -> bytes:
        """Return the file of an edition once it is on record who took it. Raises NotFound."""
        found = IncidentId(incident_id)
        async with self._parts.database.write() as tx:
            incident = await IncidentStore(tx).get(found, reach_of(self._principal))
            data = await BundleStore(tx).data(found, edition)
            shown = {"edition": edition, "vehicle_no": incident.vehicle_no}
            await audit.record(
                tx,
                self._principal,
                "evidence.exported",
                f"incident:{incident_id}",
                shown,
                at=self._parts.clock.now(),
            )
        return data

    async def shown(self, incident: Incident) -> IncidentView:
        """Return the sheet of an incident."""
        async with self._parts.database.read() as tx:
            return await self._sheet(tx, incident)

    async def _sheet(self, tx: Transaction, incident: Incident) -> IncidentView:
        codes = await VehicleStore(tx).codes_of([incident.vehicle_no])
        return incident_view(incident, codes.get(incident.vehicle_no), self._parts.clock.now())

    @property
    def _rules(self) -> IncidentRules:
        return rules_of(self._parts.judging)
