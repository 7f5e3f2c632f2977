"""Vehicle-days and KPIs over HTTP: what counts, what was corrected, and whose it is."""

import csv
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import numpy as np
import pytest

from core import keys
from core.auth.roles import Role
from core.database import Database
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from core.redis import connect
from fleet.days.compute import Computed
from fleet.days.running import DRIVEN, DaySoFar
from fleet.days.store import Closing, DayStore
from fleet.days.vehicle_day import Part, VehicleDay
from fleet.vehicles.kinds import ControlMode
from tests.integration.dashboard.conftest import Somebody

FIRST, SECOND = date(2026, 6, 29), date(2026, 6, 30)
AT = datetime(2026, 7, 1, 0, 10, tzinfo=UTC)
AT_MS = round(AT.timestamp() * 1000)
SPAN = f"from={FIRST}&to={SECOND}"


def a_day(number: int, day: date, *, metres: float = 4_000.0, foreign: bool = False, **of: Any) -> Computed:
    district = DistrictCode("ZG" if foreign else "KB")
    parts = (
        Part(
            mode=ControlMode.AUTONOMOUS,
            stage=None,
            district=district,
            service=ServiceKind.DELIVERY,
            metres=metres,
            takeovers=2,
        ),
        Part(
            mode=ControlMode.REMOTE_DRIVE,
            stage=None,
            district=district,
            service=ServiceKind.DELIVERY,
            metres=1_000.0,
        ),
    )
    one = VehicleDay(
        vehicle_no=VehicleNo(number),
        day=day,
        zone="Asia/Shanghai",
        district=district,
        service=ServiceKind.DELIVERY,
        operator=OperatorId("op-b" if foreign else "op-a"),
        parts=parts,
        silence_s=60.0,
        existed_s=86_400.0,
        permitted_s=80_000.0,
        available_s=60_000.0,
        **of,
    )
    return Computed(day=one, input_hash=f"{number}-{day}-{metres}")


@pytest.fixture
async def kept(sqlite_database: Database) -> None:
    """Two vehicles over two days, one day corrected, and a foreign vehicle's day."""
    async with sqlite_database.write() as tx:
        store = DayStore(tx)
        await store.put([a_day(1, FIRST), a_day(2, FIRST, orders=3)], reason="-", at=AT)
        await store.put([a_day(1, SECOND), a_day(3, SECOND, foreign=True)], reason="-", at=AT)
        await store.put([a_day(1, FIRST, metres=9_000.0)], reason="late_frames", at=AT)
        for day in (FIRST, SECOND):
            await store.close(
                Closing(local_date=day, closed_at=AT, formula=1, vehicles=2, frames=0, looked_serial=0)
            )


@pytest.mark.usefixtures("kept")
async def test_the_rows_that_count_are_listed_newest_day_first_page_by_page(somebody: Somebody) -> None:
    seen: list[tuple[Any, ...]] = []
    cursor = ""
    for _ in range(3):
        page = (await somebody.get(f"/api/vehicle-days?{SPAN}&limit=1{cursor}")).json()
        seen += [(one["day"], one["vehicleNo"], one["revision"], one["metres"]) for one in page["items"]]
        cursor = f"&cursor={page['nextCursor']}"
    assert page["nextCursor"] is None
    assert seen == [
        (str(SECOND), 1, 1, 5_000.0),
        (str(FIRST), 1, 2, 10_000.0),
        (str(FIRST), 2, 1, 5_000.0),
    ]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("vehicleNo=2", 1),
        ("district=KB", 3),
        ("district=ZG", 0),
        ("operator=op-b", 0),
        ("service=sweeping", 0),
        ("service=delivery&vehicleNo=1", 2),
    ],
)
async def test_filters_narrow_within_the_reach(somebody: Somebody, query: str, count: int) -> None:
    assert len((await somebody.get(f"/api/vehicle-days?{SPAN}&{query}")).json()["items"]) == count


