"""The one alembic history makes what the code's tables say, on both stores, and can be walked back."""

import ast
import asyncio
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.audit.tables import KEPT
from core.database import metadata
from fleet.incidents.tables import evidence_bundles
from services.settlement.tables import KEPT as LEDGER
from steppe import tables
from steppe.schema import configuration, head, revision_of, upgrade
from tests.postgresql import get_server, run_sql

pytestmark = pytest.mark.xdist_group("migrations")  # one database is brought to the head for all

ROOT = Path(__file__).parents[3]
PACKAGES = ("core", "geofences", "fleet", "services", "mobile_api", "dashboard", "steppe")


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Return which of the two stores."""
    return str(request.param)


@pytest.fixture
def url(request: pytest.FixtureRequest, dialect: str, tmp_path: Path) -> str:
    """Return the address of an empty database."""
    if dialect == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path / 'city.sqlite3'}"
    address: str = request.getfixturevalue("postgresql_url")
    return address


@pytest.fixture(scope="session")
def _upgraded_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upgraded") / "city.sqlite3"
    upgrade(f"sqlite+aiosqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def _upgraded_name(postgresql_server: str) -> str:
    run_sql(get_server(Path(postgresql_server), cleanup_mode=None), "CREATE DATABASE upgraded;")
    upgrade(f"postgresql+asyncpg://postgres@/upgraded?host={postgresql_server}")
    return "upgraded"


@pytest.fixture
def upgraded(request: pytest.FixtureRequest, dialect: str, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database of the test's own that was migrated to the head: a copy of one."""
    if dialect == "sqlite":
        shutil.copyfile(request.getfixturevalue("_upgraded_file"), tmp_path / "upgraded.sqlite3")
        yield f"sqlite+aiosqlite:///{tmp_path / 'upgraded.sqlite3'}"
        return
    folder, name = request.getfixturevalue("postgresql_server"), request.getfixturevalue("_upgraded_name")
    server = get_server(Path(folder), cleanup_mode=None)
    run_sql(server, f"CREATE DATABASE copied TEMPLATE {name};")
    yield f"postgresql+asyncpg://postgres@/copied?host={folder}"
    run_sql(server, "DROP DATABASE copied WITH (FORCE);")


def _in[T](url: str, work: Callable[[Connection], T]) -> T:
    async def run() -> T:
        engine = create_async_engine(url, poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(work)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def _execute(url: str, statement: str) -> None:
    _in(url, lambda connection: connection.execute(text(statement)))


def _shape(connection: Connection) -> dict[str, Any]:
    """Return everything about the tables that the database itself remembers."""
    inspector = inspect(connection)
    shape: dict[str, Any] = {}
    for name in sorted(inspector.get_table_names()):
        if name == "alembic_version":
            continue
        shape[name] = {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in inspector.get_columns(name)
            },
            "key": inspector.get_pk_constraint(name)["constrained_columns"],
            "uniques": _sorted(inspector.get_unique_constraints(name)),
            "foreign": _sorted(inspector.get_foreign_keys(name)),
            "checks": _sorted(inspector.get_check_constraints(name)),
            "indexes": _sorted(inspector.get_indexes(name)),
        }
    shape["triggers"] = _triggers(connection)
    return shape


def _sorted(rows: Any) -> list[str]:
    # a reflected row names its columns, its WHERE and its options; a repr holds them all
    return sorted(re.sub(r"<sqlalchemy[^>]* at 0x[0-9a-f]+>", "?", repr(sorted(row.items()))) for row in rows)


def _triggers(connection: Connection) -> list[str]:
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    return sorted(connection.execute(text(query)).scalars())


def _is_of_the_city(name: str | None) -> bool:
    """Tests of other files may define tables of their own on the same metadata, named test_…."""
    return name is None or not name.startswith("test_")


def _create_all(connection: Connection) -> dict[str, Any]:
    metadata.create_all(connection, tables=[t for t in metadata.sorted_tables if _is_of_the_city(t.name)])
    return _shape(connection)


def _wheres(connection: Connection) -> list[str]:
    """Return the definition of every index; alembic does not compare the WHERE of a partial one."""
    query = (
        "SELECT sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        if connection.dialect.name == "sqlite"
        else "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'"
    )
    found = connection.execute(text(query)).scalars()
    return sorted(re.sub(r"\s+", " ", sql) for sql in found if "alembic_version" not in sql)


