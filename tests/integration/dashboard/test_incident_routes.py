"""Incidents and their evidence over HTTP, from the report to the file in the agency's hands."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.database import Database
from core.ids import IncidentId, VehicleNo
from core.redis import connect
from core.settings import JudgingSettings
from fleet.evidence.bundle import EvidenceSigner, verify_bundle
from fleet.evidence.read_window import HistoryWindow
from fleet.evidence.refused import RefusedSamplesOf
from fleet.evidence.seal_evidence import EvidenceSealer
from fleet.history.files import RawFiles
from fleet.incidents.rules import rules_of
from fleet.incidents.store import IncidentStore
from fleet.vehicles.store import VehicleStore
from tests.integration.dashboard.conftest import Somebody

type Add = Callable[..., Any]

SIGNER = EvidenceSigner("a secret of a test that is long enough")
REPORT = {
    "vehicleNo": 1,
    "incidentType": "crash",
    "happenedAt": "2026-06-30T02:00:00Z",
    "description": "昨天在路口刮擦",
    "severity": "property_damage",
    "holdScene": True,
}


@pytest.fixture
async def reported(somebody: Somebody, add_vehicles: Add) -> dict[str, Any]:
    """What a shift lead reported of yesterday."""
    await add_vehicles(1)
    answer = await somebody.post("/api/incidents", REPORT, Role.SHIFT_LEAD, key="k-1")
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/incidents/{found['incidentId']}"
    return found


@pytest.fixture
async def seal(
    sqlite_database: Database, clock: Any, valkey_url: str, tmp_path: Path
) -> AsyncIterator[Callable[[], Any]]:
    """Seal what is owed, ten minutes on; the vehicle was silent."""
    redis, folder = connect(valkey_url), tmp_path / "history"
    RawFiles(folder).prepare()
    sealer = EvidenceSealer(
        sqlite_database,
        clock,
        SIGNER,
        HistoryWindow(redis, folder, partitions=4),
        RefusedSamplesOf(sqlite_database, redis),
        rules_of(JudgingSettings()),
    )

    async def work() -> int:
        clock.advance(600)
        return await sealer.seal_once()

    yield work
    await redis.aclose()


@pytest.mark.parametrize(
    ("span", "found"),
    [("from=2026-06-30T02:00:00Z&to=2026-06-30T02:00:01Z", 1), ("to=2026-06-30T02:00:00Z", 0)],
)
async def test_incidents_of_a_span_are_those_that_happened_in_it(
    somebody: Somebody, reported: dict[str, Any], span: str, found: int
) -> None:
    listed = (await somebody.get(f"/api/incidents?{span}", Role.SHIFT_LEAD)).json()["items"]
    assert [one["incidentId"] for one in listed] == [reported["incidentId"]] * found
    refused = await somebody.get("/api/incidents?from=2026-06-30T02:00:00", Role.SHIFT_LEAD)
    assert (refused.status_code, refused.json()["fields"]["field"]) == (400, "from")


async def test_an_incident_of_yesterday_shows_its_window_and_what_is_owed(
    somebody: Somebody, reported: dict[str, Any]
) -> None:
    path = f"/api/incidents/{reported['incidentId']}"
    found = (await somebody.get(path, Role.SUPERVISOR)).json()
    assert (found["incidentType"], found["state"], found["preliminary"]) == ("crash", "reported", True)
    assert (found["incidentTime"], found["discoveryTime"]) == (
        "2026-06-30T02:00:00Z",
        "2026-07-01T02:00:00Z",
    )
    assert (found["windowFrom"], found["windowTo"]) == ("2026-06-30T01:58:30Z", "2026-06-30T02:00:30Z")
    assert (found["isSceneHeld"], found["isEvidenceOwed"], found["evidenceEdition"]) == (True, True, 0)
    assert (found["code"], found["openedByName"]) == ("EDS-KB-D-0001-O", "shift_lead")
    assert [step["event"] for step in found["steps"]] == ["incident_reported", "scene_held"]
    listed = (await somebody.get("/api/incidents?state=reported&vehicleNo=1")).json()
    assert [one["incidentId"] for one in listed["items"]] == [reported["incidentId"]]


async def test_the_same_key_reports_once(somebody: Somebody, reported: dict[str, Any]) -> None:
    again = await somebody.post("/api/incidents", REPORT, Role.SHIFT_LEAD, key="k-1")
    assert again.json() == reported
    other = await somebody.post("/api/incidents", {**REPORT, "description": "x"}, Role.SHIFT_LEAD, key="k-1")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency-key-reused")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"happenedAt": "2026-07-02T02:00:00Z"}, "time-out-of-range"),
        ({"incidentType": "explosion"}, "invalid-input"),
        ({"description": ""}, "invalid-input"),
    ],
)
async def test_a_report_that_makes_no_sense_is_refused(
    somebody: Somebody, add_vehicles: Add, changes: dict[str, Any], code: str
) -> None:
    await add_vehicles(1)
    answer = await somebody.post("/api/incidents", {**REPORT, **changes}, Role.SHIFT_LEAD, key="k")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


async def test_an_incident_goes_from_report_to_closing_with_a_bundle_that_proves_itself(
    somebody: Somebody, reported: dict[str, Any], seal: Any, sqlite_database: Database
) -> None:
    path = f"/api/incidents/{reported['incidentId']}"

    async def step(name: str, role: Role | str = "city agent", **more: Any) -> dict[str, Any]:
        answer = await somebody.post(f"{path}/{name}", {"reason": "核实", **more}, role)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    triaged = await step("triage", Role.SHIFT_LEAD, severity="minor_injury", reportId="JJ-2026-1")
    assert (triaged["state"], triaged["severity"]) == ("triaged", "minor_injury")
    early = await somebody.post(f"{path}/referrals", {"reason": "x"}, "city agent")
    assert (early.status_code, early.json()["code"]) == (409, "illegal-transition")
    owed = (await somebody.get(f"{path}/evidence", "city agent")).json()
    assert (owed["items"], owed["owed"]["edition"], owed["owed"]["awaits"]) == ([], 1, "recording")
    assert await seal() == 1
    sealed = (await somebody.get(f"{path}/evidence", "city agent")).json()
    [edition], nothing = sealed["items"], sealed["owed"]
    assert nothing is None
    taken = await somebody.get(f"{path}/evidence/1", Role.SUPERVISOR)
    assert taken.headers["content-type"] == "application/x-tar"
    seen = verify_bundle(taken.content, SIGNER.public_key)
    assert (seen.holds, seen.sha256) == (True, edition["sha256"])
    assert (await step("referrals"))["state"] == "responsibility_pending"
    done = await step("responsibility", responsibility="other_party")
    assert (done["responsibility"], done["preliminary"]) == ("other_party", False)
    held = await somebody.post(f"{path}/closings", {"reason": "x"}, "city agent")
    assert (held.status_code, held.json()["code"]) == (409, "conflict")
    assert (await step("releases"))["isSceneHeld"] is False
    assert (await step("closings"))["state"] == "closed"
    assert (await step("reopenings"))["state"] == "reopened"
    assert await seal() == 1
    assert (await somebody.get(f"{path}/evidence/2", Role.SUPERVISOR)).status_code == 200
    async with sqlite_database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "evidence.exported")
        entries = (await tx.execute(query.order_by(audit_entries.c.id))).all()
    assert [(entry.role, entry.fields["edition"]) for entry in entries] == [
        ("supervisor", 1),
        ("supervisor", 2),
    ]


async def test_a_scene_is_held_by_who_acts_and_released_by_the_agency_alone(
    somebody: Somebody, reported: dict[str, Any], sqlite_database: Database
) -> None:
    path = f"/api/incidents/{reported['incidentId']}"
    for role in (Role.SHIFT_LEAD, Role.DUTY_OFFICER, Role.SUPERVISOR):
        assert (await somebody.post(f"{path}/releases", {"reason": "x"}, role)).status_code == 403
    refused = await somebody.post(
        "/api/vehicles/1/commands", {"kind": "return_to_depot", "reason": "x", "params": {}}, key="c"
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "command-not-possible")
    assert "scene_hold" in refused.json()["detail"]
    await somebody.post(f"{path}/releases", {"reason": "勘查完毕"}, "city agent")
    async with sqlite_database.read() as tx:
        assert not (await VehicleStore(tx).get(VehicleNo(1), EVERYTHING)).is_scene_held
    held = await somebody.post(f"{path}/holds", {"reason": "再次保留"}, Role.DUTY_OFFICER)
    assert held.json()["isSceneHeld"] is True


async def test_an_edition_that_is_not_sealed_and_a_foreign_incident_are_not_there(
    somebody: Somebody, reported: dict[str, Any]
) -> None:
    path = f"/api/incidents/{reported['incidentId']}"
    assert (await somebody.get(f"{path}/evidence/1", Role.SUPERVISOR)).status_code == 404
    assert (await somebody.get(f"{path}/evidence/1", "foreign supervisor")).status_code == 404
    assert (await somebody.get(f"{path}/evidence/1", Role.DISPATCHER)).status_code == 403
    assert (await somebody.get(path, "foreign dispatcher")).status_code == 404


async def test_a_state_that_stays_too_long_is_overdue(
    somebody: Somebody, reported: dict[str, Any], clock: Any, sqlite_database: Database
) -> None:
    assert (reported["dueAt"], reported["isOverdue"]) == ("2026-07-01T02:30:00Z", False)
    async with sqlite_database.write() as tx:
        store = IncidentStore(tx)
        incident = await store.get(IncidentId(reported["incidentId"]), EVERYTHING)
        late = msgspec.structs.replace(incident, due_at=clock.now() - timedelta(seconds=1), version=9)
        await store.save(incident, late)
    found = (await somebody.get(f"/api/incidents/{reported['incidentId']}")).json()
    assert found["isOverdue"] is True


@pytest.mark.parametrize("when", ["2026-06-30T02:00:00", "2026-06-30"])
async def test_a_moment_without_a_zone_is_refused_by_name(
    somebody: Somebody, add_vehicles: Add, when: str
) -> None:
    await add_vehicles(1)
    answer = await somebody.post(
        "/api/incidents", REPORT | {"happenedAt": when}, Role.SHIFT_LEAD, key="k-zone"
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
    assert "happenedAt" in answer.text
