"""The first message of a link."""

import msgspec

from fleet.links.wire.messages import Hello, decode_from_vehicle


def hello_of(first: str | bytes) -> Hello | None:
    """Return the hello in a link's first message, None when that is anything else."""
    if not isinstance(first, str):
        return None
    try:
        message = decode_from_vehicle(first)
    except msgspec.DecodeError:
        return None
    return message if isinstance(message, Hello) else None
