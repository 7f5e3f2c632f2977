"""Page cursors: opaque to clients, checked when they come back."""

import base64
import binascii

import msgspec

from core.errors import Invalid


def write_cursor(place: tuple[object, ...]) -> str:
    """Return the cursor of a place in a list; times are written as RFC 3339."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor[T](cursor: str | None, kind: type[T]) -> T | None:
    """Return the place of a cursor as `kind`, None without one; raise Invalid("cursor-invalid")."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded.encode()), type=kind)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise Invalid("cursor-invalid", field="cursor") from error
