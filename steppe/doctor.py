"""Examines a machine and a configuration, and says what to do about what is wrong."""

import asyncio
import json
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable

from msgspec import Struct

from core.database import Database
from core.errors import SteppeError
from core.redis import connect, ping
from core.settings import Settings, SettingsError, load, process_environment

FREE_BYTES_WANTED = 2_000_000_000
"""A demo city with tiles, history and logs of a day stays below this."""


class Finding(Struct, frozen=True, kw_only=True):
    """One thing looked at; `advice` says what to type or change and is empty when all is well."""

    subject: str
    ok: bool
    detail: str
    advice: str = ""


async def examine() -> list[Finding]:
    """Look at Python, disk, settings, stores, schema, web pages and browser; never changes anything."""
    findings = [_python(), _disk()]
    try:
        settings = load(process_environment())
    except SettingsError as error:
        return [
            *findings,
            Finding(subject="settings", ok=False, detail=str(error), advice="docs/settings.md"),
        ]
    findings.append(Finding(subject="settings", ok=True, detail=f"environment {settings.environment}"))
    findings += [_pages(), *_ports(settings)]
    findings += await asyncio.gather(
        _database(settings), _redis(settings), asyncio.to_thread(_tiles, settings)
    )
    return findings


def render(findings: list[Finding], *, as_json: bool) -> str:
    """Return the findings as lines for a person or as JSON for a machine."""
    if as_json:
        return json.dumps(
            [{"subject": f.subject, "ok": f.ok, "detail": f.detail, "advice": f.advice} for f in findings]
        )
    lines = []
    for finding in findings:
        lines.append(f"{'ok ' if finding.ok else '!! '} {finding.subject:<12} {finding.detail}")
        if finding.advice:
            lines.append(f"                 → {finding.advice}")
    return "\n".join(lines)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding(subject="python", ok=sys.version_info >= (3, 12), detail=version)


def _disk() -> Finding:
    free = shutil.disk_usage(".").free
    ok = free > FREE_BYTES_WANTED
    advice = "" if ok else "free 2 GB, or point STEPPE_DATA_DIR at another disk"
    return Finding(subject="disk", ok=ok, detail=f"{free / 1e9:.1f} GB free", advice=advice)


def _pages() -> Finding:
    from steppe.pages import DIST

    built = (DIST / "city.html").exists()
    advice = "" if built else "`make demo` builds them; by hand: npm ci && npm run build in dashboard/web"
    return Finding(
        subject="web pages", ok=built, detail="built" if built else f"not built ({DIST})", advice=advice
    )


def _ports(settings: Settings) -> list[Finding]:
    wanted = {"api port": settings.api.port, "gateway port": settings.gateway.port}
    findings = []
    for subject, port in wanted.items():
        with socket.socket() as probe:
            taken = port != 0 and probe.connect_ex(("127.0.0.1", port)) == 0
        # A taken port is what a running Steppe looks like, so it is told and not complained of.
        detail = f"{port} answers (Steppe or another program)" if taken else f"{port} is free"
        findings.append(Finding(subject=subject, ok=True, detail=detail))
    return findings


async def _guarded(subject: str, check: Callable[[], Awaitable[str]], advice: str) -> Finding:
    try:
        return Finding(subject=subject, ok=True, detail=await check())
    except (SteppeError, OSError, ValueError) as error:
        return Finding(subject=subject, ok=False, detail=str(error), advice=advice)


async def _database(settings: Settings) -> Finding:
    from steppe.schema import head, revision_of

    async def check() -> str:
        database = await Database.open(settings.database_url, pool_size=1)
        await database.close()
        revision = await revision_of(settings.database_url)
        if revision != head():
            raise ValueError(f"the schema is at {revision or 'nothing'}, this version wants {head()}")
        return f"{database.dialect}, schema {revision}"

    if settings.database.url is None and not (settings.data_dir / "steppe.sqlite3").exists():
        return Finding(
            subject="database", ok=True, detail=f"SQLite in {settings.data_dir}, made by `steppe up`"
        )
    return await _guarded("database", check, "`steppe database upgrade`; the address is STEPPE_DATABASE__URL")


async def _redis(settings: Settings) -> Finding:
    if settings.redis.url is None:
        return Finding(subject="redis", ok=True, detail="embedded Valkey, started by `steppe up`")
    client = connect(settings.redis.url, retries=0)

    async def check() -> str:
        await ping(client)
        return "answers"

    finding = await _guarded("redis", check, "the address is STEPPE_REDIS__URL")
    await client.aclose()
    return finding


def _tiles(settings: Settings) -> Finding:
    found = list(settings.data_dir.glob("**/valhalla.json"))
    if found:
        return Finding(subject="roads", ok=True, detail="map tiles are built")
    return Finding(
        subject="roads",
        ok=False,
        detail=f"no map tiles below {settings.data_dir}",
        advice="`steppe city load`",
    )
