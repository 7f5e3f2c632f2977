"""Frames: a 24-byte header, then typed and versioned sections that can be skipped by their length.

All numbers are little-endian. Section types are added, never changed; a reader skips a type or a section
version that it does not know.
"""

import struct
from collections.abc import Iterable

import msgspec

MAGIC = b"ST"
PROTOCOL_VERSION = 1
HEADER = struct.Struct("<2sBBIQq")
"""magic, version, section count, total length in bytes, frame sequence, base time in city milliseconds."""
SECTION = struct.Struct("<BBHI")
"""type, section version, record size in bytes (0 = not records), length of the payload in bytes."""
HEADER_BYTES = HEADER.size
SECTION_BYTES = SECTION.size
MAX_FRAME_BYTES = 262_144
"""A frame of 1,000 positions is 24 kB; a quarter of a megabyte bounds what one peer can cost."""
MAX_SECTIONS = 64


class FrameError(ValueError):
    """A frame that cannot be taken apart; ``code`` is one of the codes of docs/wire-protocol.md."""

    def __init__(self, code: str, detail: str, field: str = "") -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.field = field


class Section(msgspec.Struct, frozen=True, gc=False):
    """One section as it stands in a frame; ``payload`` is a view into the frame, not a copy."""

    type: int
    version: int
    record_bytes: int
    payload: memoryview


class Frame(msgspec.Struct, frozen=True):
    """A frame taken apart. ``base_time_ms`` is what the records' time offsets count from."""

    frame_seq: int
    base_time_ms: int
    sections: tuple[Section, ...]


def encode_frame(frame_seq: int, base_time_ms: int, sections: Iterable[tuple[int, int, bytes]]) -> bytes:
    """Return the bytes of a frame; ``sections`` are (type, record size, payload), of section version 1."""
    parts: list[bytes] = []
    total = HEADER_BYTES
    count = 0
    for kind, record_bytes, payload in sections:
        parts.append(SECTION.pack(kind, 1, record_bytes, len(payload)))
        parts.append(payload)
        total += SECTION_BYTES + len(payload)
        count += 1
    return HEADER.pack(MAGIC, PROTOCOL_VERSION, count, total, frame_seq, base_time_ms) + b"".join(parts)


def decode_frame(data: bytes | bytearray | memoryview) -> Frame:
    """Return the frame in ``data``, sections as views; sections of unknown type are returned as they are.

    Raises FrameError: ``too-large``, ``frame-truncated``, ``malformed-frame`` or
    ``unknown-version``. Cost: about 2 µs for one section; no record is touched.
    """
    size = len(data)
    if size > MAX_FRAME_BYTES:
        raise FrameError("too-large", f"{size} bytes, at most {MAX_FRAME_BYTES} are taken", "length")
    if size < HEADER_BYTES:
        raise FrameError("frame-truncated", f"{size} bytes, the header alone is {HEADER_BYTES}", "header")
    magic, version, count, length, frame_seq, base_time_ms = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise FrameError("malformed-frame", "does not begin with the bytes 'ST'", "magic")
    if version != PROTOCOL_VERSION:
        raise FrameError("unknown-version", f"version {version}; we speak {PROTOCOL_VERSION}", "version")
    if length != size:
        raise FrameError("frame-truncated", f"header says {length} bytes, {size} came", "length")
    if count > MAX_SECTIONS:
        raise FrameError("malformed-frame", f"{count} sections, at most {MAX_SECTIONS}", "sections")
    return Frame(frame_seq, base_time_ms, _sections(memoryview(data), count))


def _sections(view: memoryview, count: int) -> tuple[Section, ...]:
    found: list[Section] = []
    at = HEADER_BYTES
    size = len(view)
    for number in range(count):
        if at + SECTION_BYTES > size:
            raise FrameError("frame-truncated", f"section {number} has no header", f"sections[{number}]")
        kind, version, record_bytes, length = SECTION.unpack_from(view, at)
        at += SECTION_BYTES
        if at + length > size:
            raise FrameError("frame-truncated", f"section {number} runs past the end", f"sections[{number}]")
        found.append(Section(kind, version, record_bytes, view[at : at + length]))
        at += length
    if at != size:
        raise FrameError("malformed-frame", f"{size - at} bytes after the last section", "length")
    return tuple(found)
