"""The OpenAPI 3.1 document of the api, from its routes alone: no store is opened."""

from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import create_async_engine

from core.auth.notices import ConsoleNotices
from core.auth.services import AuthServices
from core.clock import Clock
from core.database import Database
from core.settings import load
from steppe.apps import ApiParts, create_api

PROVIDED = ("dashboard", "mobile")
"""Dependencies that routes take; a document needs their names only."""


def document() -> str:
    """Return the document as indented JSON, the same for the same routes."""
    engine = create_async_engine("sqlite+aiosqlite://")
    database = Database("sqlite", engine, engine, 1.0)
    auth = AuthServices.assemble(database, Clock.real(), load({}), ConsoleNotices(lambda _: None))
    app = create_api(ApiParts(auth=auth, checks={}, provided=dict.fromkeys(PROVIDED)))
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    return msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=2).decode()
