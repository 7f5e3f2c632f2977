"""Residents' log-in over HTTP: a code by phone, the same answer for everybody, nothing readable at rest."""

from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core.auth.credentials import Credentials
from core.auth.links import end_links, issue_link
from core.auth.notices import DemoPhone
from core.auth.principal import Principal, Role, reach_of
from core.auth.services import AuthServices
from core.auth.tables import resident_codes, residents
from core.ids import OrderId, ResidentId, new_id

PHONE = "138 1234 5678"
E164 = "+8613812345678"


async def _code(demo_phone: DemoPhone) -> str:
    return "".join(char for char in (await demo_phone.messages(E164))[0].en.split(".")[0] if char.isdigit())


async def _sign_in(client: httpx.AsyncClient, demo_phone: DemoPhone) -> httpx.Response:
    await client.post("/api/residents/codes", json={"phone": PHONE})
    return await client.post("/api/residents/login", json={"phone": PHONE, "code": await _code(demo_phone)})


async def test_a_code_to_the_phone_opens_a_session_of_the_resident(
    client: httpx.AsyncClient, demo_phone: DemoPhone
) -> None:
    sent = await client.post("/api/residents/codes", json={"phone": PHONE})
    assert (sent.status_code, sent.json()) == (202, {"resendAfterS": 60})
    answer = await client.post(
        "/api/residents/login", json={"phone": "+86 138-1234-5678", "code": await _code(demo_phone)}
    )
    assert answer.status_code == 200
    assert (answer.json()["role"], answer.json()["name"]) == ("resident", "138****5678")
    assert (await client.get("/api/residents/me")).json()["id"] == answer.json()["id"]
    assert (await client.get("/api/vehicles")).status_code == 403


async def test_neither_phone_nor_code_can_be_read_in_the_database(
    client: httpx.AsyncClient, demo_phone: DemoPhone, auth: AuthServices
) -> None:
    await _sign_in(client, demo_phone)
    await client.post("/api/residents/codes", json={"phone": "13912345678"})
    async with auth.database.read() as tx:
        raw = (await tx.exec_driver_sql("SELECT phone, phone_index FROM residents")).one()
        waiting = (await tx.execute(select(resident_codes))).all()
        decrypted = (await tx.execute(select(residents.c.phone))).scalar_one()
    assert b"1234" not in raw[0]
    assert "13812345678" not in str(raw)
    assert decrypted == E164
    assert (await demo_phone.messages("+8613912345678"))[0].en[21:27] not in str(waiting)


async def test_the_answer_is_the_same_within_the_minute_but_nothing_is_sent(
    client: httpx.AsyncClient, demo_phone: DemoPhone, clock: Any
) -> None:
    first = await client.post("/api/residents/codes", json={"phone": PHONE})
    second = await client.post("/api/residents/codes", json={"phone": PHONE})
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert len(await demo_phone.messages(E164)) == 1
    clock.advance(60)
    await client.post("/api/residents/codes", json={"phone": PHONE})
    assert len(await demo_phone.messages(E164)) == 2


async def test_a_code_is_good_once_for_five_minutes_and_five_tries(
    client: httpx.AsyncClient, demo_phone: DemoPhone, clock: Any
) -> None:
    assert (await _sign_in(client, demo_phone)).status_code == 200
    used = await client.post("/api/residents/login", json={"phone": PHONE, "code": await _code(demo_phone)})
    assert (used.status_code, used.json()["code"]) == (401, "credentials-wrong")

    clock.advance(60)
    await client.post("/api/residents/codes", json={"phone": PHONE})
    clock.advance(301)
    old = await client.post("/api/residents/login", json={"phone": PHONE, "code": await _code(demo_phone)})
    assert old.status_code == 401

    await client.post("/api/residents/codes", json={"phone": PHONE})
    right = await _code(demo_phone)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _ in range(5):
        guess = await client.post("/api/residents/login", json={"phone": PHONE, "code": wrong})
        assert guess.status_code == 401
    late = await client.post("/api/residents/login", json={"phone": PHONE, "code": right})
    assert late.status_code == 401


async def test_a_phone_gets_no_more_than_its_codes_an_hour(client: httpx.AsyncClient, clock: Any) -> None:
    answers = []
    for _ in range(6):
        answers.append((await client.post("/api/residents/codes", json={"phone": PHONE})).status_code)
        clock.advance(61)
    assert answers == [202, 202, 202, 202, 202, 429]


@pytest.mark.parametrize("text", ["12345", "call me", "+", "１２", "13812345678" * 9])
async def test_what_is_no_phone_number_is_refused_without_being_repeated(
    client: httpx.AsyncClient, text: str
) -> None:
    answer = await client.post("/api/residents/codes", json={"phone": text})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid-input"
    assert text not in answer.text


async def test_the_demo_shows_the_last_messages_of_a_number(client: httpx.AsyncClient) -> None:
    await client.post("/api/residents/codes", json={"phone": PHONE})
    shown = (await client.get("/api/demo/phone", params={"number": PHONE})).json()
    assert [message["kind"] for message in shown] == ["sign-in-code"]
    assert (await client.get("/api/demo/phone", params={"number": "13900000000"})).json() == []


async def test_a_link_opens_one_order_and_dies_with_it(
    client: httpx.AsyncClient, demo_phone: DemoPhone, auth: AuthServices, clock: Any
) -> None:
    me = (await _sign_in(client, demo_phone)).json()
    owner = Principal(
        kind="resident", id=me["id"], name=me["name"], role=Role.RESIDENT, expires_at=clock.wall()
    )
    order = OrderId(new_id())
    async with auth.database.write() as tx:
        token = await issue_link(tx, owner, order, ResidentId(me["id"]), wall=clock.wall(), at=clock.now())
    by_herself = await client.post("/api/links/session", json={"token": token})
    assert (by_herself.json()["orderId"], "set-cookie" in by_herself.headers) == (order, False)
    client.cookies.clear()
    opened = await client.post("/api/links/session", json={"token": token})
    assert (opened.status_code, opened.json()["orderId"]) == (200, order)
    assert f"Path=/api/resident/orders/{order}" in opened.headers["set-cookie"]

    session = opened.cookies["steppe_link"]
    holder = await auth.people(Credentials(bearer=None, sessions=(session,)))
    assert holder.role is Role.LINK
    assert reach_of(holder).order == order

    async with auth.database.write() as tx:
        assert await end_links(tx, order, wall=clock.wall()) == 1
    assert not await auth.people.still_holds(holder)
    again = await client.post("/api/links/session", json={"token": token})
    assert (again.status_code, again.json()["code"]) == (401, "token-invalid")


async def test_console_and_phone_page_live_in_one_browser(
    client: httpx.AsyncClient, demo_phone: DemoPhone, dispatcher: Any, clock: Any
) -> None:
    await _sign_in(client, demo_phone)
    await client.post("/api/staff/login", json=dispatcher.login(clock.wall()))
    assert (await client.get("/api/me")).json()["id"] == dispatcher.id
    assert (await client.get("/api/residents/me")).json()["role"] == "resident"
