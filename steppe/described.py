"""The route that gives out the OpenAPI document."""

from functools import cache

from litestar import Response, get

from core.auth.guards import public


@cache
def _document() -> bytes:
    # imported when somebody asks: an api that nobody asks keeps 15 MB and a second
    from steppe.openapi import document

    return document().encode()


@get("/api/openapi.json", guards=[public], include_in_schema=False, sync_to_thread=True)
def openapi_document() -> Response[bytes]:
    """Return the document; the same as `steppe openapi` prints."""
    return Response(_document(), media_type="application/json")
