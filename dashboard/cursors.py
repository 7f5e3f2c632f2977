"""Page cursors: opaque to clients, checked when they come back."""

import base64
import binascii
from datetime import datetime
from typing import Final

import msgspec

from core.errors import Invalid

_NUMBER_MOST: Final = 2**63 - 1


def write_cursor(place: tuple[object, ...]) -> str:
    """Return the cursor of a place in a list; times are written as RFC 3339."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def read_cursor[T](cursor: str | None, kind: type[T]) -> T | None:
    """Return the place of a cursor as `kind`, None without one; raise Invalid("cursor-invalid")."""
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = msgspec.json.decode(base64.urlsafe_b64decode(padded.encode()), type=kind)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise Invalid("cursor-invalid", field="cursor") from error
    if not all(map(_can_be_stored, place if isinstance(place, tuple) else (place,))):
        raise Invalid("cursor-invalid", field="cursor")
    return place


def _can_be_stored(value: object) -> bool:
    """Say whether SQL takes a part of a place: no moment without zone, no number of more than 64 bits."""
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return not isinstance(value, int) or abs(value) <= _NUMBER_MOST
