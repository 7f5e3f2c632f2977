"""Fences over HTTP."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from core.auth.roles import Role
from core.database import Database, insert_new
from fleet.history.files import RawFiles
from fleet.telemetry.facts import fence_events
from fleet.telemetry.records import STREAM_POSITION, STREAM_STATUS
from tests.fences import KANGBASHI, a_draft, a_limit
from tests.integration.dashboard.conftest import Somebody
from tests.published import published

LAT, LNG = KANGBASHI.lat_lng(1.0, 1.0)
HERE = f"lat={LAT}&lng={LNG}"


async def in_force(database: Database, clock: Any, **fields: Any) -> None:
    async with database.write() as tx:
        await published(tx, a_draft(**fields), at=clock.now())


async def test_the_rule_at_a_place_names_the_fence_that_decided(
    somebody: Somebody, sqlite_database: Database, clock: Any
) -> None:
    await in_force(sqlite_database, clock, rules=a_limit(3.0))
    answer = await somebody.get(f"/api/fences/rule?{HERE}&service=delivery")
    assert answer.status_code == 200
    fence = {
        "fenceId": "f",
        "version": 1,
        "kind": "slow_zone",
        "kindZh": "限速区",
        "kindEn": "Slow zone",
        "nameZh": "限速区",
        "nameEn": "Slow zone",
    }
    assert answer.json() == {
        "speedLimitMps": 3.0,
        "noEntry": False,
        "noStopping": False,
        "isServiceAllowed": True,
        "capacity": None,
        "decidedBy": {"speedLimitMps": fence},
        "fences": [fence],
    }
    before = (clock.now() - timedelta(days=1)).isoformat().replace("+00:00", "Z")
    earlier = await somebody.get(f"/api/fences/rule?{HERE}&service=delivery&at={before}")
    assert earlier.json()["fences"] == []


async def test_a_question_about_a_rule_is_refused_with_field_and_limit(somebody: Somebody) -> None:
    for query, field in (
        ("lat=91&lng=0&service=delivery", "lat"),
        ("lat=1&lng=0&service=flying", "service"),
        (f"{HERE}&service=delivery&at=2026-07-01T00:00:00", "at"),
        (f"{HERE}&service=delivery&operator=somebody-else", "operator"),
    ):
        answer = await somebody.get(f"/api/fences/rule?{query}")
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        assert field in answer.text
    assert (await somebody.get(f"/api/fences/rule?{HERE}&service=delivery", Role.RESIDENT)).status_code == 403
    assert (await somebody.get(f"/api/fences/rule?{HERE}&service=delivery", None)).status_code == 401


SHIFT_LEAD, ADMIN = Role.SHIFT_LEAD, Role.ADMIN
RING = [
    [LNG - 0.001, LAT - 0.001],
    [LNG + 0.001, LAT - 0.001],
    [LNG + 0.001, LAT + 0.001],
    [LNG - 0.001, LAT + 0.001],
]
SQUARE = {"type": "Polygon", "coordinates": [[*RING, RING[0]]]}


def a_body(**changes: Any) -> dict[str, Any]:
    return {
        "fenceId": "gate-1",
        "kind": "no_go",
        "nameZh": "校门",
        "nameEn": "School gate",
        "geometry": SQUARE,
        "district": "KB",
        "operator": "op-a",
        "source": "survey 2026-06",
        **changes,
    }


async def test_a_fence_lives_from_draft_to_retirement(somebody: Somebody, clock: Any) -> None:
    drawn = await somebody.post("/api/fences", a_body(group="gates"), SHIFT_LEAD)
    assert (drawn.status_code, drawn.json()["state"], drawn.json()["version"]) == (201, "draft", 1)
    here = drawn.headers["location"]
    early = await somebody.post(f"{here}/publish", {}, SHIFT_LEAD)
    assert (early.status_code, early.json()["code"]) == (409, "illegal-transition")
    seen = await somebody.post(f"{here}/preview", {}, SHIFT_LEAD)
    assert (seen.status_code, seen.json()["state"]) == (200, "previewed")
    assert seen.json()["preview"]["vehiclesInside"] == 0
    later = (clock.now() + timedelta(hours=1)).isoformat()
    out = await somebody.post(f"{here}/publish", {"effectiveAt": later}, SHIFT_LEAD)
    assert (out.status_code, out.json()["stateZh"]) == (200, "已发布")
    assert out.json()["effectiveAt"].startswith(later[:19])
    gone = await somebody.post(f"{here}/retire", {}, SHIFT_LEAD)
    assert (gone.status_code, gone.json()["state"]) == (200, "retired")
    assert (await somebody.post(f"{here}/retire", {}, SHIFT_LEAD)).status_code == 409


async def test_a_fence_that_was_drawn_from_another_version_is_refused(somebody: Somebody) -> None:
    for after, status, code in (
        (1, 412, "version-mismatch"),
        (0, 201, None),
        (0, 409, "already-exists"),
        (1, 201, None),
        (1, 412, "version-mismatch"),
        (None, 201, None),
    ):
        answer = await somebody.post("/api/fences", a_body(afterVersion=after), SHIFT_LEAD)
        assert (answer.status_code, answer.json().get("code")) == (status, code), after
    assert (await somebody.get("/api/fences/gate-1")).json()["items"][0]["version"] == 3


async def test_a_version_says_what_differs_from_the_one_before(somebody: Somebody) -> None:
    hours = {
        "spans": [{"startMinute": 420, "endMinute": 480, "weekdays": [1, 2]}],
        "validUntil": "2026-12-31",
    }
    for changes in (
        {},
        {"rules": {"capacity": 3}, "nameEn": "Gate"},
        {"rules": {"capacity": 3}, "hours": hours},
    ):
        assert (await somebody.post("/api/fences", a_body(**changes), SHIFT_LEAD)).status_code == 201
    versions = (await somebody.get("/api/fences/gate-1")).json()["items"]
    assert [(v["version"], v["changed"]) for v in versions][:2] == [
        (3, ["name_en", "hours.spans", "hours.valid_until"]),
        (2, ["name_en", "rules.capacity"]),
    ]
    assert versions[0]["hours"]["validUntil"] == "2026-12-31"


async def test_fences_are_looked_for_by_group_kind_text_and_state(somebody: Somebody) -> None:
    for number, group in enumerate(["gates", "gates", "yards"]):
        body = a_body(fenceId=f"f-{number}", group=group, nameEn=f"100% _{number}")
        await somebody.post("/api/fences", body, SHIFT_LEAD)

    async def ids(query: str, role: Role | str = SHIFT_LEAD) -> list[str]:
        answer = await somebody.get(f"/api/fences?{query}", role)
        assert answer.status_code == 200, answer.text
        return [fence["fenceId"] for fence in answer.json()["items"]]

    assert await ids("group=gates") == ["f-0", "f-1"]
    assert await ids("kind=no_go&state=draft&limit=2") == ["f-0", "f-1"]
    assert await ids("q=%25%20_2") == ["f-2"]
    assert await ids("q=_x") == []
    assert await ids("state=published") == []
    assert await ids("", "foreign shift_lead") == []
    first = (await somebody.get("/api/fences?limit=2", SHIFT_LEAD)).json()
    assert await ids(f"cursor={first['nextCursor']}") == ["f-2"]


async def test_a_bad_polygon_is_refused_with_field_and_limit(somebody: Somebody) -> None:
    bow = [[RING[0], RING[2], RING[1], RING[3], RING[0]]]
    far = [[[100.0, 20.0], [100.1, 20.0], [100.1, 20.1], [100.0, 20.0]]]
    many = [[[LNG + n * 1e-9, LAT] for n in range(50_001)]]
    for coordinates, field, limit in (
        (bow, "geometry.coordinates", "no crossing"),
        (far, "geometry", "longitude 108.95 to 110.05, latitude 38.95 to 40.05"),
        (many, "geometry.coordinates[0]", "at most 50000"),
        ([[[LNG, "x"], RING[1], RING[2], RING[0]]], "geometry.coordinates[0][0]", "[longitude, latitude]"),
        ([[[LNG, 95.0], *RING[1:], [LNG, 95.0]]], "geometry.coordinates[0][0][0]", "longitude -180 to 180"),
    ):
        answer = await somebody.post(
            "/api/fences", a_body(geometry={"type": "Polygon", "coordinates": coordinates}), SHIFT_LEAD
        )
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
        problem = answer.json()
        assert problem["code"] == "shape-invalid", problem
        assert limit in problem["fields"]["limit"]
        assert problem["fields"]["field"].startswith(field), problem


async def test_people_draw_only_what_is_of_their_district_and_operator(somebody: Somebody) -> None:
    for changes, role in (
        ({"operator": None}, SHIFT_LEAD),
        ({"operator": "op-b"}, SHIFT_LEAD),
        ({"district": "ZG"}, "foreign shift_lead"),
    ):
        answer = await somebody.post("/api/fences", a_body(**changes), role)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text
    assert (await somebody.post("/api/fences", a_body(), SHIFT_LEAD)).status_code == 201
    next_of_another = await somebody.post(
        "/api/fences", a_body(operator="op-b", district="ZG"), "foreign shift_lead"
    )
    assert next_of_another.status_code == 403
    for step in ("preview", "publish", "retire"):
        answer = await somebody.post(f"/api/fences/gate-1/versions/1/{step}", {}, "foreign shift_lead")
        assert answer.status_code == 404, step
    assert (await somebody.post("/api/fences", a_body(), Role.DISPATCHER)).status_code == 403


async def test_geojson_is_imported_whole_or_not_at_all(somebody: Somebody) -> None:
    properties = {key: value for key, value in a_body().items() if key != "geometry"}
    good = {"type": "Feature", "properties": properties, "geometry": SQUARE}
    other = {**good, "properties": {**properties, "fenceId": "gate-2"}}
    open_ring = {"type": "Polygon", "coordinates": [RING]}
    bad = {**good, "geometry": open_ring}
    collection = {"type": "FeatureCollection", "features": [good, bad]}
    refused = await somebody.post("/api/fences/import", collection, SHIFT_LEAD)
    assert refused.status_code == 400
    assert refused.json()["fields"]["field"].startswith("features[1].geometry.coordinates")
    assert (await somebody.get("/api/fences", SHIFT_LEAD)).json()["items"] == []
    unknown = {**good, "properties": {**properties, "speed": 3}}
    named = await somebody.post("/api/fences/import", {**collection, "features": [unknown]}, SHIFT_LEAD)
    assert (named.status_code, named.json()["fields"]["field"]) == (400, "features[0].properties")
    crooked = {**good, "properties": {**properties, "accuracyM": -1}}
    said = await somebody.post("/api/fences/import", {**collection, "features": [good, crooked]}, SHIFT_LEAD)
    assert said.json()["fields"] == {
        "field": "features[1].properties.accuracyM",
        "limit": "Expected `float` >= 0.0",
    }
    answer = await somebody.post("/api/fences/import", {**collection, "features": [good, other]}, SHIFT_LEAD)
    assert answer.status_code == 201, answer.text
    assert [fence["fenceId"] for fence in answer.json()["items"]] == ["gate-1", "gate-2"]


async def test_a_preview_counts_who_is_inside_and_what_last_week_would_have_said(
    somebody: Somebody, add_vehicles: Any, states: Any, history: Path, clock: Any
) -> None:
    await add_vehicles(1, 2)
    await add_vehicles(3, foreign=True)
    states["vehicle_no"], states["lat_e7"], states["lng_e7"] = [1, 2, 3], round(LAT * 1e7), round(LNG * 1e7)
    states["lat_e7"][1] += 20_000
    drive_in_and_out(history, clock.now_ms() - 3_600_000, (1, 3))
    await somebody.post("/api/fences", a_body(), SHIFT_LEAD)
    answer = await somebody.post("/api/fences/gate-1/versions/1/preview", {}, SHIFT_LEAD)
    preview = answer.json()["preview"]
    assert (preview["vehiclesInside"], preview["inside"]) == (1, [1])
    assert preview["past"]["events"] == {"enter": 1, "exit": 1}
    assert (preview["past"]["vehicles"], preview["past"]["isWhole"]) == (1, True)
    assert preview["past"]["positions"] == 40
    assert (await somebody.get("/api/fences/gate-1/versions/1")).json()["preview"] == preview


def drive_in_and_out(folder: Path, from_ms: int, numbers: tuple[int, ...]) -> None:
    """Store forty seconds of vehicles that come from the south, cross the square and go on."""
    files = RawFiles(folder)
    files.prepare()
    positions = np.zeros(40 * len(numbers), STREAM_POSITION)
    positions["vehicle_no"] = np.repeat(numbers, 40)
    second = np.tile(np.arange(40), len(numbers))
    positions["seq"], positions["measured_ms"] = second + 1, from_ms + second * 1000
    positions["lat_e7"] = np.round((LAT + (second - 20) * 0.0001) * 1e7)
    positions["lng_e7"] = round(LNG * 1e7)
    files.write(
        positions,
        positions["measured_ms"].astype(np.int64),
        np.zeros(0, STREAM_STATUS),
        {0: "1-0"},
        from_ms + 60_000,
    )


async def test_events_are_read_by_fence_group_kind_and_vehicle_within_reach(
    somebody: Somebody, add_vehicles: Any, sqlite_database: Database, clock: Any
) -> None:
    await add_vehicles(1, 2)
    await add_vehicles(3, foreign=True)
    async with sqlite_database.write() as tx:
        for name, group in (("a", "gates"), ("b", "yards")):
            await published(tx, a_draft(name, group=group), at=clock.now())
        for seq, (number, name, kind) in enumerate(
            [
                (1, "a", "enter"),
                (2, "b", "cross"),
                (3, "a", "dwell"),
                (0, "b", "crowded"),
                (1, "vehicle-2", "near"),
            ]
        ):
            row = an_event(number, name, kind, seq, clock.now() + timedelta(seconds=seq))
            await insert_new(tx, fence_events, row)

    async def said(query: str, role: Role | str = Role.DISPATCHER) -> list[tuple[int | None, str]]:
        answer = await somebody.get(f"/api/fences/events?{query}", role)
        assert answer.status_code == 200, answer.text
        return [(event["vehicleNo"], event["kind"]) for event in answer.json()["items"]]

    assert await said("") == [(1, "near"), (None, "crowded"), (2, "cross"), (1, "enter")]
    assert await said("group=gates") == [(1, "enter")]
    assert await said("fence=b&kind=cross") == [(2, "cross")]
    assert await said("vehicleNo=1") == [(1, "near"), (1, "enter")]
    assert await said("", "foreign dispatcher") == [(None, "crowded"), (3, "dwell")]
    first = (await somebody.get("/api/fences/events?limit=2")).json()
    assert await said(f"cursor={first['nextCursor']}") == [(2, "cross"), (1, "enter")]
    assert (first["items"][1]["kindZh"], first["items"][1]["group"]) == ("超员", "yards")


def an_event(number: int, name: str, kind: str, seq: int, at: datetime) -> dict[str, Any]:
    moments = dict.fromkeys(("measured_at", "since_at", "received_at"), at)
    where = {"lat": LAT, "lng": LNG, "accuracy_m": None, "is_border_uncertain": False}
    of = {"vehicle_no": number, "fence_id": name, "fence_version": 1, "set_version": 2}
    return {**of, **moments, **where, "kind": kind, "seq": seq, "epoch": 1}
