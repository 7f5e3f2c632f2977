"""What was told long ago is forgotten, each class at its age; what is still to be told stays."""

from datetime import datetime, timedelta

from sqlalchemy import select

from core.auth.staff_notices import staff_notices, want_staff_notices
from core.database import Database
from core.ids import StaffId
from core.settings.tree import NoticeSettings, WebhookSettings
from fleet.webhooks.forget_told import ToldKeeper, ages_of
from fleet.webhooks.store import WebhookStore
from fleet.webhooks.tables import webhook_deliveries
from fleet.webhooks.webhook import Delivery, DeliveryStatus
from tests.conftest import SettableClock
from tests.integration.fleet.builders import AT

AGES = ages_of(WebhookSettings(), NoticeSettings())


def a_delivery(name: str, status: DeliveryStatus, at: datetime) -> Delivery:
    due_at = at if status is DeliveryStatus.WAITING else None
    return Delivery(
        delivery_id=name,
        webhook_id="w",
        event_id=name,
        kind="alarm.raised",
        body="{}",
        at=at,
        status=status,
        due_at=due_at,
    )


async def names_left(database: Database) -> list[str]:
    async with database.read() as tx:
        query = select(webhook_deliveries.c.delivery_id).order_by(webhook_deliveries.c.delivery_id)
        return list((await tx.execute(query)).scalars())


async def test_deliveries_are_forgotten_by_their_class(database: Database, clock: SettableClock) -> None:
    old, older = AT - timedelta(days=31), AT - timedelta(days=91)
    rows = [
        a_delivery(f"{status.value}-{name}", status, at)
        for status in DeliveryStatus
        for name, at in (("a-young", AT - timedelta(days=29)), ("b-old", old), ("c-older", older))
    ]
    async with database.write() as tx:
        await WebhookStore(tx).add_deliveries(rows)
    clock.set(AT)
    keeper = ToldKeeper(database, clock, AGES)
    assert await keeper.forget_once() == {"delivered": 2, "undelivered": 2, "notices": 0}
    assert await names_left(database) == [
        "delivered-a-young",
        "failed-a-young",
        "failed-b-old",
        "waiting-a-young",
        "waiting-b-old",
    ]
    assert await keeper.forget_once() == {"delivered": 0, "undelivered": 0, "notices": 0}


async def test_more_than_one_group_of_deliveries_goes_at_one_pass(
    database: Database, clock: SettableClock
) -> None:
    at = AT - timedelta(days=40)
    rows = [a_delivery(f"d{number}", DeliveryStatus.DELIVERED, at) for number in range(4_500)]
    async with database.write() as tx:
        for start in range(0, len(rows), 500):
            await WebhookStore(tx).add_deliveries(rows[start : start + 500])
    clock.set(AT)
    went = await ToldKeeper(database, clock, AGES).forget_once()
    assert went["delivered"] == 4_500


async def test_notices_are_forgotten_once_they_were_sent_and_not_before(
    database: Database, clock: SettableClock
) -> None:
    for subject, days in (("alarm:young", 89), ("alarm:old", 91), ("alarm:due", 91)):
        async with database.write() as tx:
            at = AT - timedelta(days=days)
            await want_staff_notices(
                tx, [StaffId("s")], subject=subject, reason="x", zh="知", en="said", at=at, wall=at
            )
            if subject != "alarm:due":
                sent = staff_notices.c.subject == subject
                await tx.execute(staff_notices.update().where(sent).values(due_at=None, sent_at=at))
    clock.set(AT)
    went = await ToldKeeper(database, clock, AGES).forget_once()
    assert went["notices"] == 1
    async with database.read() as tx:
        left = (await tx.execute(select(staff_notices.c.subject))).scalars()
        assert sorted(left) == ["alarm:due", "alarm:young"]
