"""People are told: from the vehicle's report to a provider on a real socket, once, whatever fails."""

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import Invalid, NotFound, Unauthenticated
from fleet.webhooks.webhook import new_secret, signature
from services.notices.kinds import NoticeState
from services.notices.take_receipt import Receipt, read_receipt, take_receipt
from services.notices.want_notice import page_seen
from services.notices.wishes import ReachedBy
from services.orders.order import Order
from services.orders.subject import subject_key
from services.tasks.states import StopKind
from tests.integration.services.notices.conftest import PHONE, Recipient
from tests.integration.services.notices.provider import Provider
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import Town, later

ROOT = Path(__file__).parents[4]


async def arrived(town: Town, her: Recipient) -> tuple[Order, ScriptedVehicle]:
    await town.add_vehicle(7)
    order = await town.order(resident=her.resident)
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    return order, vehicle


async def test_an_arrival_that_nobody_reacts_to_is_texted_and_then_called(
    town: Town, her: Recipient, provider: Provider
) -> None:
    order, _vehicle = await arrived(town, her)
    assert await her.sender.send_due() == {}, "the page has it at once, the text waits"
    later(town, 61)
    assert await her.sender.send_due() == {"sent": 1}
    later(town, 121)
    assert await her.sender.send_due() == {"sent": 1}
    assert [(post["channel"], post["to"]) for post in provider.posts] == [("sms", PHONE), ("voice", PHONE)]
    assert all("取件码1" not in post["text"] and PHONE not in post["text"] for post in provider.posts)
    told = await her.told(order)
    assert [(one.channel, one.state, one.cost_fen) for one in told] == [
        ("page", "sent", 0),
        ("sms", "sent", 7),
        ("voice", "sent", 7),
    ]
    assert [bool(one.reference) for one in told] == [False, True, True]
    assert await her.sender.send_due() == {}, "nothing is sent twice"


async def test_who_looks_at_the_page_or_collects_is_not_called(
    town: Town, her: Recipient, provider: Provider
) -> None:
    order, vehicle = await arrived(town, her)
    async with town.database.write() as tx:
        assert await page_seen(tx, subject_key(order.order_id), at=town.now) == 1
    async with town.database.write() as tx:
        assert await page_seen(tx, subject_key(order.order_id), at=town.now) == 0
    later(town, 400)
    assert await her.sender.send_due() == {}
    assert provider.posts == []
    await vehicle.hand_over(order)
    assert await her.standing(order) == [
        ("arrived", "page", "delivered"),
        ("arrived", "sms", "not_needed"),
        ("arrived", "voice", "not_needed"),
        ("delivered", "page", "sent"),
    ]


async def test_a_provider_that_fails_and_falls_silent_is_asked_again_later_and_told_once(
    town: Town, her: Recipient, provider: Provider
) -> None:
    order, _ = await arrived(town, her)
    later(town, 61)
    provider.answers = [503, 0.6, 429]
    assert await her.sender.send_due() == {"refused": 1}
    assert await her.sender.send_due() == {}, "it is left in peace for a while"
    for pause_s in (5, 10, 20):
        later(town, pause_s)
        await her.sender.send_due()
    assert len(provider.posts) == 4
    assert len(set(provider.keys)) == 1, "every try names the same notice"
    assert len(provider.told) == 1
    [sms] = [one for one in await her.told(order) if one.channel == "sms"]
    assert (sms.state, sms.tries) == (NoticeState.SENT, 4)


async def test_what_a_provider_refuses_is_given_up_at_once(
    town: Town, her: Recipient, provider: Provider
) -> None:
    order, _ = await arrived(town, her)
    later(town, 61)
    provider.answers = [400]
    assert await her.sender.send_due() == {"given_up": 1}
    [sms] = [one for one in await her.told(order) if one.channel == "sms"]
    assert (sms.state, sms.trouble, sms.cost_fen) == (NoticeState.GIVEN_UP, "answered 400", 0)


