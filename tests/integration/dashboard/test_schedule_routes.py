"""Schedules over the api: tried out, made once, changed, halted; occurrences looked at, moved and excused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from core.auth.roles import Role
from core.database import Database
from dashboard.parts import DashboardParts
from services.schedules.keep_schedules import ScheduleKeeper
from tests.integration.dashboard.conftest import Somebody

PATH = "/api/schedules"
WEEK = "/api/occurrences?from=2026-07-01T00:00:00%2B08:00&to=2026-07-08T00:00:00%2B08:00"
BODY: dict[str, Any] = {
    "name": "夜巡",
    "kind": "patrol_beat",
    "subjectId": "b-1",
    "times": ["10:30", "22:00"],
    "days": "working_days",
    "lastsS": 5400,
}


@pytest.fixture(autouse=True)
def morning(clock: Any) -> None:
    clock.set(datetime(2026, 7, 1, 2, 0, tzinfo=UTC))  # Wednesday, 10:00 in Shanghai


async def test_a_schedule_is_tried_out_made_once_and_seen_in_the_calendar_with_what_it_clashes_with(
    somebody: Somebody,
) -> None:
    offered = (await somebody.get(f"{PATH}/subjects")).json()
    assert (offered["kinds"], [one["subjectId"] for one in offered["items"]]) == (["patrol_beat"], ["b-1"])
    tried = (await somebody.post(f"{PATH}/previews", BODY)).json()
    assert (len(tried["slots"]), tried["slots"][0]["dueAt"]) == (30, "2026-07-01T02:30:00Z")
    assert (await somebody.get(PATH)).json()["items"] == []
    made = await somebody.post(PATH, BODY, key="k-1")
    assert (made.status_code, made.headers["location"]) == (201, f"{PATH}/{made.json()['scheduleId']}")
    assert (await somebody.post(PATH, BODY, key="k-1")).json() == made.json()
    other = {**BODY, "name": "另一个", "times": [], "cron": "0 23 * * 4"}
    assert (await somebody.post(PATH, other, key="k-2")).status_code == 201
    clash = (await somebody.get(f"{PATH}/{made.json()['scheduleId']}/preview")).json()["clashes"][0]
    assert (clash["withName"], clash["slotAt"], clash["holds"]) == (
        "另一个",
        "2026-07-02T14:00:00Z",
        ["beat:b-1"],
    )
    week = (await somebody.get(WEEK, Role.AGENCY)).json()["items"]
    assert [one["dueAt"][8:16] for one in week if one["name"] == "夜巡"] == [
        f"{day:02}T{time}" for day in (1, 2, 3, 6, 7) for time in ("02:30", "14:00")
    ]
    assert [(one["name"], one["dueAt"]) for one in week if one["isDoubleBooked"]] == [
        ("夜巡", "2026-07-02T14:00:00Z"),
        ("另一个", "2026-07-02T15:00:00Z"),
    ]
    assert (await somebody.get(WEEK, "foreign dispatcher")).json()["items"] == []
    assert (await somebody.post(PATH, BODY, Role.AGENCY, key="k-3")).status_code == 403


async def test_an_occurrence_comes_due_and_is_excused_and_another_is_moved_and_left_out(
    somebody: Somebody, parts: DashboardParts, clock: Any, sqlite_database: Database
) -> None:
    made = (await somebody.post(PATH, BODY, key="k-1")).json()
    keeper = ScheduleKeeper(sqlite_database, clock, parts.scheduled)
    await keeper.keep_once()
    clock.advance(1900)
    await keeper.keep_once()
    due = (await somebody.get(WEEK)).json()["items"][0]
    assert (due["state"], due["startBy"]) == ("due", "2026-07-01T03:31:40Z")
    path = f"/api/occurrences/{due['occurrenceId']}/excuses"
    excuse = {"version": due["version"], "reason": "道路施工"}
    excused = (await somebody.post(path, excuse)).json()
    assert (excused["state"], excused["reason"], excused["byName"]) == ("excused", "道路施工", "dispatcher")
    again = await somebody.post(path, excuse)
    assert (again.status_code, again.json()["code"]) == (412, "version-mismatch")
    noon = {
        "version": 1,
        "reason": "改期",
        "slotAt": "2026-07-06T02:30:00Z",
        "moveTo": "2026-07-06T04:00:00Z",
    }
    moved = await somebody.post(f"{PATH}/{made['scheduleId']}/exceptions", noon)
    assert moved.json()["exceptions"][0]["byName"] == "dispatcher"
    off = {"version": 2, "reason": "放假", "slotAt": "2026-07-07T02:30:00Z"}
    assert (await somebody.post(f"{PATH}/{made['scheduleId']}/exceptions", off)).json()["version"] == 3
    week = [(one["dueAt"][8:13], one["state"]) for one in (await somebody.get(WEEK)).json()["items"]]
    assert week[0] == ("01T02", "excused")
    assert week[6:] == [
        ("06T04", "planned"),
        ("06T14", "planned"),
        ("07T02", "skipped"),
        ("07T14", "planned"),
    ]


async def test_a_schedule_is_paused_goes_on_and_ends_with_a_reason(somebody: Somebody) -> None:
    made = (await somebody.post(PATH, BODY, key="k-1")).json()
    path = f"{PATH}/{made['scheduleId']}"
    paused = (await somebody.post(f"{path}/pauses", {"version": 1, "reason": "检修"})).json()
    assert (paused["isPaused"], (await somebody.get(WEEK)).json()["items"]) == (True, [])
    twice = await somebody.post(f"{path}/pauses", {"version": 2, "reason": "检修"})
    assert (twice.status_code, twice.json()["code"]) == (409, "conflict")
    changed = await somebody.put(path, {**BODY, "version": 2, "name": "改名"})
    assert (changed.json()["name"], changed.json()["isPaused"]) == ("改名", True)
    on = (await somebody.post(f"{path}/resumptions", {"version": 3, "reason": "修好了"})).json()
    assert (on["isPaused"], len((await somebody.get(WEEK)).json()["items"])) == (False, 10)
    ended = (await somebody.post(f"{path}/endings", {"version": 4, "reason": "路线取消"})).json()
    assert ended["endedAt"] == "2026-07-01T02:00:00Z"
    assert ((await somebody.get(WEEK)).json()["items"], (await somebody.get(PATH)).json()["items"]) == (
        [],
        [],
    )
    assert len((await somebody.get(f"{PATH}?state=ended")).json()["items"]) == 1
    late = await somebody.put(path, {**BODY, "version": 5})
    assert (late.status_code, late.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cron": "0 6 * * *"}, "cron"),
        ({"times": ["25:00"]}, "timing.times"),
        ({"times": [], "cron": "* * * * *"}, "timing"),
        ({"zone": "Mars/Olympus"}, "zone"),
        ({"kind": "restock"}, "kind"),
        ({"validFrom": "2026-08-01", "validUntil": "2026-07-01"}, "validUntil"),
    ],
)
async def test_what_is_wrong_with_a_schedule_is_named(
    somebody: Somebody, changes: dict[str, Any], field: str
) -> None:
    told = await somebody.post(f"{PATH}/previews", {**BODY, **changes})
    assert (told.status_code, told.json()["fields"]["field"]) == (400, field)
    span = await somebody.get("/api/occurrences?from=2026-07-01T00:00:00Z&to=2026-09-01T00:00:00Z")
    assert (span.status_code, span.json()["fields"]["field"]) == (400, "to")
