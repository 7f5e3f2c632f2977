"""``steppe days``: closing, showing and recomputing vehicle-days; what the scheduler's child runs."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import click
import msgspec
import numpy as np

from core import crashpoints, logs
from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.errors import Conflict, NotFound
from core.ids import VehicleNo
from core.leases import Lease
from core.settings import Settings, load, process_environment
from fleet.days.close_day import DayCloser, DayReport
from fleet.days.frames import DayFrames
from fleet.days.keep_days import settled_ms
from fleet.days.store import DayFilter, DayStore, StoredDay
from fleet.telemetry.steps.liveness import silence_limits_ms
from services.orders.count_day import count_deliveries
from services.sweeping.count_day import count_swept
from steppe.resources import clock_of
from steppe.running import holder_of

LEASE: Final = "vehicle-days"
RENEW_S: Final = 2.0
NICE: Final = 10
"""Whoever answers people or vehicles goes first."""
SHOWN_MOST: Final = 1_000
REPORT_INTERVAL_MS: Final = 1_000

type Work = Callable[[DayCloser, Clock], Awaitable[list[DayReport]]]


def silence_ms(rate: float) -> int:
    """Return the gap above which nobody knows what a vehicle did: when it counts as offline."""
    _, offline = silence_limits_ms(np.array([REPORT_INTERVAL_MS]), rate)
    return int(offline[0])


def day_closer(settings: Settings, database: Database, clock: Clock) -> DayCloser:
    """Return who closes this city's days, with every service that counts something for them."""
    return DayCloser(
        database,
        clock,
        DayFrames(settings.data_dir / "history"),
        ZoneInfo(settings.city.zone),
        silence_ms=silence_ms(clock.rate),
        counters=[count_deliveries, count_swept],
    )


@click.group()
def days() -> None:
    """What each vehicle did on each local day."""


_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@days.command("close")
@click.argument("day", required=False, type=click.DateTime(["%Y-%m-%d"]))
@click.option("--pending", is_flag=True, help="Every day that is over, and corrections by late positions.")
@_as_json
def close_command(day: datetime | None, pending: bool, as_json: bool) -> None:
    """Compute the vehicle-days of DAY (2026-07-01), or of every day that is over.

    Safe to repeat and to interrupt: a row that is there stays. The scheduler does this by itself.
    """
    if (day is None) == (not pending):
        raise click.UsageError("name a day or say --pending")

    async def work(closer: DayCloser, clock: Clock) -> list[DayReport]:
        if day is not None:
            return [await closer.close(day.date())]
        closed = [await closer.close(due) for due in await closer.pending(settled_ms(clock))]
        return [*closed, *await closer.correct_late()]

    os.nice(NICE)
    _say(asyncio.run(_alone(work, may_wait=not pending)), as_json)


@days.command("recompute")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--reason", required=True, help="Stands in every row that this corrects, at most 200 letters.")
@click.option("--vehicle", "vehicles", type=int, multiple=True, help="Only this vehicle number; repeatable.")
@_as_json
def recompute_command(day: datetime, reason: str, vehicles: tuple[int, ...], as_json: bool) -> None:
    """Compute a closed DAY again.

    A row whose input has changed gets a revision with the reason; the rows before stay.
    """
    if not 1 <= len(reason.strip()) <= 200:
        raise click.BadParameter("1 to 200 letters", param_hint="--reason")
    wanted = [VehicleNo(number) for number in vehicles] or None

    async def work(closer: DayCloser, _clock: Clock) -> list[DayReport]:
        return [await closer.recompute(day.date(), reason.strip(), wanted)]

    _say(asyncio.run(_alone(work, may_wait=True)), as_json)


@days.command("show")
@click.argument("day", type=click.DateTime(["%Y-%m-%d"]))
@click.option("--vehicle", type=int, help="Every revision of this vehicle's day.")
@_as_json
def show_command(day: datetime, vehicle: int | None, as_json: bool) -> None:
    """Print the vehicle-days of DAY."""
    rows = asyncio.run(_rows(day.date(), vehicle))
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(rows), ensure_ascii=False))
        return
    for row in rows:
        click.echo(_line(row))


def _line(row: StoredDay) -> str:
    one = row.body
    why = "" if row.reason is None else f", corrected: {row.reason}"
    return (
        f"{one.day} vehicle {one.vehicle_no} ({one.district}, {one.service}): {one.metres / 1000:.3f} km,"
        f" heard {one.known_s / 3600:.2f} h, {one.takeovers} takeovers, {one.stops} stops,"
        f" {one.harsh_brakes} harsh brakes, {sum(one.alarms.values())} alarms,"
        f" {'no' if one.orders is None else one.orders} orders; revision {row.revision}{why}"
    )


def _say(reports: list[DayReport] | None, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(reports)))
        return
    if reports is None:
        click.echo("another process is closing days")
        return
    for report in reports:
        click.echo(
            f"{report.day}: {report.vehicles} vehicles, {report.frames} positions,"
            f" {report.added} rows added, {report.corrected} corrected"
        )
    if not reports:
        click.echo("nothing to do")


async def _rows(day: date, vehicle: int | None) -> list[StoredDay]:
    async with _open_city() as (_, database, _clock), database.read() as tx:
        if vehicle is None:
            rows = await DayStore(tx).page(EVERYTHING, DayFilter(first=day, last=day), limit=SHOWN_MOST)
        else:
            rows = await DayStore(tx).revisions(EVERYTHING, day, VehicleNo(vehicle))
    if not rows:
        raise NotFound("not-found", f"there is no vehicle-day of {day}", day=str(day))
    return rows


@asynccontextmanager
async def _open_city() -> AsyncIterator[tuple[Settings, Database, Clock]]:
    settings = load(process_environment())
    logs.configure("days", settings.log_level)
    crashpoints.arm(settings.crash.point, settings.crash.after)
    database = await Database.open(settings.database_url)
    try:
        yield settings, database, clock_of(settings)
    finally:
        await database.close()


async def _alone(work: Work, *, may_wait: bool) -> list[DayReport] | None:
    """Return what was done under the lease; without it None, or Conflict for a person who asked."""
    async with _open_city() as (settings, database, clock):
        lease = Lease(database, LEASE, holder_of("days"), clock)
        if await lease.held() is None:
            if may_wait:
                raise Conflict("conflict", "another process is closing days; try again when it is done")
            return None
        keeping = asyncio.create_task(_keep(lease))
        try:
            return await work(day_closer(settings, database, clock), clock)
        finally:
            keeping.cancel()
            with suppress(asyncio.CancelledError):
                await keeping
            await lease.give_back()


async def _keep(lease: Lease) -> Any:
    while True:
        await asyncio.sleep(RENEW_S)
        await lease.held()
