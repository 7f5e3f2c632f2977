"""A real city for a run: loaded once a session, copied for each run, its processes under a keeper."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from core.clock import Clock
from core.database import Database
from core.settings import child_environment
from core.valkey import EmbeddedValkey
from fleet.readiness.check import ReadinessRule
from fleet.readiness.store import ReadinessStore
from tests.chaos.keeper import ROOT, Keeper, steppe_command

LOADED_AT = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
"""City time of the load: nine in the morning in Ordos, whenever the test runs, so that shops are open."""
DISTRICT = "KB"
FACTS = "facts.sqlite3"
PROCESSES = {
    "api": ("api",),
    "gateway": ("gateway",),
    "tracker": ("tracker",),
    "scheduler": ("scheduler",),
    "worker-1": ("worker", "--queue", "dispatch"),
    "worker-2": ("worker", "--queue", "dispatch"),
}


@dataclass(frozen=True)
class LoadedCity:
    """A folder with a loaded city that nobody runs."""

    folder: Path
    database_url: str | None = None
    """Of the one run that it is good for, where its facts are in no file."""

    def issued(self) -> dict[str, Any]:
        """Return the log-ins and keys that the load handed out."""
        found: dict[str, Any] = json.loads((self.folder / "issued.json").read_text())
        return found


@dataclass(frozen=True)
class RunningCity:
    """A copy of it with its processes running."""

    folder: Path
    api: str
    gateway: str
    keeper: Keeper
    database: Database
    issued: dict[str, Any]
    environment: dict[str, str]

    async def command(self, *words: str) -> tuple[int, str]:
        """Run one of our commands in the city's environment; return its exit code and output."""
        process = await asyncio.create_subprocess_exec(
            *steppe_command(*words), cwd=ROOT, env=self.environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        return process.returncode or 0, output.decode(errors="replace")


async def load_city(folder: Path, database_url: str | None = None) -> LoadedCity:
    """Load the city into a folder, with its roads; half a minute.

    Its facts go into a file of the folder that every run copies, or into the database that is named.
    """
    environment = _environment(folder, database_url or _file(folder), LOADED_AT)
    for words in (("database", "upgrade"), ("city", "load", "ordos")):
        process = await asyncio.create_subprocess_exec(
            *steppe_command(*words), cwd=ROOT, env=environment, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode(errors="replace")
    await _without_daily_check(environment["STEPPE_DATABASE__URL"])
    return LoadedCity(folder, database_url)


def _file(folder: Path) -> str:
    return f"sqlite+aiosqlite:///{folder / FACTS}"


async def _without_daily_check(url: str) -> None:
    """No crew walks along these vehicles: they work as in a city that asks for no check."""
    database = await Database.open(url)
    async with database.write() as tx:
        rule = ReadinessRule(version=2, by_name="chaos", reason="nobody checks here", at=LOADED_AT)
        await ReadinessStore(tx).add_rule(rule)
    await database.close()


@asynccontextmanager
async def running(
    city: LoadedCity, folder: Path, mutants: Mapping[str, str] | None = None
) -> AsyncIterator[RunningCity]:
    """Run a copy of the city in `folder`; `mutants` names the guard taken out of single processes."""
    for name in ("issued.json",) if city.database_url else (FACTS, "issued.json"):
        shutil.copy(city.folder / name, folder / name)
    for name in ("city", "routing"):
        (folder / name).symlink_to(city.folder / name)
    ports = dict(zip(("API", "GATEWAY", "SCHEDULER"), _free_ports(3), strict=True))
    valkey = EmbeddedValkey(folder / "valkey", Clock.real())
    environment = {
        **_environment(folder, city.database_url or _file(folder), LOADED_AT + timedelta(minutes=30)),
        **{f"STEPPE_{name}__PORT": str(port) for name, port in ports.items()},
        "STEPPE_TRACKER__HEALTH_PORT": "0",
        "STEPPE_API__ROUTING_URL": f"http://127.0.0.1:{ports['SCHEDULER']}",
        "STEPPE_API__PUBLIC_URL": f"http://127.0.0.1:{ports['API']}",
        "STEPPE_REDIS__URL": valkey.url,
    }
    paths = {
        name: {"PYTHONPATH": os.pathsep.join([str(ROOT / "tests/chaos/mutants" / mutant), str(ROOT)])}
        for name, mutant in (mutants or {}).items()
    }
    database = await Database.open(environment["STEPPE_DATABASE__URL"])
    keeper = Keeper(folder, environment, valkey)
    await keeper.start({name: steppe_command(*words) for name, words in PROCESSES.items()}, paths)
    try:
        yield RunningCity(
            folder=folder,
            api=f"http://127.0.0.1:{ports['API']}",
            gateway=f"127.0.0.1:{ports['GATEWAY']}",
            keeper=keeper,
            database=database,
            issued=city.issued(),
            environment=environment,
        )
    finally:
        await keeper.stop()
        await database.close()


def _environment(folder: Path, database_url: str, city_now: datetime) -> dict[str, str]:
    return child_environment(
        {
            "STEPPE_ENVIRONMENT": "test",
            "STEPPE_DATA_DIR": str(folder),
            "STEPPE_DATABASE__URL": database_url,
            "STEPPE_SECURITY__SECURE_COOKIES": "false",
            "STEPPE_TIME__ORIGIN_WALL": datetime.now(UTC).isoformat(),
            "STEPPE_TIME__ORIGIN_CITY": city_now.isoformat(),
            "PYTHONPATH": str(ROOT),
        }
    )


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
