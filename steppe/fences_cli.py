"""``steppe fences``: what holds where, asked of the database of this configuration."""

import asyncio
import json
from datetime import datetime

import click
import msgspec

from core.auth.principal import EVERYTHING
from core.database import Database
from core.errors import Invalid
from core.ids import OperatorId
from core.kinds import ServiceKind
from core.settings import load, process_environment
from geofences.read_rule import read_rule
from geofences.rules import EffectiveRule
from steppe.resources import clock_of


@click.group()
def fences() -> None:
    """Geofences and their rules."""


@fences.command()
@click.option("--lat", type=click.FloatRange(-90, 90), required=True, help="Latitude in degrees, WGS-84.")
@click.option("--lng", type=click.FloatRange(-180, 180), required=True, help="Longitude in degrees, WGS-84.")
@click.option(
    "--service",
    type=click.Choice([kind.value for kind in ServiceKind]),
    required=True,
    help="What the vehicle is for.",
)
@click.option("--operator", help="Whose vehicle it is; without it only fences of everybody count.")
@click.option("--at", "moment", help="When, such as 2026-07-01T08:00+08:00; default is now in the city.")
@click.option("--json", "as_json", is_flag=True, help="Print the rule as JSON.")
def rule(
    lat: float, lng: float, service: str, operator: str | None, moment: str | None, as_json: bool
) -> None:
    """Print the rule that holds at a place and time, and which fence decided each part of it."""
    found = asyncio.run(_rule(lat, lng, ServiceKind(service), operator, moment))
    click.echo(json.dumps(msgspec.to_builtins(found), ensure_ascii=False) if as_json else _lines(found))


async def _rule(
    lat: float, lng: float, service: ServiceKind, operator: str | None, moment: str | None
) -> EffectiveRule:
    settings = load(process_environment())
    at = clock_of(settings).now() if moment is None else _moment(moment)
    database = await Database.open(settings.database_url)
    try:
        owner = None if operator is None else OperatorId(operator)
        return await read_rule(database, lat, lng, at=at, service=service, operator=owner, reach=EVERYTHING)
    finally:
        await database.close()


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Invalid("invalid-input", f"{text} is no moment with a time zone", field="at", limit="RFC 3339")
    return at


def _lines(rule: EffectiveRule) -> str:
    limit = "none" if rule.speed_limit_mps is None else f"{rule.speed_limit_mps:g} m/s"
    parts = {
        "speed_limit_mps": f"speed limit: {limit}",
        "no_entry": f"entry: {'forbidden' if rule.no_entry else 'allowed'}",
        "no_stopping": f"stopping: {'forbidden' if rule.no_stopping else 'allowed'}",
        "is_service_allowed": f"service: {'allowed' if rule.is_service_allowed else 'not allowed'}",
        "capacity": f"capacity: {'none' if rule.capacity is None else rule.capacity}",
    }
    lines = []
    for field, text in parts.items():
        by = rule.decided_by.get(field)
        lines.append(
            text if by is None else f"{text} ({by.name_zh} {by.name_en}, {by.fence_id} v{by.version})"
        )
    names = [f"  {f.fence_id} v{f.version} {f.kind.value} {f.name_zh} {f.name_en}" for f in rule.fences]
    return "\n".join([*lines, f"fences in force there: {len(names)}", *names])