@pytest.mark.usefixtures("kept")
async def test_every_revision_of_a_day_is_shown_with_its_reason(somebody: Somebody) -> None:
    found = (await somebody.get(f"/api/vehicle-days/{FIRST}/1")).json()["items"]
    assert [(one["revision"], one["reason"], one["metres"]) for one in found] == [
        (1, None, 5_000.0),
        (2, "late_frames", 10_000.0),
    ]
    assert found[0]["parts"][0] == {
        "mode": "autonomous",
        "stage": None,
        "district": "KB",
        "service": "delivery",
        "metres": 4_000.0,
        "seconds": 0.0,
        "takeovers": 2,
        "stops": 0,
        "harshBrakes": 0,
    }
    foreign = await somebody.get(f"/api/vehicle-days/{SECOND}/3")
    assert (foreign.status_code, foreign.json()["code"]) == (404, "not-found")
    no_day = await somebody.get("/api/vehicle-days/2026-02-30/1")
    assert (no_day.status_code, no_day.json()["code"]) == (400, "invalid-input")


@pytest.mark.usefixtures("kept")
async def test_the_sheet_has_what_the_list_has_and_leaves_unknown_numbers_empty(somebody: Somebody) -> None:
    answer = await somebody.get(f"/api/vehicle-days/sheet?{SPAN}")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [(row["day"], row["vehicle_no"], row["orders"], row["kwh"]) for row in rows] == [
        (str(SECOND), "1", "", ""),
        (str(FIRST), "1", "", ""),
        (str(FIRST), "2", "3", ""),
    ]


@pytest.mark.usefixtures("kept")
async def test_kpis_are_formulas_over_the_rows_that_count(somebody: Somebody) -> None:
    found = (await somebody.get(f"/api/kpis?{SPAN}")).json()
    assert (found["rows"]["vehicleDays"], found["rows"]["vehicles"], found["rows"]["corrected"]) == (3, 2, 1)
    assert found["lastClosedDay"] == str(SECOND)
    values = {one["kpiId"]: one["value"] for one in found["items"]}
    assert values["distance"] == 20.0
    assert values["autonomous_share"] == pytest.approx(17 / 20)
    assert values["takeovers_per_1000_km"] == pytest.approx(6 * 1000 / 17)
    assert values["availability"] == 0.75
    assert (values["orders"], values["energy"], values["swept_area"]) == (3, None, None)
    assert all(one["nameZh"] and one["nameEn"] and one["formula"] for one in found["items"])


@pytest.mark.usefixtures("kept")
async def test_a_day_whose_closing_was_cut_short_is_in_no_number(
    somebody: Somebody, sqlite_database: Database
) -> None:
    third = date(2026, 7, 1)
    async with sqlite_database.write() as tx:
        await DayStore(tx).put([a_day(1, third)], reason="-", at=AT)
    span = f"from={FIRST}&to={third}"
    found = (await somebody.get(f"/api/kpis?{span}")).json()
    assert (found["lastClosedDay"], found["rows"]["days"], found["rows"]["metres"]) == (
        str(SECOND),
        2,
        20_000.0,
    )
    listed = (await somebody.get(f"/api/vehicle-days?{span}")).json()["items"]
    assert str(third) not in {one["day"] for one in listed}
    assert f"\n{third}," not in (await somebody.get(f"/api/vehicle-days/sheet?{span}")).text


async def test_kpis_without_rows_are_unknown_not_zero(somebody: Somebody) -> None:
    found = (await somebody.get(f"/api/kpis?{SPAN}")).json()
    assert {one["value"] for one in found["items"]} == {None}
    assert found["lastClosedDay"] is None


@pytest.mark.usefixtures("kept")
async def test_whoever_belongs_elsewhere_gets_other_numbers(somebody: Somebody) -> None:
    found = (await somebody.get(f"/api/kpis?{SPAN}", "foreign agency")).json()
    assert found["rows"]["vehicleDays"] == 1
    assert (await somebody.get(f"/api/vehicle-days/{FIRST}/1", "foreign agency")).status_code == 404
    assert (await somebody.get("/api/kpis", None)).status_code == 401
    assert (await somebody.get("/api/kpis", Role.CREW)).status_code == 403


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-07-02&to=2026-07-01", "from"),
        ("from=2024-01-01&to=2026-07-01", "from"),
        ("from=0001-01-01", "from"),
        ("to=9999-12-31", "to"),
    ],
)
async def test_a_span_that_is_none_is_refused_by_name(somebody: Somebody, query: str, field: str) -> None:
    for path in ("/api/vehicle-days", "/api/vehicle-days/sheet", "/api/kpis"):
        answer = await somebody.get(f"{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid-input")
        assert field in answer.text


