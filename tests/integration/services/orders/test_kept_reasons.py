"""Why orders wait is kept once a reason, for all orders of a round at once."""

from datetime import UTC, datetime, timedelta

from core.database import Database
from core.ids import DistrictCode, OrderId, TaskId, VehicleNo
from services.dispatch.explanation import Explanation
from services.dispatch.store import DecisionStore

KB = DistrictCode("KB")
NOON = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)


def a_reason(order: str, reason: str, minute: int, chosen: int | None = None) -> Explanation:
    return Explanation(
        order_id=OrderId(order),
        at=NOON + timedelta(minutes=minute),
        considered=1,
        feasible=0,
        chosen=None if chosen is None else VehicleNo(chosen),
        chosen_code=None,
        cost_s=None,
        reason=reason,
        text_zh=reason,
        text_en=reason,
    )


async def keep(database: Database, minute: int, **reasons: str) -> int:
    """Keep a round of a minute: order = reason; return how many reasons were new."""
    said = [a_reason(order, reason, minute) for order, reason in reasons.items()]
    async with database.write() as tx:
        return await DecisionStore(tx).nobody(said, KB, at=NOON + timedelta(minutes=minute))


async def kept(database: Database, order: str) -> list[tuple[str, int, int]]:
    """Return (reason or vehicle, first minute, last minute) of an order's decisions, newest first."""
    async with database.read() as tx:
        found = await DecisionStore(tx).of_order(OrderId(order))
    return [
        (one.explanation.reason or str(one.vehicle_no), _minute(one.at), _minute(one.last_at))
        for one in found
    ]


def _minute(at: datetime) -> int:
    return int((at - NOON).total_seconds() // 60)


async def test_a_reason_that_is_found_again_is_the_same_row_and_another_a_new_one(database: Database) -> None:
    assert await keep(database, 0, a="all_taken", b="all_excluded") == 2
    assert await keep(database, 1, a="all_taken", b="all_taken", c="all_taken") == 2
    assert await keep(database, 2, a="all_taken", b="all_excluded") == 1
    assert await kept(database, "a") == [("all_taken", 0, 2)]
    assert await kept(database, "b") == [("all_excluded", 2, 2), ("all_taken", 1, 1), ("all_excluded", 0, 0)]
    assert await kept(database, "c") == [("all_taken", 1, 1)]


async def test_the_same_reason_after_a_vehicle_was_given_is_told_anew(database: Database) -> None:
    await keep(database, 0, a="all_taken")
    async with database.write() as tx:
        await DecisionStore(tx).assigned(a_reason("a", "", 1, chosen=7), KB, TaskId("t"))
    assert await keep(database, 2, a="all_taken") == 1
    assert await kept(database, "a") == [("all_taken", 2, 2), ("7", 1, 1), ("all_taken", 0, 0)]


async def test_nobody_waits_in_a_round_that_served_all(database: Database) -> None:
    assert await keep(database, 0) == 0
