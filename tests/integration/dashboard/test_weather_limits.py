"""Limits of a company: tried out before they are set, set for a reason, never looser than the city's."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.roles import Role
from core.errors import Forbidden, Invalid, VersionMismatch
from core.ids import DistrictCode
from core.kinds import ServiceKind
from dashboard.parts import DashboardParts
from dashboard.schemas.weather import LimitsBody, LimitsProposal, LimitsValues
from dashboard.weather_desk import put_limits, try_out_limits, weather_desk
from fleet.weather.conditions import RoadCondition, Weather
from fleet.weather.fact import FactKind, WeatherFact
from fleet.weather.store import WeatherStore
from services.schedules.calendar import Calendar, Cron
from services.schedules.edit_schedule import Draft, make_schedule
from services.schedules.kinds import WorkKind
from tests.integration.access.people import FOREIGN, HOME
from tests.integration.dashboard.conftest import Somebody
from tests.integration.dashboard.test_weather_routes import bear_wind
from tests.integration.fleet.builders import AT, a_principal, working_vehicles
from tests.integration.services.schedules.logbook import BEAT, Logbook

DELIVERY = ServiceKind.DELIVERY
LEAD = a_principal(Role.SHIFT_LEAD, operator=HOME.operator)
OFFICER = a_principal(Role.DUTY_OFFICER)
OWN = LimitsValues(highest_wind_mps=8, refused_roads=(RoadCondition.ICE,))
PATH = "/api/weather/limits/delivery"


def proposal(operator: str | None = HOME.operator, **limits: Any) -> LimitsProposal:
    return LimitsProposal(operator=operator, limits=LimitsValues(**limits))


def body(operator: str | None = HOME.operator, *, version: int = 0, **limits: Any) -> LimitsBody:
    return LimitsBody(
        operator=operator, version=version, reason="light vehicles", limits=LimitsValues(**limits)
    )


async def say(parts: DashboardParts, wind_mps: float, *, in_hours: int = 0, lasts: int = 2) -> None:
    begins = AT + timedelta(hours=in_hours)
    fact = WeatherFact(
        district=DistrictCode("KB"),
        source="feed",
        kind=FactKind.FORECAST if in_hours else FactKind.OBSERVED,
        valid_from=begins,
        valid_to=begins + timedelta(hours=lasts),
        weather=Weather(wind_mps=wind_mps),
        recorded_at=AT,
    )
    async with parts.database.write() as tx:
        await WeatherStore(tx).put(fact)


async def test_whom_limits_would_hold_back_is_seen_before_they_are_set(
    parts: DashboardParts, add_vehicles: Callable[..., Any]
) -> None:
    await bear_wind(parts)
    await add_vehicles(7, 8)
    await working_vehicles(parts.database, 9, operator=FOREIGN.operator, district=HOME.district)
    await say(parts, 9)
    await say(parts, 17, in_hours=3)
    seen = await try_out_limits(parts, LEAD, DELIVERY, proposal(highest_wind_mps=8))
    [held] = seen.held_back
    assert (held.operator, held.vehicle_count, held.under_way_count) == ("op-a", 2, 0)
    assert [each.vehicle_no for each in held.vehicles] == [7, 8]
    assert [(each.begins_at, each.is_new) for each in held.spans] == [
        (AT, True),
        (AT + timedelta(hours=3), False),
    ]
    assert seen.bears.highest_wind_mps == 8
    assert seen.known_until == AT + timedelta(hours=5)
    async with parts.database.read() as tx:
        assert (await WeatherStore(tx).borne()).own == {}, "nothing is stored"


async def test_scheduled_work_of_the_hours_is_named(
    parts: DashboardParts, add_vehicles: Callable[..., Any]
) -> None:
    await working_vehicles(parts.database, 7, service=ServiceKind.PATROL, district="KB", operator="op-a")
    draft = Draft(
        name="evening round",
        kind=WorkKind.PATROL_BEAT,
        subject_id=BEAT.subject_id,
        calendar=Calendar(timing=Cron(expression="0 * * * *"), zone="Asia/Shanghai"),
    )
    async with parts.database.write() as tx:
        await make_schedule(tx, LEAD, {WorkKind.PATROL_BEAT: Logbook()}, draft, at=AT)
    await say(parts, 9, in_hours=2, lasts=2)
    seen = await try_out_limits(parts, LEAD, ServiceKind.PATROL, proposal(highest_wind_mps=8))
    [held] = seen.held_back
    assert [(each.name, each.due_at) for each in held.planned] == [
        ("evening round", AT + timedelta(hours=hours)) for hours in (2, 3)
    ]


async def test_the_city_tries_out_its_limits_for_every_company(
    parts: DashboardParts, add_vehicles: Callable[..., Any]
) -> None:
    await bear_wind(parts)
    await add_vehicles(7)
    await working_vehicles(parts.database, 9, operator=FOREIGN.operator, district=HOME.district)
    await say(parts, 9)
    seen = await try_out_limits(parts, OFFICER, DELIVERY, proposal(None, highest_wind_mps=5))
    assert [each.operator for each in seen.held_back] == ["op-a", "op-b"]
    with pytest.raises(Forbidden):
        await try_out_limits(parts, LEAD, DELIVERY, proposal(None, highest_wind_mps=5))


async def test_own_limits_are_set_for_a_reason_shown_with_their_source_and_on_record(
    parts: DashboardParts, add_vehicles: Callable[..., Any]
) -> None:
    await bear_wind(parts)
    made = await put_limits(parts, LEAD, DELIVERY, body(highest_wind_mps=8, lowest_air_c=-10))
    assert (made.operator, made.version, made.bears.highest_wind_mps) == ("op-a", 1, 8)
    desk = await weather_desk(parts, LEAD)
    assert [(each.operator, each.limits.highest_wind_mps) for each in desk.limits] == [(None, 12)]
    assert [(each.operator, each.reason) for each in desk.own_limits] == [("op-a", "light vehicles")]
    stranger = a_principal(Role.SHIFT_LEAD, operator=FOREIGN.operator)
    assert (await weather_desk(parts, stranger)).own_limits == ()
    with pytest.raises(VersionMismatch):
        await put_limits(parts, LEAD, DELIVERY, body(highest_wind_mps=7))
    back = await put_limits(parts, LEAD, DELIVERY, body(version=1))
    assert (back.version, back.bears.highest_wind_mps) == (2, 12), "nothing of its own is the city's again"
    async with parts.database.read() as tx:
        query = select(audit_entries).where(audit_entries.c.action == "weather_limits.set")
        rows = (await tx.execute(query.order_by(audit_entries.c.id))).mappings().all()
    assert [row["fields"]["operator"] for row in rows] == ["op-a", "op-a"]
    assert rows[0]["reason"] == "light vehicles"


async def test_looser_than_the_city_is_refused_with_the_limit_also_before_it_is_set(
    parts: DashboardParts,
) -> None:
    await bear_wind(parts)
    for refused in (
        try_out_limits(parts, LEAD, DELIVERY, proposal(highest_wind_mps=13)),
        put_limits(parts, LEAD, DELIVERY, body(highest_wind_mps=13)),
    ):
        with pytest.raises(Invalid) as told:
            await refused
        assert (told.value.fields["field"], told.value.fields["limit"]) == ("limits.highestWindMps", "≤ 12")


@pytest.mark.parametrize(
    ("who", "operator"),
    [
        (a_principal(Role.SHIFT_LEAD, operator=FOREIGN.operator), HOME.operator),
        (OFFICER, HOME.operator),
        (
            a_principal(Role.SHIFT_LEAD, operator=HOME.operator, districts=frozenset({DistrictCode("KB")})),
            HOME.operator,
        ),
        (LEAD, None),
    ],
    ids=["another company", "the city for a company", "a district's", "a company for the city"],
)
async def test_who_has_no_say_sets_nothing(parts: DashboardParts, who: Any, operator: str | None) -> None:
    with pytest.raises(Forbidden):
        await put_limits(parts, who, DELIVERY, body(operator, highest_wind_mps=3))


async def test_when_the_city_becomes_stricter_a_companys_own_limit_gives_way(parts: DashboardParts) -> None:
    await bear_wind(parts)
    await put_limits(parts, LEAD, DELIVERY, body(highest_wind_mps=8))
    await put_limits(parts, OFFICER, DELIVERY, body(None, version=1, highest_wind_mps=6))
    [own] = (await weather_desk(parts, LEAD)).own_limits
    assert (own.limits.highest_wind_mps, own.bears.highest_wind_mps) == (8, 6)


async def test_previews_over_http_are_for_whoever_may_set_limits(somebody: Somebody) -> None:
    thought = {"limits": {"highestWindMps": 8}, "operator": HOME.operator}
    assert (await somebody.post(f"{PATH}/previews", thought)).status_code == 403, "a dispatcher only reads"
    lead = await somebody.post(f"{PATH}/previews", thought, Role.SHIFT_LEAD)
    assert (lead.status_code, lead.json()["fields"]["field"]) == (403, "service"), "of one district only"
    wrong = await somebody.post(f"{PATH}/previews", {"limits": {"highestWindMps": -1}}, Role.SHIFT_LEAD)
    assert wrong.status_code == 400
