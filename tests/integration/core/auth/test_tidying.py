"""What signing in leaves behind goes after a week, and nothing that still counts goes with it."""

import asyncio
from typing import Any

import httpx
from sqlalchemy import func, select

from core.auth.services import AuthServices
from core.auth.tables import staff_sessions
from core.auth.tidying import SignInTidier, tidy_sign_ins
from core.idempotency import once

WEEK_S = 7 * 86_400


async def test_ended_sessions_counters_codes_and_answers_go_after_a_week(
    client: httpx.AsyncClient, auth: AuthServices, dispatcher: Any, clock: Any
) -> None:
    await client.post("/api/staff/login", json=dispatcher.login(clock.wall()))
    await client.post("/api/staff/login", json=dispatcher.login(clock.wall(), username="nobody"))
    await client.post("/api/residents/codes", json={"phone": "13812345678"})
    async with auth.database.write() as tx:
        await once(tx, "resident:r1", "k1", "a request", at=clock.wall())
    clock.advance(WEEK_S)
    async with auth.database.write() as tx:
        assert set((await tidy_sign_ins(tx, wall=clock.wall())).values()) == {0}
    clock.advance(WEEK_S)
    async with auth.database.write() as tx:
        went = await tidy_sign_ins(tx, wall=clock.wall())
    assert (went["sessions"], went["codes"], went["answers"]) == (1, 1, 1)
    assert went["counters"] >= 3


async def test_a_session_that_counts_stays(
    client: httpx.AsyncClient, auth: AuthServices, dispatcher: Any, clock: Any
) -> None:
    await client.post("/api/staff/login", json=dispatcher.login(clock.wall()))
    async with auth.database.write() as tx:
        await tidy_sign_ins(tx, wall=clock.wall())
    assert (await client.get("/api/me")).status_code == 200


async def test_the_running_tidier_tidies_and_stops(
    client: httpx.AsyncClient, auth: AuthServices, dispatcher: Any, clock: Any, eventually: Any
) -> None:
    await client.post("/api/staff/login", json=dispatcher.login(clock.wall()))
    clock.advance(3 * WEEK_S)
    stop = asyncio.Event()
    running = asyncio.create_task(SignInTidier(auth.database, clock).run(stop))

    async def is_empty() -> bool:
        async with auth.database.read() as tx:
            return (await tx.execute(select(func.count()).select_from(staff_sessions))).scalar_one() == 0

    await eventually(is_empty)
    stop.set()
    await running
