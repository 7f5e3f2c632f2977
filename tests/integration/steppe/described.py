"""The OpenAPI document, drawn up once for all tests that ask it: it takes a second."""

import json
from functools import cache
from typing import Any

from steppe.openapi import document


@cache
def text() -> str:
    """Return the document as it is printed."""
    return document()


@cache
def described() -> dict[str, Any]:
    """Return the document read; nobody changes it."""
    return json.loads(text())  # type: ignore[no-any-return]
