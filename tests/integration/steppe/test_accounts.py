"""The command line of accounts and keys: the first account of a city is made here, and it works."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from core.auth.configured import machine_tokens, secret_keys
from core.auth.one_time import totp_at
from core.auth.services import AuthServices
from core.auth.token_exchange import TokenExchange
from core.clock import Clock
from core.database import Database
from core.errors import Unauthenticated
from core.privacy.encrypted import install_keys
from core.settings import Settings, load
from steppe.cli import cli


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    environment = {"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": str(tmp_path)}
    settings = load(environment)

    async def make() -> None:
        database = await Database.open(settings.database_url)
        await database.create_tables()
        await database.close()

    asyncio.run(make())
    return environment


def _run(environment: dict[str, str], *words: str) -> Result:
    return CliRunner(env=environment).invoke(cli, list(words))


async def _sign_in(settings: Settings, secret: str) -> str:
    install_keys(secret_keys(settings.security))
    database = await Database.open(settings.database_url)
    nobody: Any = None
    auth = AuthServices.assemble(database, Clock.real(), settings, nobody)
    try:
        code = totp_at(secret, auth.clock.wall())
        signed_in = await auth.staff.sign_in("chen", "a long enough password", code, address="::1")
        return f"{signed_in.principal.role} {sorted(signed_in.principal.districts or ())}"
    finally:
        await database.close()


def _add(environment: dict[str, str]) -> Result:
    words = [
        "staff",
        "add",
        "Chen",
        "--name",
        "陈",
        "--role",
        "shift_lead",
        "--districts",
        "KB,DS",
        "--password",
    ]
    return _run(environment, *words, "a long enough password")


def test_an_account_made_on_the_command_line_signs_in_until_it_is_closed(
    environment: dict[str, str],
) -> None:
    made = _add(environment)
    assert made.exit_code == 0, made.output
    secret = re.findall(r"secret=([A-Z2-7]+)", made.output)[0]
    assert asyncio.run(_sign_in(load(environment), secret)) == "shift_lead ['DS', 'KB']"
    closed = _run(environment, "staff", "close", "chen", "--reason", "left")
    assert closed.output == "chen is closed; 1 sessions ended.\n"
    with pytest.raises(Unauthenticated):
        asyncio.run(_sign_in(load(environment), secret))


def test_a_name_that_is_taken_and_a_short_password_are_refused_in_words(environment: dict[str, str]) -> None:
    _add(environment)
    again = _add(environment)
    assert (again.exit_code, "already an account" in again.output) == (1, True)
    short = _run(
        environment, *["staff", "add", "li", "--name", "李", "--role", "crew", "--password", "short"]
    )
    assert (short.exit_code, "too short" in short.output) == (1, True)


def test_a_makers_key_works_until_it_is_revoked(environment: dict[str, str]) -> None:
    secret = _run(environment, "keys", "maker", "neolix-1", "neolix").output.strip()
    assert asyncio.run(_exchange(load(environment), secret)) == 600
    assert _run(environment, "keys", "revoke", "neolix-1", "--reason", "lost").exit_code == 0
    with pytest.raises(Unauthenticated):
        asyncio.run(_exchange(load(environment), secret))


def test_the_audit_of_these_commands_verifies(environment: dict[str, str]) -> None:
    _add(environment)
    verified = _run(environment, "audit", "verify", "--json")
    assert verified.exit_code == 0, verified.output
    assert '"holds": true' in verified.output
    assert '"unsealed": 1' in verified.output


async def _exchange(settings: Settings, secret: str) -> int:
    database = await Database.open(settings.database_url)
    tokens, clock = machine_tokens(settings.security), Clock.real()
    try:
        exchange = TokenExchange(database, clock, secret_keys(settings.security), tokens)
        return (await exchange.exchange("neolix-1", secret, address="::1"))[1]
    finally:
        await database.close()
