"""The SQL schema: one alembic history, run from the command line and before a demo starts."""

import asyncio
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.errors import Conflict, Unavailable
from core.settings import load, process_environment

MIGRATIONS = Path(__file__).parent / "migrations"


def configuration(url: str) -> Config:
    """Return alembic's configuration for a database; `url` names an async driver."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def head() -> str:
    """Return the revision of this version of Steppe."""
    return ScriptDirectory.from_config(configuration("")).get_current_head() or "none"


async def revision_of(url: str) -> str | None:
    """Return the revision a database is at; None when it was never migrated."""
    engine = create_async_engine(url, poolclass=NullPool)

    def read(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    try:
        async with engine.connect() as connection:
            return await connection.run_sync(read)
    finally:
        await engine.dispose()


def upgrade(url: str | None = None) -> str:
    """Bring a database to this version, and say so; safe to repeat. Must not run inside an event loop.

    Raises Conflict when a later version of Steppe has written it, Unavailable when it does not answer.
    """
    url = url or _url()
    try:
        command.upgrade(configuration(url), "head")
    except CommandError as error:
        raise Conflict(
            "conflict",
            f"the database was written by another version of Steppe ({error}); this version wants {head()}",
        ) from error
    except OSError as error:
        raise Unavailable(
            "database-unavailable", f"the database cannot be reached: {error.strerror}"
        ) from error
    return f"schema is at {head()}"


def current() -> str:
    """Return one line: the database's revision and this version's."""
    return f"database {asyncio.run(revision_of(_url())) or 'never migrated'}, this version {head()}"


def revise(message: str) -> str:
    """Write the revision that brings a database at head to the tables of the code; for developers."""
    with tempfile.TemporaryDirectory() as folder:
        config = configuration(f"sqlite+aiosqlite:///{folder}/revise.sqlite3")
        command.upgrade(config, "head")
        number = f"{len(list(ScriptDirectory.from_config(config).walk_revisions())) + 1:04d}"
        command.revision(config, message=message, autogenerate=True, rev_id=number)
    return f"wrote revision {number}: read it before it is committed"


def _url() -> str:
    settings = load(process_environment())
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return settings.database_url
