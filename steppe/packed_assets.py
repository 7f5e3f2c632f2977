"""What the built pages load, as it leaves: compressed by the build, kept in memory once it was asked for."""

import mimetypes
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from litestar import Request, Response, route
from litestar.enums import HttpMethod
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from core.auth.guards import public
from core.errors import NotFound

FOREVER: Final = "public, max-age=31536000, immutable"
"""A file is named by its content: under its name it never changes."""
_NAME: Final = re.compile(r"[\w-][\w.-]*")
PACKED: Final = (("br", ".br"), ("gzip", ".gz"))
"""Encodings by which smaller ones come first (RFC 9110, 8.4.1; RFC 7932), with what the build adds to the
name: compressed once, because a megabyte takes the api's loop tens of milliseconds, from everybody."""


def asset_route(folder: Path) -> HTTPRouteHandler:
    """Return the route of the files of a folder, and of none below it."""

    @route(
        "/assets/{name:str}",
        http_method=[HttpMethod.GET, HttpMethod.HEAD],
        include_in_schema=False,
        guards=[public],
        sync_to_thread=False,
    )
    def asset(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        if not _NAME.fullmatch(name) or name.endswith(tuple(suffix for _, suffix in PACKED)):
            raise NotFound("not-found", "no such file")
        accepted = accepted_encodings(request.headers.get("accept-encoding", ""))
        for encoding, suffix in PACKED:
            if encoding in accepted and (body := _read(folder / f"{name}{suffix}")) is not None:
                return _answer(name, body, encoding)
        body = _read(folder / name)
        if body is None:
            raise NotFound("not-found", "no such file")
        return _answer(name, body, None)

    return asset


def accepted_encodings(header: str) -> frozenset[str]:
    """Return the encodings that a request takes (RFC 9110, 12.5.3); those of weight 0 it does not.

    >>> sorted(accepted_encodings("gzip, br;q=0.9, zstd;q=0"))
    ['br', 'gzip']
    """
    taken = set()
    for each in header.split(","):
        name, _, weight = each.strip().partition(";")
        if name and not re.fullmatch(r"\s*q=0(\.0*)?\s*", weight):
            taken.add(name.strip().lower())
    return frozenset(taken)


@lru_cache(maxsize=1024)
def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.is_file() else None


def _answer(name: str, body: bytes, encoding: str | None) -> Response[bytes]:
    headers = {"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff", "Vary": "Accept-Encoding"}
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(body, media_type=media_type, headers=headers)