async def test_a_sender_that_is_killed_after_the_answer_tells_nobody_twice(
    town: Town, her: Recipient, provider: Provider, tmp_path: Path
) -> None:
    order, _ = await arrived(town, her)
    later(town, 61)
    words = ["-m", "tests.integration.services.notices.sender_process"]
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    given = [url, str(tmp_path), provider.url, town.now.isoformat()]
    killed = await asyncio.to_thread(subprocess.run, [sys.executable, *words, *given], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(provider.told) == 1
    assert await her.sender.send_due() == {}, "the dead one still holds it"
    later(town, 61)
    assert await her.sender.send_due() == {"sent": 1}
    assert len(provider.posts) == 2
    assert len(provider.told) == 1
    assert ("arrived", "sms", "sent") in await her.standing(order)


async def test_a_receipt_counts_once_and_a_text_that_reached_nobody_hurries_the_call(
    town: Town, her: Recipient, provider: Provider
) -> None:
    order, _ = await arrived(town, her)
    later(town, 61)
    await her.sender.send_due()
    [sms] = [one for one in await her.told(order) if one.channel == "sms"]
    failed = Receipt(notice_id=sms.notice_id, status="undelivered", trouble="absent", cost_fen=3)
    words = [await take_receipt(town.database, failed, at=town.now) for _ in range(2)]
    assert words == ["noted", "already"]
    assert await her.sender.send_due() == {"sent": 1}
    assert provider.posts[-1]["channel"] == "voice"
    late = Receipt(notice_id=sms.notice_id, status="delivered")
    assert [await take_receipt(town.database, late, at=town.now) for _ in range(2)] == ["noted", "already"]
    [sms] = [one for one in await her.told(order) if one.channel == "sms"]
    assert (sms.state, sms.cost_fen) == (NoticeState.DELIVERED, 3)
    with pytest.raises(NotFound):
        await take_receipt(town.database, Receipt(notice_id="none", status="delivered"), at=town.now)


def test_a_receipt_is_taken_only_with_the_citys_signature(town: Town) -> None:
    secret, body = new_secret(), b'{"noticeId":"n-1","status":"delivered"}'
    wall, moment = town.clock.wall(), int(town.clock.wall().timestamp())

    def headers(body: bytes = body, at: int = moment) -> dict[str, str]:
        signed = signature(secret, "msg-1", at, body)
        return {"webhook-id": "msg-1", "webhook-timestamp": str(at), "webhook-signature": f"v1,x {signed}"}

    assert read_receipt(body, headers(), secret, wall=wall).notice_id == "n-1"
    with pytest.raises(Unauthenticated):
        read_receipt(body + b" ", headers(), secret, wall=wall)
    with pytest.raises(Unauthenticated):
        read_receipt(body, headers(at=moment - 301), secret, wall=wall)
    with pytest.raises(Unauthenticated):
        read_receipt(body, {}, secret, wall=wall)
    with pytest.raises(Invalid, match="takes no receipts"):
        read_receipt(body, headers(), None, wall=wall)
    odd = b'{"noticeId":"n-1","status":"lost"}'
    with pytest.raises(Invalid) as refused:
        read_receipt(odd, headers(odd), secret, wall=wall)
    assert refused.value.fields["field"] == "status"


async def test_at_night_what_can_wait_waits_till_morning_and_an_arrival_does_not(
    town: Town, her: Recipient, provider: Provider
) -> None:
    _order, vehicle = await arrived(town, her)
    later(town, 13 * 3600)  # 23:00 in the city
    assert await her.sender.send_due() == {"sent": 1, "quiet": 1}
    assert [post["channel"] for post in provider.posts] == ["sms"]
    await vehicle.leave(StopKind.HANDOVER, "waited_out")
    assert await her.sender.send_due() == {"quiet": 1}
    later(town, 8 * 3600)
    assert await her.sender.send_due() == {"sent": 1}
    assert [post["occasion"] for post in provider.posts] == ["arrived", "missed"]


async def test_who_has_only_a_telephone_is_called_at_once_and_hears_the_code_in_her_language(
    town: Town, her: Recipient, provider: Provider
) -> None:
    await her.wish(reached_by=ReachedBy.VOICE, language="en", quiet_hours="")
    order, _ = await arrived(town, her)
    assert await her.sender.send_due() == {"sent": 1}
    [call] = provider.posts
    assert (call["channel"], call["language"]) == ("voice", "en")
    spoken = "".join(word for word in call["text"].split() if word.strip(":.").isdigit()).strip(":.")
    assert len(spoken.replace(":", "").replace(".", "")) == 6
    assert [one.channel.value for one in await her.told(order)] == ["voice"]
