"""Staff log-in over HTTP: one answer for every mistake, no code twice, no session that was shown before."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.cookies import cookie_values
from core.auth.credentials import Credentials
from core.auth.services import AuthServices
from core.auth.staff import close_account
from core.auth.tables import staff_sessions
from core.ids import StaffId

type Login = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture
def login(client: httpx.AsyncClient, clock: Any, dispatcher: Any) -> Login:
    """Return what logs the dispatcher in, with some of the body changed."""
    return lambda **changed: client.post("/api/staff/login", json=dispatcher.login(clock.wall(), **changed))


async def test_password_and_code_open_a_session_that_reads_what_the_role_may(
    client: httpx.AsyncClient, login: Login, clock: Any, dispatcher: Any
) -> None:
    answer = await login()
    assert answer.status_code == 200
    assert answer.json()["role"] == "dispatcher"
    assert "vehicles:command" in answer.json()["scopes"]
    assert (await client.get("/api/vehicles")).text == dispatcher.id
    assert (await client.get("/api/me")).json()["name"] == "王芳"


async def test_the_cookie_is_out_of_reach_of_scripts_other_sites_and_plain_http(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    cookie = (await login()).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" in cookie
    assert "Path=/" in cookie


async def test_only_a_hash_of_the_session_is_stored(
    client: httpx.AsyncClient, login: Login, clock: Any, auth: AuthServices
) -> None:
    await login()
    async with auth.database.read() as tx:
        row = (await tx.execute(select(staff_sessions))).one()
    assert client.cookies["steppe_session"] not in str(row)


@pytest.mark.parametrize(
    "wrong",
    [{"username": "nobody"}, {"password": "correct horse batterz"}, {"totp": "000000"}, {"totp": "¹²³456"}],
    ids=["unknown name", "wrong password", "wrong code", "code of foreign digits"],
)
async def test_every_mistake_gets_the_same_answer(
    client: httpx.AsyncClient, login: Login, clock: Any, wrong: dict[str, str]
) -> None:
    answer = await login(**wrong)
    assert answer.status_code == 401
    assert answer.json() == {
        "type": "urn:steppe:problem:credentials-wrong",
        "code": "credentials-wrong",
        "title": "The name, password or code is wrong",
        "status": 401,
        "detail": "The name, password or code is wrong",
    }
    assert "set-cookie" not in answer.headers


async def test_a_code_is_good_once_even_for_two_requests_at_the_same_time(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    answers = await asyncio.gather(login(), login())
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    assert (await login()).status_code == 401
    clock.advance(30)
    assert (await login()).status_code == 200


async def test_guessing_locks_the_account_for_that_address_and_the_right_password_has_to_wait(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    for _ in range(5):
        assert (await login(password="a guess of twelve")).status_code == 401
    locked = await login()
    assert locked.status_code == 429
    assert locked.json()["code"] == "too-many-tries"
    assert int(locked.headers["retry-after"]) == 31
    clock.advance(31)
    assert (await login()).status_code == 200


async def test_the_lock_doubles_with_every_further_wrong_try(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    for _ in range(5):
        await login(password="a guess of twelve")
    waits = []
    for _ in range(4):
        locked = await login()
        waits.append(int(locked.headers["retry-after"]) - 1)
        clock.advance(waits[-1])
        assert (await login(password="a guess of twelve")).status_code == 401
    assert waits == [30, 60, 120, 240]


async def test_an_unknown_name_is_locked_like_a_known_one(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    for _ in range(5):
        await login(username="nobody")
    assert (await login(username="nobody")).status_code == 429


async def test_a_burst_of_parallel_guesses_is_counted_try_by_try(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    answers = await asyncio.gather(*(login(totp=f"{n:06d}") for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 7


async def test_a_session_planted_before_the_log_in_is_not_the_one_after_it(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    await login()
    planted = client.cookies["steppe_session"]
    clock.advance(30)
    await login()
    fresh = client.cookies["steppe_session"]
    assert fresh != planted
    client.cookies.clear()
    stale = await client.get("/api/vehicles", headers={"cookie": f"steppe_session={planted}"})
    assert stale.status_code == 401
    made_up = await client.get("/api/vehicles", headers={"cookie": "steppe_session=st_attacker"})
    assert made_up.status_code == 401


async def test_a_session_ends_when_idle_and_when_old(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    await login()
    for _ in range(11):
        clock.advance(3600)
        assert (await client.get("/api/vehicles")).status_code == 200
    clock.advance(3600)
    ended = await client.get("/api/vehicles")
    assert (ended.status_code, ended.json()["code"]) == (401, "session-expired")
    await login()
    clock.advance(2 * 3600 + 61)
    assert (await client.get("/api/vehicles")).json()["code"] == "session-expired"


async def test_log_out_ends_the_session_on_the_server(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    await login()
    token = client.cookies["steppe_session"]
    assert (await client.post("/api/staff/logout")).status_code == 204
    assert "steppe_session" not in client.cookies
    kept = await client.get("/api/vehicles", headers={"cookie": f"steppe_session={token}"})
    assert kept.status_code == 401


async def test_log_out_everywhere_ends_the_sessions_of_all_devices(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    await login()
    other = {"cookie": f"steppe_session={client.cookies['steppe_session']}"}
    client.cookies.clear()
    clock.advance(30)
    await login()
    assert (await client.post("/api/staff/logout-everywhere")).json() == {"ended": 2}
    client.cookies.clear()
    assert (await client.get("/api/vehicles", headers=other)).status_code == 401


async def test_closing_an_account_ends_its_sessions_at_once(
    client: httpx.AsyncClient, login: Login, clock: Any, auth: AuthServices, dispatcher: Any
) -> None:
    principal = await auth.people(
        Credentials(bearer=None, sessions=((await login()).cookies["steppe_session"],))
    )
    async with auth.database.write() as tx:
        await close_account(tx, principal, StaffId(dispatcher.id), reason="left", at=clock.now())
    assert (await client.get("/api/vehicles")).status_code == 401
    assert not await auth.people.still_holds(principal)
    clock.advance(30)
    assert (await login()).status_code == 401


async def test_a_page_of_another_site_cannot_post_with_the_cookie(
    client: httpx.AsyncClient, login: Login, clock: Any
) -> None:
    await login()
    for origin in ("https://evil.test", "null", "https://steppe.test.evil.test", "https://steppe.test:8443"):
        refused = await client.post("/api/staff/logout", headers={"origin": origin})
        assert (refused.status_code, refused.json()["code"]) == (403, "origin-refused")
    cross = await client.post("/api/staff/logout", headers={"sec-fetch-site": "same-site"})
    assert cross.status_code == 403
    own = await client.post("/api/staff/logout", headers={"origin": "https://steppe.test"})
    assert own.status_code == 204


async def test_the_audit_knows_who_came_who_was_refused_and_no_secret(
    client: httpx.AsyncClient, login: Login, clock: Any, auth: AuthServices, dispatcher: Any
) -> None:
    await login(password="a guess of twelve")
    await login()
    async with auth.database.read() as tx:
        rows = (await tx.execute(select(audit_entries).order_by(audit_entries.c.id))).all()
    assert [row.action for row in rows] == ["staff.added", "staff.sign_in_refused", "staff.signed_in"]
    assert [row.actor_name for row in rows] == ["system", "system", "王芳"]
    assert dispatcher.password not in str(rows)


def test_the_cookie_of_staff_counts_for_the_catalogue_and_for_nothing_else_of_residents() -> None:
    cookies = {"steppe_session": "st", "steppe_link": "li"}
    assert cookie_values(cookies, "/api/resident/merchants/m-1/goods") == ("st",)
    assert cookie_values(cookies, "/api/resident/pickup-points") == ("st",)
    assert cookie_values(cookies, "/api/resident/orders") == ("li",)
