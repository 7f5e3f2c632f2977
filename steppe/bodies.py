"""Request bodies before a route sees them: JSON only, whole, and no text that a database cannot hold."""

from typing import Any, Final

from litestar import Request
from litestar.exceptions import SerializationException

from core.errors import Invalid

JSON: Final = "application/json"
_NUL_ESCAPED: Final = b"\\u0000"


async def read_body(request: Request[Any, Any, Any]) -> None:
    """Decode the body of a request whose route takes one; give this to Litestar as `before_request`.

    Raises Invalid ``unsupported-media-type`` for a body that says it is no JSON, ``malformed-json`` for one
    that is none (also bytes that are no UTF-8, NaN, and nesting without end, which the framework takes for
    bugs of ours), ``invalid-input`` for NUL characters, which PostgreSQL refuses and SQLite stores.
    """
    field = request.route_handler.parsed_data_field
    if field is None:
        return
    said = (request.headers.get("content-type") or JSON).partition(";")[0].strip().lower()
    if said != JSON:
        raise Invalid("unsupported-media-type", f"Send {JSON}, not {said[:80]}")
    body = await request.body()
    if not body:
        if field.is_optional:
            return
        raise Invalid("invalid-input", "The body is missing")
    try:
        value = await request.json()
    except SerializationException as error:
        raise Invalid("malformed-json", str(error)) from error
    except UnicodeDecodeError as error:
        raise Invalid("malformed-json", f"The body is not UTF-8 (byte {error.start})") from error
    except RecursionError as error:
        raise Invalid("malformed-json", "The body is nested too deep") from error
    if _NUL_ESCAPED in body and _holds_nul(value):
        raise Invalid("invalid-input", "A text holds a NUL character")


def _holds_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(inner) for pair in value.items() for inner in pair)
    return isinstance(value, list) and any(_holds_nul(inner) for inner in value)
