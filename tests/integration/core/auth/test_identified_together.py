"""Requests that come at the same time are each of the person whose session they showed."""

import asyncio

import pytest

from core.auth.credentials import Credentials
from core.auth.principal import Principal
from core.auth.residents import ResidentStore
from core.auth.services import AuthServices
from core.auth.sessions import SessionStore
from core.errors import SteppeError, Unauthenticated
from tests.integration.core.auth.conftest import Dispatcher


async def opened(auth: AuthServices, prefix: str, subject: str) -> str:
    wall = auth.clock.wall()
    async with auth.database.write() as tx:
        return (await SessionStore(tx).open(prefix, subject, auth.rules.lives, shown=(), at=wall)).token.token


async def a_resident(auth: AuthServices, number: int) -> tuple[str, str]:
    async with auth.database.write() as tx:
        phone = f"+86138001380{number:02d}"
        resident = await ResidentStore(tx, auth.keys).ensure(phone, at=auth.clock.wall())
    return resident, await opened(auth, "re", resident)


async def shown(auth: AuthServices, *cookies: tuple[str, ...]) -> list[Principal | BaseException]:
    asked = [auth.people(Credentials(bearer=None, sessions=tokens)) for tokens in cookies]
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_each_is_who_he_showed_to_be(auth: AuthServices, dispatcher: Dispatcher) -> None:
    residents = [await a_resident(auth, number) for number in range(5)]
    staff = await opened(auth, "st", dispatcher.id)
    unknown = "re_" + "x" * 43
    cookies = [*((token,) for _, token in residents), (staff,), (unknown,), (unknown, staff)]
    found = await shown(auth, *cookies)
    people = [each.id if isinstance(each, Principal) else type(each) for each in found]
    assert people == [*(resident for resident, _ in residents), dispatcher.id, Unauthenticated, dispatcher.id]


async def test_a_session_that_was_ended_opens_nothing_beside_one_that_holds(auth: AuthServices) -> None:
    (_, ended), (holds, token) = await a_resident(auth, 1), await a_resident(auth, 2)
    async with auth.database.write() as tx:
        await SessionStore(tx).revoke(ended, at=auth.clock.wall())
    found = await shown(auth, (ended,), (token,), (ended, token))
    assert isinstance(found[0], SteppeError)
    assert found[0].code == "session-expired"
    assert [each.id for each in found[1:] if isinstance(each, Principal)] == [holds, holds]


async def test_who_shows_nothing_is_nobody(auth: AuthServices) -> None:
    with pytest.raises(Unauthenticated) as refused:
        await auth.people(Credentials(bearer=None, sessions=()))
    assert refused.value.code == "not-authenticated"
