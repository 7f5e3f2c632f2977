"""Fences over HTTP."""

from datetime import timedelta
from typing import Any

from core.auth.principal import EVERYTHING
from core.auth.roles import Role
from core.database import Database
from geofences.publishing import draw_fence, publish_fence
from tests.fences import KANGBASHI, a_draft, a_limit
from tests.integration.dashboard.conftest import Somebody

LAT, LNG = KANGBASHI.lat_lng(1.0, 1.0)
HERE = f"lat={LAT}&lng={LNG}"


async def in_force(database: Database, clock: Any, **fields: Any) -> None:
    async with database.write() as tx:
        draft = a_draft(**fields)
        version = await draw_fence(tx, draft, at=clock.now(), by="t")
        await publish_fence(tx, draft.fence_id, version, at=clock.now(), by="t", reach=EVERYTHING)


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
