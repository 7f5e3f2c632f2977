"""Patrol over the api: a beat drawn once, changed by version, started; a place looked at; evidence read."""

from typing import Any

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.ids import StopId, VehicleNo
from core.kinds import ServiceKind
from dashboard.parts import DashboardParts
from fleet.people.serve_duty import sign_in_operator
from services.patrol.kinds import PointEvent, TrackCheck, Verdict
from services.patrol.run import Evidence, EvidenceId, RunId, advance_point, contradicted
from services.patrol.run_store import RunStore
from tests.integration.dashboard.conftest import Said, Somebody
from tests.integration.fleet.builders import a_principal, working_vehicles

PATH = "/api/patrol"
BODY: dict[str, Any] = {
    "nameZh": "夜巡",
    "nameEn": "Night beat",
    "district": "KB",
    "isShuffled": True,
    "checkpoints": [
        {
            "nameZh": "东门",
            "nameEn": "East gate",
            "lat": 39.6,
            "lng": 109.79,
            "opensMin": 1320,
            "closesMin": 120,
        },
        {"nameZh": "泵房", "nameEn": "Pump house", "lat": 39.602, "lng": 109.79},
    ],
}


async def test_a_beat_is_drawn_once_changed_by_version_and_started(somebody: Somebody) -> None:
    made = await somebody.post(f"{PATH}/beats", BODY, key="k-1")
    assert (made.status_code, made.json()["operator"]) == (201, "op-a")
    assert "seed" not in made.text
    assert (await somebody.post(f"{PATH}/beats", BODY, key="k-1")).json() == made.json()
    beat = f"{PATH}/beats/{made.json()['beatId']}"
    points = [
        *made.json()["checkpoints"],
        {"nameZh": "车库", "nameEn": "Garage", "lat": 39.603, "lng": 109.79},
    ]
    changed = await somebody.put(beat, {**BODY, "checkpoints": points, "version": 1})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert (await somebody.put(beat, {**BODY, "version": 1})).status_code == 412
    history = (await somebody.get(beat)).json()
    assert [(one["version"], len(one["checkpoints"])) for one in history["versions"]] == [(2, 3), (1, 2)]
    assert history["checkpoints"][0]["checkpointId"] == made.json()["checkpoints"][0]["checkpointId"]
    wide = {**BODY, "checkpoints": [{**BODY["checkpoints"][1], "opensMin": 60}]}
    refused = await somebody.post(f"{PATH}/beats", wide, key="k-2")
    assert (refused.status_code, refused.json()["fields"]["field"]) == (400, "checkpoints[0].closesMin")
    started = await somebody.post(f"{beat}/runs", {}, key="k-3")
    assert (started.status_code, started.json()["state"], started.json()["due"]) == (201, "waiting", 3)
    assert (await somebody.post(f"{beat}/runs", {}, key="k-3")).json() == started.json()
    listed = (await somebody.get(f"{PATH}/runs", Role.AGENCY)).json()["items"]
    assert [one["runId"] for one in listed] == [started.json()["runId"]]
    off = await somebody.post(f"{PATH}/runs/{started.json()['runId']}/cancellations", {}, key="k-4")
    assert (off.json()["state"], {point["reason"] for point in off.json()["points"]}) == (
        "cancelled",
        {"called_off"},
    )
    assert (await somebody.post(f"{beat}/retirements", {"version": 2})).json()["isRetired"] is True
    assert (await somebody.post(f"{beat}/runs", {}, key="k-5")).status_code == 409
    assert (await somebody.post(f"{PATH}/beats", BODY, Role.AGENCY, key="k-6")).status_code == 403
    assert (await somebody.get(f"{PATH}/runs", "foreign dispatcher")).json()["items"] == []


