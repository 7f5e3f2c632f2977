"""Webhooks over TLS to a real server: a private authority is believed when the city says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from core.database import Database
from core.errors import Invalid
from fleet.webhooks.send_webhooks import WebhookSender
from fleet.webhooks.trust import trusted
from fleet.webhooks.webhook import Delivery
from tests.conftest import SettableClock
from tests.integration.fleet.builders import working_vehicles
from tests.integration.fleet.webhooks.authority import Authority
from tests.integration.fleet.webhooks.receiver import Receiver
from tests.integration.fleet.webhooks.test_webhooks import Desk, _keys

KEYS = _keys
"""The fixture installs the keys that secrets are encrypted with."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@asynccontextmanager
async def a_desk(database: Database, clock: SettableClock, ca_bundle: Path | None) -> AsyncIterator[Desk]:
    await working_vehicles(database, 1)
    desk = Desk(database, clock)
    await desk.sender.close()
    desk.sender = WebhookSender(
        database,
        clock,
        private="loopback",
        disable_after=timedelta(days=5),
        trust=trusted(ca_bundle),
        answer_within_s=2,
    )
    yield desk
    await desk.sender.close()


async def what_became_of_it(desk: Desk, receiver: Receiver) -> Delivery:
    """Have one alarm sent to a receiver, and return its delivery."""
    await receiver.open()
    webhook = await desk.subscribe(receiver.url)
    await desk.raise_alarm()
    await desk.carry()
    await desk.send()
    await receiver.end()
    [delivery] = await desk.deliveries(webhook)
    return delivery


async def test_a_receiver_behind_a_private_authority_is_told_when_the_city_trusts_it(
    database: Database, clock: SettableClock, authority: Authority
) -> None:
    receiver = Receiver(authority.server())
    async with a_desk(database, clock, authority.bundle) as desk:
        delivery = await what_became_of_it(desk, receiver)
    assert receiver.url.startswith("https://")
    assert (delivery.status, delivery.answer_code, len(receiver.heard)) == ("delivered", 200, 1)


@pytest.mark.parametrize(
    ("trusts", "address", "days", "why"),
    [
        (False, "127.0.0.1", 30, "unable to get local issuer certificate"),
        (True, "127.0.0.1", -1, "certificate has expired"),
        (True, "127.0.0.2", 30, "IP address mismatch"),
    ],
    ids=["an authority that nobody named", "ended", "of another address"],
)
async def test_a_certificate_that_does_not_hold_is_a_failure_that_says_why_and_is_tried_again(
    database: Database,
    clock: SettableClock,
    authority: Authority,
    trusts: bool,
    address: str,
    days: int,
    why: str,
) -> None:
    receiver = Receiver(authority.server(address, days=days))
    async with a_desk(database, clock, authority.bundle if trusts else None) as desk:
        delivery = await what_became_of_it(desk, receiver)
    assert (delivery.status, delivery.tries, delivery.answer_code) == ("waiting", 1, None)
    assert delivery.trouble is not None
    assert delivery.trouble.startswith("its certificate does not hold: ")
    assert why in delivery.trouble
    assert receiver.heard == []


@pytest.mark.parametrize("words", [None, "no certificate"], ids=["missing", "not one"])
def test_a_bundle_that_cannot_be_read_is_refused_by_the_settings_name(
    tmp_path: Path, words: str | None
) -> None:
    path = tmp_path / "ca.pem"
    if words is not None:
        path.write_text(words)
    with pytest.raises(Invalid, match=r"webhooks\.ca_bundle"):
        trusted(path)
