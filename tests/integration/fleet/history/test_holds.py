"""Legal holds on both databases: placed once, never narrowed, ended by time or by a person."""

from datetime import timedelta
from typing import Any

import pytest

from core.database import Database
from core.errors import Invalid
from core.ids import VehicleNo
from fleet.history.holds.hold import Hold, any_overlaps
from fleet.history.holds.store import HoldStore
from tests.integration.fleet.builders import AT

YEAR = timedelta(days=365)


def a_hold(**changes: Any) -> Hold:
    values: dict[str, Any] = {
        "hold_id": "incident:i-1",
        "vehicle_no": VehicleNo(7),
        "from_at": AT - timedelta(seconds=90),
        "to_at": AT + timedelta(seconds=30),
        "reason": "碰撞",
        "about": "incident:i-1",
        "until": AT + YEAR,
        "placed_at": AT,
    }
    return Hold(**{**values, **changes})


async def test_a_hold_is_placed_once_and_stands_until_its_time(database: Database) -> None:
    async with database.write() as tx:
        store = HoldStore(tx)
        assert await store.place(a_hold())
        assert not await store.place(a_hold(reason="again"))
        assert await store.standing(AT + timedelta(days=300)) == [a_hold()]
        assert await store.standing(AT + YEAR) == []


async def test_a_hold_without_end_stands_until_it_is_released(database: Database) -> None:
    async with database.write() as tx:
        store = HoldStore(tx)
        await store.place(a_hold(until=None))
        assert len(await store.standing(AT + 9 * YEAR)) == 1
        assert await store.release("incident:i-1", at=AT) == 1
        assert await store.release("incident:i-1", at=AT) == 0
        assert await store.standing(AT) == []


async def test_a_hold_is_widened_but_never_narrowed(database: Database) -> None:
    hour = timedelta(hours=1)
    async with database.write() as tx:
        store = HoldStore(tx)
        await store.place(a_hold())
        await store.widen(a_hold(to_at=AT + hour, from_at=AT, until=AT + YEAR + hour))
        [held] = await store.standing(AT)
    assert (held.from_at, held.to_at, held.until) == (a_hold().from_at, AT + hour, AT + YEAR + hour)


def test_a_hold_of_one_vehicle_holds_no_other_and_one_of_none_holds_all() -> None:
    assert a_hold().holds(7, AT + timedelta(seconds=30))
    assert not a_hold().holds(7, AT + timedelta(seconds=31))
    assert not a_hold().holds(8, AT)
    assert a_hold(vehicle_no=None).holds(8, AT)
    assert any_overlaps([a_hold()], AT + timedelta(seconds=30), AT + YEAR)
    assert not any_overlaps([a_hold()], AT + timedelta(seconds=31), AT + YEAR)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to_at": AT - YEAR}, "toAt"),
        ({"until": AT}, "until"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 501}, "reason"),
    ],
)
async def test_a_hold_that_makes_no_sense_is_refused_by_name(
    database: Database, changes: dict[str, Any], field: str
) -> None:
    async with database.write() as tx:
        with pytest.raises(Invalid) as refused:
            await HoldStore(tx).place(a_hold(**changes))
    assert refused.value.fields["field"] == field