async def told_today(valkey_url: str, day: date, *, for_s: int = 3600) -> None:
    """Let the keeper of the running day have told of vehicles 1 (twice as far), 2 and 3, which is foreign."""
    rows = np.zeros(3, DRIVEN)
    rows["vehicle_no"], rows["driven_m"] = (1, 2, 3), (2_400, 1_200, 9_000)
    rows["told_ms"] = AT_MS
    rows["since_ms"] = AT_MS - 1000 * for_s
    so_far = DaySoFar(day=day, up_to_serial=9, counted_ms=AT_MS, driven_rows=rows.tobytes())
    redis = connect(valkey_url)
    await redis.set(keys.running_day(), msgspec.msgpack.encode(so_far))
    await redis.aclose()


async def test_today_is_shown_by_odometer_within_reach_and_without_swept_area(
    somebody: Somebody, add_vehicles: Callable[..., Any], valkey_url: str
) -> None:
    await add_vehicles(1, 2)
    await told_today(valkey_url, date(2026, 7, 1))
    seen = (await somebody.get("/api/vehicle-days/today")).json()
    assert (seen["day"], seen["km"], seen["m2"], seen["vehicles"]) == ("2026-07-01", 3.6, None, 2)
    assert seen["sinceMs"] == AT_MS - 3_600_000
    assert [(one["vehicleNo"], one["metres"]) for one in seen["items"]] == [(1, 2_400), (2, 1_200)]
    assert (seen["countedAtMs"], "odometer" in seen["formula"]) == (AT_MS, True)
    summary = (await somebody.get("/api/city/summary", Role.SUPERVISOR)).json()
    assert (summary["kmToday"], summary["kmSinceMs"]) == (3.6, AT_MS - 3_600_000)
    foreign = (await somebody.get("/api/vehicle-days/today", "foreign dispatcher")).json()
    assert (foreign["km"], foreign["vehicles"], foreign["items"]) == (None, 0, [])


async def test_of_one_reading_nobody_says_0_km(
    somebody: Somebody, add_vehicles: Callable[..., Any], valkey_url: str
) -> None:
    await add_vehicles(1, 2)
    await told_today(valkey_url, date(2026, 7, 1), for_s=0)
    seen = (await somebody.get("/api/vehicle-days/today")).json()
    assert (seen["km"], seen["sinceMs"], seen["vehicles"]) == (None, None, 2)
    summary = (await somebody.get("/api/city/summary", Role.SUPERVISOR)).json()
    assert (summary["kmToday"], summary["kmSinceMs"]) == (None, None)


async def test_today_is_shown_of_the_chosen_district_alone(
    somebody: Somebody, add_vehicles: Callable[..., Any], valkey_url: str
) -> None:
    await add_vehicles(1, 2)
    await told_today(valkey_url, date(2026, 7, 1))
    home = (await somebody.get("/api/vehicle-days/today?district=KB")).json()
    other = (await somebody.get("/api/vehicle-days/today?district=ZG")).json()
    assert (home["km"], other["km"], other["vehicles"], other["items"]) == (3.6, None, 0, [])
    assert (await somebody.get("/api/vehicle-days/today?district=nowhere")).status_code == 400


async def test_what_was_told_before_midnight_is_not_today(
    somebody: Somebody, add_vehicles: Callable[..., Any], valkey_url: str
) -> None:
    await add_vehicles(1)
    await told_today(valkey_url, date(2026, 6, 30))
    seen = (await somebody.get("/api/vehicle-days/today")).json()
    assert (seen["day"], seen["km"], seen["countedAtMs"], seen["items"]) == ("2026-07-01", None, None, [])
