"""``steppe staff`` and ``steppe keys``: the first account of a city, and the keys of makers and merchants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import click
from msgspec import Struct

from core.auth.api_tokens import ensure_merchant_token
from core.auth.configured import secret_keys
from core.auth.machines import ensure_maker_key, revoke_machine_key
from core.auth.one_time import new_totp_secret, totp_uri
from core.auth.passwords import Passwords
from core.auth.roles import STAFF_ROLES, Role
from core.auth.staff import StaffAccount, StaffStore, close_account, ensure_staff, normal_username
from core.clock import Clock
from core.database import Database, Transaction
from core.errors import NotFound
from core.ids import AgencyCode, DistrictCode, MakerId, MerchantId, OperatorId
from core.privacy.encrypted import install_keys
from core.settings import load, process_environment
from steppe.resources import clock_of


class _Office(Struct, frozen=True):
    """Where accounts are made."""

    tx: Transaction
    clock: Clock


@asynccontextmanager
async def _open_office() -> AsyncIterator[_Office]:
    settings = load(process_environment())
    install_keys(secret_keys(settings.security))
    database = await Database.open(settings.database_url)
    try:
        async with database.write() as tx:
            yield _Office(tx, clock_of(settings))
    finally:
        await database.close()


def _in_office[T](work: Callable[[_Office], Awaitable[T]]) -> T:
    async def run() -> T:
        async with _open_office() as office:
            return await work(office)

    return asyncio.run(run())


@click.group()
def staff() -> None:
    """Accounts of people who work with the console."""


@staff.command("add")
@click.argument("username")
@click.option("--name", required=True, help="The person's name, as screens show it.")
@click.option("--role", type=click.Choice(sorted(role.value for role in STAFF_ROLES)), required=True)
@click.option("--operator", help="The operating company the account is limited to.")
@click.option("--agency", help="The agency the person works for.")
@click.option("--districts", help="Codes with commas (KB,DS); left out: the whole city.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
def staff_add(
    username: str,
    name: str,
    role: str,
    operator: str | None,
    agency: str | None,
    districts: str | None,
    password: str,
) -> None:
    """Make the account USERNAME and print what its authenticator app needs, once."""
    account = StaffAccount(
        username=username,
        name=name,
        role=Role(role),
        password=password,
        totp_secret=new_totp_secret(),
        operator=OperatorId(operator) if operator else None,
        agency=AgencyCode(agency) if agency else None,
        districts=frozenset(DistrictCode(code.strip()) for code in districts.split(","))
        if districts
        else None,
    )
    if not _in_office(lambda office: _added(office, account)):
        raise click.ClickException(f"There is already an account {username}.")
    click.echo(f"{username} may sign in. Add this to an authenticator app; it is not shown again:")
    click.echo(totp_uri(account.totp_secret or "", username))


@staff.command("close")
@click.argument("username")
@click.option("--reason", prompt=True)
def staff_close(username: str, reason: str) -> None:
    """Close the account USERNAME and end its sessions at once."""
    ended = _in_office(lambda office: _closed(office, username, reason))
    click.echo(f"{username} is closed; {ended} sessions ended.")


@click.group()
def keys() -> None:
    """Keys of makers' clouds and tokens of merchants."""


@keys.command("maker")
@click.argument("key_id")
@click.argument("maker")
def keys_maker(key_id: str, maker: str) -> None:
    """Make the key KEY_ID for the vehicles of MAKER and print its secret, once."""

    async def work(office: _Office) -> str | None:
        return await ensure_maker_key(office.tx, key_id, MakerId(maker), maker, at=office.clock.wall())

    secret = _in_office(work)
    if secret is None:
        raise click.ClickException(f"There is already a key {key_id}.")
    click.echo(secret)


@keys.command("revoke")
@click.argument("key_id")
@click.option("--reason", prompt=True)
def keys_revoke(key_id: str, reason: str) -> None:
    """End the key KEY_ID for good; gateways notice within two seconds."""

    async def work(office: _Office) -> bool:
        return await revoke_machine_key(office.tx, None, key_id, reason=reason, at=office.clock.wall())

    if not _in_office(work):
        raise click.ClickException(f"There is no key {key_id}, or it has ended.")
    click.echo(f"{key_id} has ended.")


@keys.command("merchant")
@click.argument("merchant")
@click.option("--name", required=True, help="What holds the token, such as a till.")
def keys_merchant(merchant: str, name: str) -> None:
    """Make a bearer token for MERCHANT and print it, once."""

    async def work(office: _Office) -> str | None:
        return await ensure_merchant_token(office.tx, MerchantId(merchant), name, at=office.clock.wall())

    click.echo(_in_office(work))


async def _added(office: _Office, account: StaffAccount) -> bool:
    if await StaffStore(office.tx).secrets_of(normal_username(account.username)) is not None:
        return False
    await ensure_staff(office.tx, account, Passwords(), at=office.clock.wall())
    return True


async def _closed(office: _Office, username: str, reason: str) -> int:
    found = await StaffStore(office.tx).secrets_of(normal_username(username))
    if found is None:
        raise NotFound("not-found", f"there is no account {username}")
    return await close_account(office.tx, None, found.id, reason=reason, at=office.clock.wall())
