"""``steppe settlement``: whether the books balance, and the rates they are kept by."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

import click
import msgspec

from core.clock import Clock
from core.database import Database
from core.errors import Conflict, Invalid
from core.ids import MerchantId, OperatorId
from core.settings import Settings, load, process_environment
from services.settlement.agree_terms import agree_terms
from services.settlement.check_books import BooksReport, check_books
from services.settlement.terms import Terms
from steppe.resources import clock_of

SHOWN_MOST: Final = 50
"""Findings printed for a person; all of them stand in the JSON."""

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def settlement() -> None:
    """Whose money is whose: the ledger and its checks."""


@settlement.command()
@_as_json
def check(as_json: bool) -> None:
    """Check the books: every entry balanced, every order's entries as its state asks.

    Exit code 1 when anything is wrong. Reads one snapshot and changes nothing; a city may run meanwhile.
    """
    report = asyncio.run(_check())
    if as_json:
        found = {"is_balanced": report.is_balanced, **msgspec.to_builtins(report)}
        click.echo(json.dumps(found, ensure_ascii=False))
    else:
        click.echo(_lines(report))
    raise SystemExit(0 if report.is_balanced else 1)


async def _check() -> BooksReport:
    async with _open_city() as (_, database, _clock), database.read() as tx:
        return await check_books(tx)


def _lines(report: BooksReport) -> str:
    state = "balanced" if report.is_balanced else f"NOT balanced, {len(report.findings)} findings"
    lines = [
        f"books {state}: {report.orders} orders, {report.entries} entries,"
        f" {report.moved_fen / 100:.2f} yuan moved",
        *(f"  {one.rule} {one.about}: {one.detail}" for one in report.findings[:SHOWN_MOST]),
    ]
    if report.orders_before_books:
        lines.append(f"{report.orders_before_books} orders are from before there were books")
    return "\n".join(lines)


@settlement.command()
@click.argument("operator")
@click.option("--merchant", default="", help="Only this merchant; without it every one without its own.")
@click.option(
    "--platform-fee-bp", type=click.IntRange(0, 5000), required=True, help="Of the goods, in 0.01 %."
)
@click.option("--subsidy-fen", type=click.IntRange(0, 100_000), default=0, help="A delivered order, in fen.")
@click.option("--keeps-fee-when-missed", is_flag=True, help="Bringing is paid for when nobody came.")
@click.option("--from", "moment", help="From when, such as 2026-07-01T00:00+08:00; default is now.")
@click.option("--reason", required=True, help="Why; merchants read it.")
def agree(
    operator: str,
    merchant: str,
    platform_fee_bp: int,
    subsidy_fen: int,
    keeps_fee_when_missed: bool,
    moment: str | None,
    reason: str,
) -> None:
    """Agree rates with OPERATOR's merchants from a moment on; orders placed before keep theirs."""

    async def work() -> Terms:
        async with _open_city() as (_, database, clock):
            now = clock.now()
            terms = Terms(
                operator=OperatorId(operator),
                merchant_id=MerchantId(merchant),
                from_at=now if moment is None else _moment(moment),
                platform_fee_bp=platform_fee_bp,
                subsidy_fen=subsidy_fen,
                keeps_fee_when_missed=keeps_fee_when_missed,
            )
            async with database.write() as tx:
                agreed = await agree_terms(tx, None, terms, reason=reason, at=now)
                if agreed is None:
                    raise Conflict("already-exists", "rates were agreed at this very moment")
            return agreed

    agreed = asyncio.run(work())
    click.echo(f"agreed with {agreed.operator} from {agreed.from_at.isoformat()}")


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid(
            "invalid-input", f"{text} is no moment with a time zone", field="from", limit="RFC 3339"
        )
    return at


@asynccontextmanager
async def _open_city() -> AsyncIterator[tuple[Settings, Database, Clock]]:
    settings = load(process_environment())
    database = await Database.open(settings.database_url)
    try:
        yield settings, database, clock_of(settings)
    finally:
        await database.close()
