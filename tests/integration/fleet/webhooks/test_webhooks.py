"""Webhooks against a real server: signed, retried, disabled, replayed, at least once; on both databases."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from sqlalchemy import select

from core.auth.configured import secret_keys
from core.auth.principal import EVERYTHING, Principal
from core.auth.roles import Role
from core.auth.staff_notices import staff_notices
from core.clock import ms_of_moment
from core.database import Database
from core.errors import Invalid, NotFound
from core.ids import DistrictCode, OperatorId, StaffId, VehicleNo
from core.outbox import Relay
from core.privacy.encrypted import install_keys
from core.settings import load
from fleet.alarms.alarm import AlarmCleared, AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.telemetry.found_events import FENCE_EVENT, FoundEvents
from fleet.telemetry.tell_crossings import tell_crossings
from fleet.webhooks.addresses import check_url, is_allowed, resolve
from fleet.webhooks.fan_out import ALARM_TOPIC, FENCE_TOPIC, WebhookFanOut
from fleet.webhooks.manage_webhooks import replay, subscribe, switch
from fleet.webhooks.send_webhooks import WebhookSender
from fleet.webhooks.store import WebhookStore
from fleet.webhooks.webhook import Delivery, DeliveryStatus, Webhook
from geofences.events import FenceEventKind
from tests.conftest import SettableClock
from tests.integration.fleet.builders import AT, a_principal, working_vehicles
from tests.integration.fleet.webhooks.receiver import Receiver, a_receiver

ROOT = Path(__file__).parents[4]


@pytest.fixture(autouse=True)
def _keys(tmp_path: Path) -> None:
    settings = load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)})
    install_keys(secret_keys(settings.security))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with a_receiver() as made:
        yield made


class Desk:
    def __init__(self, database: Database, clock: SettableClock) -> None:
        self.database, self.clock = database, clock
        fan_out = WebhookFanOut(database, clock)
        routes = {ALARM_TOPIC: fan_out, FENCE_TOPIC: fan_out}
        self.relay = Relay(database, routes, clock, holder="test")
        self.sender = WebhookSender(
            database,
            clock,
            private="loopback",
            disable_after=timedelta(days=5),
            answer_within_s=0.3,
        )
        self.secret = ""

    async def subscribe(self, url: str, *kinds: str, who: Principal | None = None) -> Webhook:
        webhook, self.secret = await subscribe(
            self.database,
            who or a_principal(Role.ADMIN),
            url=url,
            kinds=frozenset(kinds or {"alarm.raised", "alarm.cleared"}),
            districts=None,
            private="loopback",
            at=self.clock.now(),
        )
        return webhook

    async def raise_alarm(self, number: int = 1, second: float = 0) -> None:
        at = AT + timedelta(seconds=second)
        raised = AlarmRaised(vehicle_no=VehicleNo(number), kind=AlarmKind.OVERSPEED, at=at)
        await AlarmSink(self.database).put([raised])

    async def clear_alarm(self, second: float) -> None:
        at = AT + timedelta(seconds=second)
        await AlarmSink(self.database).put(
            [AlarmCleared(vehicle_no=VehicleNo(1), kind=AlarmKind.OVERSPEED, at=at)]
        )

    async def carry(self) -> None:
        await self.relay.carry_once()

    async def send(self) -> None:
        await self.sender.start_due()
        await self.sender.settled()

    async def deliveries(self, webhook: Webhook) -> list[Delivery]:
        async with self.database.read() as tx:
            return await WebhookStore(tx).page(webhook.webhook_id, limit=100)


@pytest.fixture
async def desk(database: Database, clock: SettableClock) -> AsyncIterator[Desk]:
    await working_vehicles(database, 1)
    made = Desk(database, clock)
    yield made
    await made.sender.close()


def the_example(secret: str, headers: dict[str, str], body: bytes, *, now: float) -> bool:
    """Run the example of docs/webhooks.md."""
    page = (ROOT / "docs" / "webhooks.md").read_text()
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {}
    exec(found[1], names)
    verified: bool = names["is_from_the_city"](secret, headers, body, now=now)
    return verified


async def test_an_event_is_delivered_once_signed_as_the_documented_example_checks(
    desk: Desk, receiver: Receiver
) -> None:
    webhook = await desk.subscribe(receiver.url)
    await desk.raise_alarm()
    await desk.carry()
    await desk.send()
    await desk.send()
    [heard] = receiver.heard
    now = desk.clock.wall().timestamp()
    assert the_example(desk.secret, heard.headers, heard.body, now=now)
    assert not the_example(desk.secret, heard.headers, heard.body + b" ", now=now), "another body"
    assert not the_example(desk.secret, heard.headers, heard.body, now=now + 400), "an old one"
    told = msgspec.json.decode(heard.body)
    assert (told["type"], told["data"]["kind"], told["data"]["vehicleNo"]) == ("alarm.raised", "overspeed", 1)
    [delivery] = await desk.deliveries(webhook)
    assert (delivery.status, delivery.tries, delivery.answer_code) == ("delivered", 1, 200)
    assert heard.id == delivery.delivery_id


async def test_a_row_of_the_outbox_that_is_carried_twice_makes_one_delivery(
    desk: Desk, receiver: Receiver
) -> None:
    webhook = await desk.subscribe(receiver.url)
    await desk.raise_alarm()
    for row in await desk.relay._due():
        await WebhookFanOut(desk.database, desk.clock)(row)
    await desk.carry()
    assert len(await desk.deliveries(webhook)) == 1


@pytest.mark.parametrize("trouble", ["answers 500", "hangs", "is gone"])
async def test_what_is_not_taken_is_sent_again_with_back_off_and_the_same_id(
    desk: Desk, receiver: Receiver, trouble: str
) -> None:
    webhook = await desk.subscribe(receiver.url)
    await desk.raise_alarm()
    await desk.carry()
    receiver.answer = {"answers 500": 500, "hangs": None}.get(trouble, 200)
    if trouble == "is gone":
        await receiver.close()
    await desk.send()
    [delivery] = await desk.deliveries(webhook)
    assert (delivery.status, delivery.tries) == ("waiting", 1)
    assert delivery.trouble
    assert delivery.answer_code == (500 if trouble == "answers 500" else None)
    await desk.send()
    assert (await desk.deliveries(webhook))[0].tries == 1, "not before its time"
    receiver.answer = 200
    if trouble == "is gone":
        await receiver.open()
    desk.clock.advance(6)
    await desk.send()
    [delivery] = await desk.deliveries(webhook)
    assert (delivery.status, delivery.tries) == ("delivered", 2)
    assert {heard.id for heard in receiver.heard} == {delivery.delivery_id}


async def test_an_address_that_hangs_delays_nobody_else(desk: Desk, receiver: Receiver) -> None:
    async with a_receiver() as slow:
        slow.answer = None
        await desk.subscribe(slow.url)
        await desk.subscribe(receiver.url)
        await desk.raise_alarm()
        await desk.carry()
        assert await desk.sender.start_due() == 2
        for _ in range(200):
            if receiver.heard:
                break
            await asyncio.sleep(0.001)
        assert len(receiver.heard) == 1
        await desk.sender.settled()


async def test_after_days_of_failure_a_subscription_is_disabled_and_its_owner_told(
    desk: Desk, receiver: Receiver
) -> None:
    owner = a_principal(Role.ADMIN, id=StaffId("owner"))
    webhook = await desk.subscribe(receiver.url, who=owner)
    receiver.answer = 500
    await desk.raise_alarm()
    await desk.carry()
    await desk.send()
    desk.clock.advance(5 * 86_400 + 1)
    await desk.send()
    async with desk.database.read() as tx:
        now = await WebhookStore(tx).get(webhook.webhook_id, EVERYTHING)
        told = (await tx.execute(select(staff_notices.c.staff_id))).scalars().all()
    assert (now.is_active, list(told)) == (False, ["owner"])
    desk.clock.advance(86_400)
    await desk.send()
    assert len(receiver.heard) == 2, "nothing is sent while it is off"
    receiver.answer = 200
    await switch(desk.database, owner, webhook.webhook_id, active=True, at=desk.clock.now())
    await desk.send()
    assert (await desk.deliveries(webhook))[0].status == "delivered"


async def test_one_delivery_or_a_span_is_sent_again_under_its_old_id(desk: Desk, receiver: Receiver) -> None:
    webhook = await desk.subscribe(receiver.url)
    await desk.raise_alarm()
    await desk.clear_alarm(60)
    await desk.carry()
    await desk.send()
    assert [msgspec.json.decode(heard.body)["type"] for heard in receiver.heard] == [
        "alarm.raised",
        "alarm.cleared",
    ]
    who = a_principal(Role.ADMIN)
    arguments: dict[str, Any] = {"at": desk.clock.now(), "wall": desk.clock.wall()}
    first = receiver.heard[0].id
    again = await replay(desk.database, who, webhook.webhook_id, delivery_id=first, span=None, **arguments)
    await desk.send()
    assert (again, receiver.heard[2].id, receiver.heard[2].body) == (1, first, receiver.heard[0].body)
    span = (AT + timedelta(seconds=30), AT + timedelta(seconds=90))
    assert await replay(desk.database, who, webhook.webhook_id, delivery_id=None, span=span, **arguments) == 1
    await desk.send()
    assert receiver.heard[3].id == receiver.heard[1].id
    with pytest.raises(NotFound):
        await replay(desk.database, who, webhook.webhook_id, delivery_id="no", span=None, **arguments)
    for delivery_id, wrong in ((None, None), (first, span), (None, span[::-1])):
        with pytest.raises(Invalid):
            await replay(
                desk.database,
                who,
                webhook.webhook_id,
                delivery_id=delivery_id,
                span=wrong,
                **arguments,
            )


async def test_a_subscription_is_told_only_of_what_its_creator_reaches(
    desk: Desk, receiver: Receiver
) -> None:
    foreign = a_principal(Role.ADMIN, operator=OperatorId("op-b"))
    own = a_principal(Role.ADMIN, operator=OperatorId("op-a"), districts=frozenset({DistrictCode("KB")}))
    theirs = await desk.subscribe(receiver.url, who=foreign)
    ours = await desk.subscribe(receiver.url, who=own)
    await desk.raise_alarm()
    await desk.carry()
    assert (len(await desk.deliveries(theirs)), len(await desk.deliveries(ours))) == (0, 1)
    with pytest.raises(NotFound):
        await switch(desk.database, foreign, ours.webhook_id, active=False, at=AT)


async def test_crossings_are_told_while_somebody_wants_them_and_once(desk: Desk, receiver: Receiver) -> None:
    records = np.zeros(1, FENCE_EVENT)
    moment = ms_of_moment(AT)
    records[0] = (1, 2, 9, moment, moment, moment, 396_000_000, 1_098_000_000, 5, FenceEventKind.ENTER, False)
    found = FoundEvents(3, ["f"], records.tobytes())
    async with desk.database.write() as tx:
        assert await tell_crossings(tx, [found]) == 0
    webhook = await desk.subscribe(receiver.url, "fence.enter")
    for _ in range(2):
        async with desk.database.write() as tx:
            assert await tell_crossings(tx, [found]) == 1
    await desk.carry()
    await desk.send()
    [heard] = receiver.heard
    assert msgspec.json.decode(heard.body)["eventId"] == "fence:1:f:2:enter:9"
    assert len(await desk.deliveries(webhook)) == 1


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "mode", "allowed"),
        [
            ("127.0.0.1", "refuse", False),
            ("127.0.0.1", "loopback", True),
            ("10.0.0.8", "loopback", False),
            ("10.0.0.8", "allow", True),
            ("169.254.169.254", "refuse", False),
            ("::1", "refuse", False),
            ("::ffff:192.168.1.1", "refuse", False),
            ("fe80::1%eth0", "refuse", False),
            ("0.0.0.0", "loopback", False),
            ("224.0.0.1", "refuse", False),
            ("8.8.8.8", "refuse", True),
        ],
    )
    def test_only_public_addresses_are_called_unless_a_setting_allows_more(
        self, address: str, mode: Any, allowed: bool
    ) -> None:
        assert is_allowed(address, mode) is allowed

    @pytest.mark.parametrize(
        "url",
        ["ftp://a.example", "https://", "http://a.example/", "https://u:p@a.example", "https://a:99999"],
    )
    def test_an_address_of_another_shape_is_refused_by_name(self, url: str) -> None:
        with pytest.raises(Invalid) as refused:
            check_url(url, "refuse")
        assert refused.value.fields["field"] == "url"

    async def test_a_name_that_leads_inside_is_refused_when_it_is_called(
        self, desk: Desk, receiver: Receiver
    ) -> None:
        with pytest.raises(Invalid):
            await resolve("localhost", 443, "refuse")
        webhook = await desk.subscribe(receiver.url)
        await desk.raise_alarm()
        await desk.carry()
        strict = WebhookSender(desk.database, desk.clock, private="refuse", disable_after=timedelta(days=5))
        await strict.start_due()
        await strict.close()
        [delivery] = await desk.deliveries(webhook)
        assert receiver.heard == []
        assert "https" in (delivery.trouble or "")


async def test_a_sender_killed_between_the_answer_and_its_mark_sends_again_with_the_same_id(
    sqlite_database: Database, clock: SettableClock, receiver: Receiver, tmp_path: Path
) -> None:
    await working_vehicles(sqlite_database, 1)
    clock.set(datetime.now(AT.tzinfo))
    desk = Desk(sqlite_database, clock)
    webhook = await desk.subscribe(receiver.url)
    await desk.raise_alarm()
    await desk.carry()
    words = ["-m", "tests.integration.fleet.webhooks.sender_process"]
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    process = await asyncio.to_thread(
        subprocess.run, [sys.executable, *words, url, str(tmp_path)], cwd=ROOT, check=False
    )
    assert process.returncode == -signal.SIGKILL
    assert len(receiver.heard) == 1
    desk.clock.set(datetime.now(AT.tzinfo) + timedelta(seconds=61))
    await desk.send()
    [delivery] = await desk.deliveries(webhook)
    await desk.sender.close()
    assert [heard.id for heard in receiver.heard] == [delivery.delivery_id] * 2
    assert delivery.status == "delivered"


async def test_many_deliveries_that_one_address_does_not_take_hide_nobody_elses(
    desk: Desk, receiver: Receiver
) -> None:
    async with a_receiver() as broken:
        broken.answer = 500
        first = await desk.subscribe(broken.url)
        waiting = [
            Delivery(
                delivery_id=f"msg_{number}",
                webhook_id=first.webhook_id,
                event_id=f"e{number}",
                kind="alarm.raised",
                body="{}",
                at=AT,
                status=DeliveryStatus.WAITING,
                due_at=desk.clock.wall() - timedelta(hours=1),
            )
            for number in range(600)
        ]
        async with desk.database.write() as tx:
            await WebhookStore(tx).add_deliveries(waiting)
        await desk.subscribe(receiver.url)
        await desk.raise_alarm()
        await desk.carry()
        await desk.send()
        assert (len(broken.heard), len(receiver.heard)) == (1, 1)
