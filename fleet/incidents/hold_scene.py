"""Holding a vehicle at the scene and letting it go: held, it takes nothing that could change the scene."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.auth.roles import Scope
from core.database import Database, Transaction
from core.errors import Forbidden, Invalid
from core.ids import IncidentId, StaffId
from fleet.incidents.incident import Incident, Step, hold_scene
from fleet.incidents.store import IncidentStore
from fleet.vehicles.store import VehicleStore

LONGEST_REASON = 1_000


async def set_scene_hold(tx: Transaction, incident: Incident, step: Step, *, held: bool) -> Incident:
    """Hold or release in somebody's transaction; the vehicle stays held while another incident holds it."""
    store = IncidentStore(tx)
    after = hold_scene(incident, step, held=held)
    if after is incident:
        return incident
    saved = await store.save(incident, after)
    is_held = held or await store.other_holds(incident) > 0
    vehicle = await VehicleStore(tx).get(incident.vehicle_no, EVERYTHING)
    if vehicle.is_scene_held is not is_held:
        changed = msgspec.structs.replace(
            vehicle, is_scene_held=is_held, changed_at=step.at, version=vehicle.version + 1
        )
        await VehicleStore(tx).save(vehicle, changed)
    return saved


async def hold_or_release(
    database: Database,
    principal: Principal,
    incident_id: IncidentId,
    *,
    held: bool,
    reason: str,
    at: datetime,
) -> Incident:
    """Return the incident after the commit; asking for what is so already answers the same.

    Raises Invalid without a reason, NotFound outside the reach, Forbidden for a role that may not: whoever
    acts on incidents holds, the agency alone releases.
    """
    needed = Scope.INCIDENTS_ACT if held else Scope.INCIDENTS_JUDGE
    if not principal.may(needed):
        raise Forbidden("forbidden", "the agency alone releases a scene", scope=needed.value)
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    event = "scene_held" if held else "scene_released"
    step = Step(
        event=event,
        by=StaffId(principal.id),
        by_name=principal.name,
        role=principal.role.value,
        at=at,
        reason=reason.strip(),
    )
    async with database.write() as tx:
        incident = await IncidentStore(tx).get(incident_id, reach_of(principal))
        done = await set_scene_hold(tx, incident, step, held=held)
        if done is not incident:
            shown = {"vehicle_no": incident.vehicle_no}
            about = f"incident:{incident_id}"
            await audit.record(tx, principal, f"incident.{event}", about, shown, step.reason, at=at)
    return done
