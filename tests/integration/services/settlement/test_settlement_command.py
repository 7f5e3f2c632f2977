"""``steppe settlement``: the exit code that a long test and a person rely on."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from core.audit.tables import audit_entries
from core.database import Database
from core.ids import OperatorId
from core.settings import Settings
from fleet.vehicles.paper_store import Company, CompanyStore
from services.orders.tables import orders
from services.settlement.store import TermsStore
from steppe.cli import cli
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import Town

type Run = Callable[..., Awaitable[Result]]


@pytest.fixture
async def city(settings: Settings, clock: Any) -> Any:
    """A town in the database that the command opens."""
    database = await Database.open(settings.database_url)
    await database.create_tables()
    made = Town(database, clock)
    await made.furnish()
    yield made
    await made.solver.close()
    await database.close()


@pytest.fixture
def steppe(settings: Settings) -> Run:
    async def run(*words: str) -> Result:
        environment = {"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(settings.data_dir)}
        runner = CliRunner(env=environment)
        return await asyncio.to_thread(runner.invoke, cli, ["settlement", *words])

    return run


async def test_books_that_balance_end_with_0_and_others_with_1(city: Town, steppe: Run) -> None:
    order, vehicle = await an_arrived_order(city)
    await vehicle.hand_over(order)
    good = await steppe("check", "--json")
    assert good.exit_code == 0, good.output
    assert json.loads(good.output)["is_balanced"] is True
    async with city.database.write() as tx:
        await tx.execute(update(orders).values(fee_fen=0))
    bad = await steppe("check")
    assert bad.exit_code == 1
    assert f"order-entries {order.order_id}" in bad.output


async def test_rates_are_agreed_from_now_on_and_audited(city: Town, steppe: Run) -> None:
    company = Company(operator_id=OperatorId("op-a"), name_zh="示例", name_en="Sample", telephone="1")
    async with city.database.write() as tx:
        await CompanyStore(tx).put_company(company)
    mute = await steppe("agree", "op-a", "--platform-fee-bp", "800")
    assert (mute.exit_code, "--reason" in mute.output) == (2, True)
    fee = ("--platform-fee-bp", "800", "--reason", "contract 7")
    done = await steppe("agree", "op-a", *fee, "--from", "2999-01-01T00:00+08:00")
    assert done.exit_code == 0, done.output
    late = await steppe("agree", "op-a", *fee, "--from", "2020-01-01T00:00+08:00")
    assert (late.exit_code, "hold from now on" in late.output) == (1, True)
    nobody = await steppe("agree", "op-a", *fee, "--merchant", "m-none")
    assert (nobody.exit_code, "no such merchant" in nobody.output) == (1, True)
    foreign = await steppe("agree", "op-x", *fee)
    assert (foreign.exit_code, "no such operator" in foreign.output) == (1, True)
    async with city.database.read() as tx:
        [terms] = await TermsStore(tx).listed(None)
        actions = (await tx.execute(audit_entries.select())).mappings().all()
    assert (terms.platform_fee_bp, terms.agreed_by, terms.reason) == (800, "command line", "contract 7")
    assert [row["object"] for row in actions if row["action"] == "terms.agreed"] == ["operator:op-a"]
