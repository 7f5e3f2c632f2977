"""Examines a machine and a configuration, and says what to do about what is wrong."""

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec import Struct

from core.database import Database
from core.errors import SteppeError, Unavailable
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
    """Look at Python, settings, disk, web pages, ports, stores, schema and roads; never changes anything."""
    findings = [_python()]
    try:
        settings = load(process_environment())
    except SettingsError as error:
        return [*findings, _disk(Path()), _wrong_settings(error)]
    findings += [
        _disk(settings.data_dir),
        Finding(subject="settings", ok=True, detail=f"environment {settings.environment}"),
        _public_url(settings),
        _pages(),
        *_ports(settings),
    ]
    findings += await asyncio.gather(
        _database(settings), _redis(settings), asyncio.to_thread(_tiles, settings)
    )
    if settings.redis.streams_url is not None:
        findings.append(await _streams(settings.redis.streams_url))
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


def _wrong_settings(error: SettingsError) -> Finding:
    advice = "docs/settings.md says what each may be"
    if "a secret has no default" in str(error):
        advice = "docs/operations.md, Secrets: what each protects and how to make one"
    return Finding(subject="settings", ok=False, detail=str(error), advice=advice)


def _disk(data_dir: Path) -> Finding:
    folder = data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return Finding(
            subject="disk",
            ok=False,
            detail=f"nothing can be written below {folder}",
            advice="change its owner, or point STEPPE_DATA_DIR at another folder",
        )
    free = shutil.disk_usage(folder).free
    ok = free > FREE_BYTES_WANTED
    advice = "" if ok else "free 2 GB, or point STEPPE_DATA_DIR at another disk"
    return Finding(subject="disk", ok=ok, detail=f"{free / 1e9:.1f} GB free at {folder}", advice=advice)


def _public_url(settings: Settings) -> Finding:
    url = settings.api.public_url
    ok = settings.environment != "production" or url.startswith("https://")
    advice = "" if ok else "set STEPPE_API__PUBLIC_URL to the https:// address that browsers use"
    return Finding(subject="public url", ok=ok, detail=url, advice=advice)


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
    except (SteppeError, OSError) as error:
        detail = error.message if isinstance(error, SteppeError) else str(error)
        return Finding(subject=subject, ok=False, detail=detail, advice=advice)


async def _database(settings: Settings) -> Finding:
    from steppe.schema import head, revision_of

    revision: str | None = None
    dialect = ""

    async def ask() -> str:
        nonlocal revision, dialect
        database = await Database.open(settings.database_url, pool_size=1)
        await database.close()
        dialect, revision = database.dialect, await revision_of(settings.database_url)
        return f"{dialect}, schema {revision}"

    if settings.database.url is None and not (settings.data_dir / "steppe.sqlite3").exists():
        detail = f"SQLite in {settings.data_dir}, made by `steppe up`"
        return Finding(subject="database", ok=True, detail=detail)
    found = await _guarded("database", ask, "is it running? its address is STEPPE_DATABASE__URL")
    if not found.ok or revision == head():
        return found
    return Finding(
        subject="database",
        ok=False,
        detail=f"{dialect}, the schema is at {revision or 'nothing'}, this version wants {head()}",
        advice="`steppe database upgrade`",
    )


async def _redis(settings: Settings) -> Finding:
    if settings.redis.url is None:
        return Finding(subject="redis", ok=True, detail="embedded Valkey, started by `steppe up`")
    client = connect(settings.redis.url, retries=0)

    async def check() -> str:
        await ping(client)
        return "answers"

    finding = await _guarded("redis", check, "is it running? its address is STEPPE_REDIS__URL")
    await client.aclose()
    return finding


async def _streams(url: str) -> Finding:
    from steppe.doctor_streams import StreamsSeen, look_at_streams

    seen = StreamsSeen(detail="")

    async def check() -> str:
        nonlocal seen
        seen = await look_at_streams(url)
        return seen.detail

    advice = "is it running? its address is STEPPE_REDIS__STREAMS_URL"
    try:
        finding = await _guarded("streams", check, advice)
    except ValueError as error:
        return Finding(subject="streams", ok=False, detail=str(error), advice=advice)
    if seen.advice:
        return Finding(subject="streams", ok=False, detail=seen.detail, advice=seen.advice)
    return finding


def _tiles(settings: Settings) -> Finding:
    from services.routing.tiles import current_tiles

    try:
        folder = current_tiles(settings.data_dir)
    except Unavailable as error:
        return Finding(subject="roads", ok=False, detail=error.message, advice="`steppe city load`")
    return Finding(subject="roads", ok=True, detail=f"map tiles {folder.name}")
