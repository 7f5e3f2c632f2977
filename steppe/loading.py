"""``steppe city load``: builds a city's roads and tiles, and puts its facts into the database."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from core import crashpoints
from core.auth.configured import secret_keys
from core.auth.passwords import Passwords
from core.clock import Clock
from core.database import Database
from core.privacy.cipher import Undecipherable
from core.privacy.encrypted import install_keys
from core.settings import Settings, SettingsError, load, process_environment
from fleet.commands.sign_fences import FenceSigner
from steppe.city.build import CityBuild, build_city
from steppe.city.hand_out import hand_out
from steppe.city.load import load_facts
from steppe.city.pack import CityPack
from steppe.city.reading import read_pack
from steppe.city.report import LoadReport
from steppe.resources import clock_of

type Say = Callable[[str], None]


async def load_city(
    name: str | None, *, roads: Path | None = None, say: Say, settings: Settings | None = None
) -> dict[str, Any]:
    """Load a city pack by its name or folder (None: the settings'), and return what was done; safe to repeat.

    `roads` is an OpenStreetMap extract (None: the settings'), without which the city gets generated roads.

    In demo and test the vehicles beyond the plan come along. Outside production the pack's accounts, keys and
    tokens are made and told in a file; a real city makes them one by one (``steppe staff``, ``steppe keys``),
    because a secret in a file is nobody's and everybody's. Raises Invalid for a pack that is wrong, naming
    file and field, and Unavailable when the database does not answer.
    """
    settings = settings or load(process_environment())
    crashpoints.arm(settings.crash.point, settings.crash.after)
    install_keys(secret_keys(settings.security))
    with_demo = settings.environment in ("demo", "test")
    pack = read_pack(name or settings.city.pack)

    def progress(what: str, done: int, of: int) -> None:
        if what:
            say(f"  {pack.city.name_en}: {what} ({done + 1}/{of})")

    if roads is None and settings.city.roads:
        roads = Path(settings.city.roads)
    build = await asyncio.to_thread(build_city, pack, settings.data_dir, roads=roads, progress=progress)
    database = await Database.open(settings.database_url)
    try:
        report = await load_facts(
            database,
            pack,
            build,
            partitions=settings.tracker.partitions,
            with_demo=with_demo,
            at=clock_of(settings).now(),
            progress=progress,
        )
        if settings.environment != "production":
            say(f"  {pack.city.name_en}: accounts, keys and tokens")
            await _hand_out(settings, database, pack, build, report, with_demo=with_demo)
    except Undecipherable as error:
        raise SettingsError(
            f"STEPPE_SECURITY__ENCRYPTION_KEY: the database was written with another key ({error});"
            " give the one it had, or name it in STEPPE_SECURITY__EARLIER_ENCRYPTION_KEYS"
        ) from error
    finally:
        await database.close()
    for line in _told(report):
        say(line)
    return _counted(report)


async def _hand_out(
    settings: Settings,
    database: Database,
    pack: CityPack,
    build: CityBuild,
    report: LoadReport,
    *,
    with_demo: bool,
) -> None:
    assert settings.security.keypad_key is not None, "the settings have checked that it is there"
    await hand_out(
        database,
        pack,
        build,
        report,
        data_dir=settings.data_dir,
        keypad_root=settings.security.keypad_key,
        passwords=Passwords(),
        with_demo=with_demo,
        wall=Clock.real().wall(),
        fence_key=FenceSigner(settings.security.audit_key or "").public_key,
    )


def _told(report: LoadReport) -> list[str]:
    if report.is_unchanged and not report.is_built_anew:
        return [f"  {report.city} is loaded, nothing changed"]
    return [f"  {line}" for line in report.lines()]


def _counted(report: LoadReport) -> dict[str, Any]:
    counted: dict[str, Any] = msgspec.to_builtins(report)
    return counted