async def test_the_nearest_vehicle_is_sent_to_look_once(
    somebody: Somebody, parts: DashboardParts, said: Said
) -> None:
    wish = {"lat": 39.61, "lng": 109.79, "reason": "有人报告冒烟"}
    nobody = await somebody.post(f"{PATH}/looks", wish, key="k-0")
    assert (nobody.status_code, nobody.json()["code"]) == (409, "vehicle-not-dispatchable")
    await working_vehicles(parts.database, 7, 8, service=ServiceKind.PATROL)
    said.hear(7, lat=39.7, lng=109.79, measured_at=parts.clock.now())
    said.hear(8, lat=39.6, lng=109.79, measured_at=parts.clock.now())
    await sign_in_operator(parts.database, a_principal(Role.REMOTE_OPERATOR), parts.clock)
    sent = await somebody.post(f"{PATH}/looks", wish, key="k-1")
    assert (sent.status_code, sent.json()["vehicleNo"], sent.json()["state"]) == (201, 8, "under_way")
    assert (await somebody.post(f"{PATH}/looks", wish, key="k-1")).json() == sent.json()
    run = (await somebody.get(f"{PATH}/runs/{sent.json()['runId']}")).json()
    assert (run["reason"], run["points"][0]["withinM"], run["evidence"]) == ("有人报告冒烟", 30, [])
    assert (await somebody.get(f"{PATH}/runs/{run['runId']}", "foreign dispatcher")).status_code == 404
    assert (await somebody.post(f"{PATH}/looks", {**wish, "lat": 99}, key="k-2")).status_code == 400
    here = "lat=39.61&lng=109.79"
    road = (await somebody.get(f"{PATH}/road-points?{here}")).json()
    assert road == {"lat": 39.61, "lng": 109.79, "movedM": 0.0}
    assert (await somebody.get(f"{PATH}/road-points?lat=99&lng=109.79")).status_code == 400
    assert (await somebody.get(f"{PATH}/road-points?{here}", Role.AGENCY)).status_code == 403


async def test_a_doubtful_checkpoint_is_counted_apart_and_accepted_once(
    somebody: Somebody, parts: DashboardParts
) -> None:
    made = await somebody.post(f"{PATH}/beats", BODY, key="k-1")
    started = await somebody.post(f"{PATH}/beats/{made.json()['beatId']}/runs", {}, key="k-2")
    run = f"{PATH}/runs/{started.json()['runId']}"
    checkpoint = made.json()["checkpoints"][0]["checkpointId"]
    async with parts.database.write() as tx:
        store = RunStore(tx)
        found = await store.get(RunId(started.json()["runId"]), EVERYTHING)
        point, _ = await store.points(found.run_id)
        evidence = Evidence(
            evidence_id=EvidenceId("e-1"),
            run_id=found.run_id,
            checkpoint_id=checkpoint,
            beat_id=found.beat_id,
            vehicle_no=VehicleNo(9),
            report_seq=1,
            stop_id=StopId("s-1"),
            taken_at=parts.clock.now(),
            lat=39.6,
            lng=109.79,
            off_m=0.0,
            verdict=Verdict.ACCEPTED,
            track=TrackCheck.DOUBTFUL,
            track_off_m=111.0,
        )
        await store.keep(evidence)
        seen = advance_point(point, PointEvent.EVIDENCE_TAKEN, evidence=evidence)
        await store.put_point(contradicted(seen))
    sheet = (await somebody.get(run)).json()
    assert [sheet[name] for name in ("inspected", "doubtful", "missed", "due")] == [0, 1, 0, 1]
    assert sheet["points"][0]["state"] == "doubtful"
    body = {"checkpointId": checkpoint, "reason": "the picture shows the gate"}
    assert (await somebody.post(f"{run}/acceptances", body, Role.AGENCY, key="a-0")).status_code == 403
    assert (await somebody.post(f"{run}/acceptances", body)).status_code == 400, "no key"
    stranger = await somebody.post(f"{run}/acceptances", body, "foreign dispatcher", key="a-1")
    assert stranger.status_code == 404
    done = await somebody.post(f"{run}/acceptances", body, key="a-2")
    assert (done.status_code, done.json()["inspected"], done.json()["doubtful"]) == (200, 1, 0)
    assert done.json()["points"][0]["acceptedReason"] == "the picture shows the gate"
    assert (await somebody.post(f"{run}/acceptances", body, key="a-2")).json() == done.json()
    again = await somebody.post(f"{run}/acceptances", body, key="a-3")
    assert (again.status_code, again.json()["code"]) == (409, "illegal-transition")
