"""A bystander's report over HTTP: said without a log-in, read by its token, answered by staff."""

from collections.abc import Callable
from typing import Any

from core.auth.roles import Role
from core.database import Database
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.feedback.follow_alarm import follow_alarm
from fleet.takeovers.follow_alarm import TakeoverFollower
from tests.integration.dashboard.conftest import Said, Somebody

STREET = "/api/street/feedback"
CODE = "EDS-KB-D-0001-O"
REQUEST = "AbCdEfGhIjKlMnOpQrStUv"


async def test_somebody_says_it_blocks_the_way_reads_that_somebody_looks_and_then_the_answer(
    somebody: Somebody, add_vehicles: Callable[..., Any], sqlite_database: Database, clock: Any, said: Said
) -> None:
    await add_vehicles(1)
    said.hear(1)
    body = {"code": CODE.lower(), "kind": "blocks_way", "words": "堵住单元门", "requestId": REQUEST}
    told = await somebody.post(STREET, body, None)
    assert (told.status_code, told.json()["state"], told.json()["code"]) == (201, "received", CODE)
    assert (await somebody.post(STREET, body, None)).json() == told.json()
    token = {"token": told.json()["token"]}
    await AlarmFollowUp(sqlite_database, clock, [TakeoverFollower(clock), follow_alarm]).work_once()
    me = Role.REMOTE_OPERATOR
    await somebody.post("/api/remote-operators/sign-in", None, me)
    [waiting] = (await somebody.get("/api/interventions", me)).json()["items"]
    assert waiting["cause"] == "street_blocked"
    await somebody.post(f"/api/interventions/{waiting['takeoverId']}/claim", None, me)
    await AlarmFollowUp(sqlite_database, clock, [TakeoverFollower(clock), follow_alarm]).work_once()
    seen = (await somebody.post(f"{STREET}/open", token, None)).json()
    assert (seen["state"], seen["answer"]) == ("looking", "")
    assert "调度员" not in str(seen)
    [listed] = (await somebody.get("/api/feedback")).json()["items"]
    assert (listed["words"], listed["lat"], listed["kind"]) == ("堵住单元门", 39.6, "blocks_way")
    first = listed["lookedIntoByName"]
    assert (first, listed["ownerName"]) == ("remote_operator", "remote_operator")
    [alarm] = (await somebody.get("/api/alarms")).json()["items"]
    lead = Role.SHIFT_LEAD
    taken = await somebody.post(f"/api/alarms/{alarm['alarmId']}/assign", {"version": alarm["version"]}, lead)
    assert taken.status_code == 200
    [listed] = (await somebody.get("/api/feedback")).json()["items"]
    assert (listed["lookedIntoByName"], listed["ownerName"]) == (first, "shift_lead")
    answer = {"outcome": "resolved", "words": "已挪开，抱歉"}
    path = f"/api/feedback/{listed['feedbackId']}/answer"
    assert (await somebody.post(path, answer)).json()["state"] == "answered"
    again = await somebody.post(path, answer)
    assert (again.status_code, again.json()["code"]) == (409, "illegal-transition")
    read = (await somebody.post(f"{STREET}/open", token, None)).json()
    assert (read["state"], read["outcome"], read["answer"]) == ("answered", "resolved", "已挪开，抱歉")
    assert (await somebody.get("/api/feedback")).json()["items"] == []
    [over] = (await somebody.get("/api/feedback?state=all")).json()["items"]
    assert over["ownerName"] is None


async def test_what_is_no_code_no_kind_or_no_token_is_refused_by_name(
    somebody: Somebody, add_vehicles: Callable[..., Any]
) -> None:
    await add_vehicles(1)
    good = {"code": CODE, "kind": "noise", "requestId": REQUEST}
    wrong = await somebody.post(STREET, {**good, "code": "EDS-KB-D-0001-9"}, None)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "vehicle-code-wrong")
    for field, value in (("kind", "ugly"), ("requestId", "short"), ("words", "x" * 301)):
        refused = await somebody.post(STREET, {**good, field: value}, None)
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid-input"), field
    assert (await somebody.post(f"{STREET}/open", {"token": "fb_guess"}, None)).status_code == 404


async def test_pages_of_reports_follow_each_other(
    somebody: Somebody, add_vehicles: Callable[..., Any], clock: Any
) -> None:
    await add_vehicles(1)
    for number in range(3):
        body = {"code": CODE, "kind": "noise", "requestId": f"{REQUEST}{number}"}
        assert (await somebody.post(STREET, body, None)).status_code == 201
        clock.advance(1)
    first = (await somebody.get("/api/feedback?limit=2")).json()
    rest = (await somebody.get(f"/api/feedback?limit=2&cursor={first['nextCursor']}")).json()
    ids = [one["feedbackId"] for one in (*first["items"], *rest["items"])]
    assert (len(ids), len(set(ids)), rest["nextCursor"]) == (3, 3, None)
