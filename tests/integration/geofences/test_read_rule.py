"""The rule at a place and any moment, out of the versions in SQL; on both stores."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.auth.principal import EVERYTHING, Reach
from core.database import Database
from core.errors import Invalid
from core.ids import DistrictCode, FenceId, OperatorId
from core.kinds import ServiceKind
from geofences.publishing import retire_fence
from geofences.read_rule import read_rule
from geofences.rules import EffectiveRule
from tests.fences import KANGBASHI, a_draft, a_limit
from tests.published import published

NOW = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


async def brought_into_force(
    database: Database, at: datetime, effective_at: datetime | None = None, **fields: Any
) -> None:
    async with database.write() as tx:
        await published(tx, a_draft(**fields), at=at, effective_at=effective_at)


async def rule(
    database: Database, at: datetime, reach: Reach = EVERYTHING, operator: str | None = None
) -> EffectiveRule:
    return await read_rule(
        database,
        *KANGBASHI.lat_lng(1.0, 1.0),
        at=at,
        service=ServiceKind.DELIVERY,
        operator=None if operator is None else OperatorId(operator),
        reach=reach,
    )


async def test_the_rule_is_that_of_the_version_in_force_at_the_moment(database: Database) -> None:
    await brought_into_force(database, NOW, rules=a_limit(5.0))
    await brought_into_force(database, NOW + HOUR, effective_at=NOW + 2 * HOUR, rules=a_limit(2.0))
    async with database.write() as tx:
        await retire_fence(tx, FenceId("f"), 2, at=NOW + 3 * HOUR, by="t", reach=EVERYTHING)  # type: ignore[arg-type]
    limits = [(await rule(database, NOW + n * HOUR)).speed_limit_mps for n in (-1, 0, 1, 2, 3)]
    assert limits == [None, 5.0, 5.0, 2.0, None]
    decided = (await rule(database, NOW + 2 * HOUR)).decided_by["speed_limit_mps"]
    assert (decided.fence_id, decided.version) == ("f", 2)


async def test_fences_outside_the_reach_say_nothing(database: Database) -> None:
    await brought_into_force(database, NOW, fence_id="kb", rules=a_limit(2.0), district=DistrictCode("KB"))
    await brought_into_force(database, NOW, fence_id="all", rules=a_limit(5.0))
    reach = Reach(districts=frozenset({DistrictCode("DS")}))
    assert (await rule(database, NOW)).speed_limit_mps == 2.0
    assert (await rule(database, NOW, reach)).speed_limit_mps == 5.0


async def test_an_operator_outside_the_reach_is_refused_by_name(database: Database) -> None:
    reach = Reach(operators=frozenset({OperatorId("mine")}))
    with pytest.raises(Invalid) as error:
        await rule(database, NOW, reach, operator="yours")
    assert (error.value.fields["field"], error.value.fields["limit"]) == ("operator", "mine")


async def test_far_from_every_fence_nothing_holds(database: Database) -> None:
    await brought_into_force(database, NOW, rules=a_limit(5.0))
    found = await read_rule(
        database, 38.0, 107.0, at=NOW, service=ServiceKind.PATROL, operator=None, reach=EVERYTHING
    )
    assert found == EffectiveRule()