def test_head_is_what_the_tables_of_the_code_say(upgraded: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        opts = {"compare_type": True, "include_object": lambda _o, name, *_: _is_of_the_city(name)}
        context = MigrationContext.configure(connection, opts=opts)
        return list(compare_metadata(context, metadata))

    assert _in(upgraded, differences) == []
    assert asyncio.run(revision_of(upgraded)) == head()


def test_a_migrated_database_is_built_like_one_made_from_the_tables(upgraded: str, url: str) -> None:
    assert _in(upgraded, _shape) == _in(url, _create_all)
    assert _in(upgraded, _wheres) == _in(url, _wheres)


def test_a_second_upgrade_changes_nothing(upgraded: str) -> None:
    url = upgraded
    before = _in(url, _shape)
    _execute(url, "INSERT INTO outbox (topic, payload, key, at) VALUES ('t', '{}', 'k', '2026-07-01 00:00')")
    assert upgrade(url) == f"schema is at {head()}"
    assert _in(url, _shape) == before
    assert _in(url, lambda connection: connection.scalar(text("SELECT count(*) FROM outbox"))) == 1


@pytest.mark.slow
def test_the_way_back_leaves_no_table_and_the_way_forth_makes_them_again(upgraded: str) -> None:
    url = upgraded
    before = _in(url, _shape)
    command.downgrade(configuration(url), "base")
    assert _in(url, _shape) == {"triggers": []}
    upgrade(url)
    assert _in(url, _shape) == before


@pytest.mark.parametrize("fraction", ["250000", pytest.param("000000", marks=pytest.mark.thorough)])
def test_moments_of_fence_events_become_milliseconds_and_moments_again(url: str, fraction: str) -> None:
    zone = "" if url.startswith("sqlite") else "+00:00"
    command.upgrade(configuration(url), "0012")
    moment = f"'2026-06-01 04:30:15.{fraction}{zone}'"
    _execute(
        url,
        "INSERT INTO fence_events (vehicle_no, fence_id, fence_version, set_version, kind, seq, measured_at,"
        " since_at, received_at, lat, lng, is_border_uncertain, epoch) VALUES"
        f" (1, 'f', 1, 1, 'enter', 9, {moment}, {moment}, {moment}, 39.6, 109.8, false, 1)",
    )
    moments = text("SELECT measured_at, since_at, received_at FROM fence_events")
    before = _in(url, lambda connection: tuple(connection.execute(moments).one()))
    command.upgrade(configuration(url), "0013")
    found = _in(url, lambda connection: tuple(connection.execute(moments).one()))
    assert found == (1_780_288_215_000 + int(fraction) // 1000,) * 3
    command.downgrade(configuration(url), "0012")
    assert _in(url, lambda connection: tuple(connection.execute(moments).one())) == before


def test_the_database_itself_refuses_to_change_the_audit(upgraded: str) -> None:
    url = upgraded
    assert {name.rpartition("_no_")[0] or name.removesuffix("_kept") for name in _in(url, _triggers)} == {
        table.name for table in (*KEPT, *LEDGER, evidence_bundles)
    }
    head_of_a_day = (
        "INSERT INTO audit_heads (day, seq, chain_hash, signed_at, public_key, signature)"
        " VALUES ('2026-07-01', 1, {zero}, '2026-07-01 00:00:00', {zero}, {zero})"
    )
    zero = "x'00'" if url.startswith("sqlite") else "'\\x00'"
    _execute(url, head_of_a_day.format(zero=zero))
    for statement in ("UPDATE audit_heads SET seq = 2", "DELETE FROM audit_heads"):
        with pytest.raises(DBAPIError, match="the audit is append-only"):
            _execute(url, statement)


def _defines_a_table(path: Path) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Table"
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_every_module_that_defines_a_table_is_named() -> None:
    defining = {
        path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if "node_modules" not in path.parts and "versions" not in path.parts and _defines_a_table(path)
    }
    assert {module.__name__ for module in tables.ALL} == defining


def test_the_history_is_one_line() -> None:
    # a number is taken when the work begins, the order is that of landing
    line = ScriptDirectory.from_config(configuration("")).walk_revisions("base", head())
    written = {path.name[:4] for path in (ROOT / "steppe/migrations/versions").glob("[0-9]*.py")}
    assert {script.revision for script in line} == written
