"""The weather desk over HTTP: who says what the weather is, and what that forbids."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from core.auth.roles import Role
from core.kinds import ServiceKind
from dashboard.parts import DashboardParts
from fleet.weather.conditions import WeatherLimits
from fleet.weather.fact import ServiceLimits
from fleet.weather.store import WeatherStore
from tests.integration.dashboard.conftest import Somebody
from tests.integration.fleet.builders import AT

FACT = {
    "district": "KB",
    "validFrom": AT.isoformat(),
    "validTo": (AT + timedelta(hours=1)).isoformat(),
    "weather": {"windMps": 17, "airC": -12},
}
LIMITS = {"version": 0, "reason": "first limits", "limits": {"highestWindMps": 12, "refusedRoads": ["ice"]}}


async def bear_wind(parts: DashboardParts) -> None:
    limits = ServiceLimits(
        service=ServiceKind.DELIVERY,
        version=1,
        limits=WeatherLimits(highest_wind_mps=12),
        by_name="pack",
        reason="",
        at=AT,
    )
    async with parts.database.write() as tx:
        await WeatherStore(tx).add_limits(limits)


async def test_what_the_duty_officer_says_forbids_a_service_and_its_vehicles_say_why(
    somebody: Somebody, parts: DashboardParts, add_vehicles: Callable[..., Any], said: Any, on_duty: None
) -> None:
    await add_vehicles(7)
    said.hear(7)
    await bear_wind(parts)
    assert (await somebody.put("/api/weather/facts", FACT)).status_code == 403, "a dispatcher only reads"
    kept = await somebody.put("/api/weather/facts", FACT, Role.DUTY_OFFICER)
    assert (kept.status_code, kept.json()["now"]["windMps"]) == (200, 17)
    sheet = (await somebody.get("/api/vehicles/7")).json()
    assert [(each["code"], each["value"], each["needed"]) for each in sheet["reasons"]] == [
        ("weather_limit", "wind_mps 17", "≤ 12")
    ]
    lead = await somebody.put("/api/weather/limits/delivery", LIMITS, Role.SHIFT_LEAD)
    assert (lead.status_code, lead.json()["code"]) == (403, "forbidden"), "limits are the whole city's"


async def test_a_desk_shows_what_a_forecast_will_forbid_and_sees_no_other_district(
    somebody: Somebody, parts: DashboardParts
) -> None:
    await bear_wind(parts)
    begins, ends = ((AT + timedelta(hours=hours)).isoformat() for hours in (2, 4))
    forecast = {**FACT, "kind": "forecast", "validFrom": begins, "validTo": ends}
    shown = await somebody.put("/api/weather/facts", forecast, Role.DUTY_OFFICER)
    (forbidden,) = shown.json()["forbidden"]
    assert (forbidden["service"], forbidden["beginsAt"]) == ("delivery", "2026-07-01T04:00:00Z")
    assert forbidden["broken"] == [{"quantity": "wind_mps", "value": "17", "limit": "≤ 12"}]
    desk = (await somebody.get("/api/weather")).json()
    assert [each["district"] for each in desk["districts"]] == ["KB"]
    assert [each["limits"]["highestWindMps"] for each in desk["limits"]] == [12]
    foreign = await somebody.put("/api/weather/facts", FACT, f"foreign {Role.DUTY_OFFICER}")
    assert (foreign.status_code, foreign.json()["code"]) == (403, "forbidden")


async def test_what_is_no_weather_is_refused_by_name(somebody: Somebody) -> None:
    for changes, field in (
        ({"validTo": FACT["validFrom"]}, "validTo"),
        ({"weather": {}}, "weather"),
        ({"district": "XX"}, "district"),
    ):
        told = await somebody.put("/api/weather/facts", {**FACT, **changes}, Role.DUTY_OFFICER)
        assert told.status_code in (400, 404)
        assert field in str(told.json()["fields"])
    hot = {**FACT, "weather": {"airC": 99}}
    assert (await somebody.put("/api/weather/facts", hot, Role.DUTY_OFFICER)).status_code == 400
