"""An officer's code: opens one vehicle once, ends after half an hour, dies of guessing, on record."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core.audit.tables import audit_entries
from core.auth.principal import Principal
from core.auth.roles import Role
from core.auth.tokens import NewToken, new_token
from core.database import Database
from core.errors import Invalid, NotFound, TooMany, Unauthenticated
from core.ids import OperatorId, VehicleNo
from core.privacy.cipher import SecretKeys
from core.privacy.encrypted import install_keys
from fleet.police.give_code import PER_ADDRESS, give_code, grant_of, use_code
from fleet.police.grant import GOOD_FOR, MOST_TRIES, PoliceGrant
from tests.integration.fleet.builders import AT, a_principal, working_vehicles

KEYS = SecretKeys(encryption_key="e" * 40, index_key="i" * 40)
LEAD = a_principal(Role.SHIFT_LEAD)


@pytest.fixture(autouse=True)
def _installed() -> None:
    install_keys(KEYS)


ONE, OTHER = VehicleNo(1), VehicleNo(2)


async def given(
    database: Database, by: Principal = LEAD, *, officer: str = "王警官 0123 康巴什交警", reason: str = "剐蹭"
) -> str:
    async with database.write() as tx:
        _, code = await give_code(tx, by, ONE, officer, reason, KEYS, at=AT, wall=AT)
    return code


async def used(
    database: Database,
    code: str,
    *,
    vehicle: VehicleNo = ONE,
    token: NewToken | None = None,
    address: str = "a",
    wall: datetime = AT,
) -> PoliceGrant:
    token = token or new_token("po")
    return await use_code(database, vehicle, code, KEYS, token=token, address_key=address, at=AT, wall=wall)


async def test_a_code_opens_its_vehicle_once_and_by_its_token_until_half_an_hour_is_over(
    database: Database,
) -> None:
    await working_vehicles(database, 1, 2)
    code, token = await given(database), new_token("po")
    with pytest.raises(Unauthenticated):
        await used(database, code, vehicle=OTHER)
    first = await used(database, code, token=token)
    assert (first.vehicle_no, first.officer) == (ONE, "王警官 0123 康巴什交警")
    assert await used(database, code, token=token) == first
    with pytest.raises(Unauthenticated):
        await used(database, code)
    async with database.read() as tx:
        assert await grant_of(tx, token.token, wall=AT + GOOD_FOR - timedelta(seconds=1)) == first
        for late, text in ((GOOD_FOR, token.token), (timedelta(), "po_guess")):
            with pytest.raises(Unauthenticated):
                await grant_of(tx, text, wall=AT + late)
        actions = (
            (await tx.execute(select(audit_entries.c.action).order_by(audit_entries.c.id))).scalars().all()
        )
    assert [action for action in actions if action.startswith("police")] == [
        "police_code.given",
        "police_code.used",
    ]


async def test_a_code_that_was_not_used_in_time_opens_nothing(database: Database) -> None:
    await working_vehicles(database, 1)
    code = await given(database)
    with pytest.raises(Unauthenticated):
        await used(database, code, wall=AT + GOOD_FOR)


async def test_guessing_kills_the_codes_of_the_vehicle_and_stops_the_network(database: Database) -> None:
    await working_vehicles(database, 1)
    code = await given(database)
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    for number in range(MOST_TRIES):
        with pytest.raises(Unauthenticated):
            await used(database, wrong, address=f"a{number}")
    with pytest.raises(Unauthenticated):
        await used(database, code, address="honest")
    for _ in range(PER_ADDRESS.tries):
        with pytest.raises(Unauthenticated):
            await used(database, wrong, address="script")
    fresh = await given(database)
    with pytest.raises(TooMany):
        await used(database, fresh, address="script")
    assert (await used(database, fresh, address="honest")).opened_at == AT


async def test_a_code_is_given_within_reach_and_with_officer_and_reason(database: Database) -> None:
    await working_vehicles(database, 1)
    with pytest.raises(NotFound):
        await given(database, a_principal(Role.SHIFT_LEAD, operator=OperatorId("op-b")))
    for field, officer, reason in (("officer", " ", "x"), ("reason", "x", "")):
        with pytest.raises(Invalid) as refused:
            await given(database, officer=officer, reason=reason)
        assert refused.value.fields["field"] == field
