"""The problem and the answer as bytes between the dispatcher and its solver: length, then MessagePack."""

import asyncio
from typing import BinaryIO

import msgspec
import numpy as np

from services.dispatch.runs.problem import Answer, Carrier, Metrics, Problem, Shipment

HEAD_BYTES = 4
"""Every message begins with its length, big-endian."""
MOST_BYTES = 256 * 1024 * 1024
"""Two matrices of 4,000 places; more is a broken pipe, not a problem."""

READY = bytes(HEAD_BYTES)
"""An empty message: what the solver's process says first."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with its matrices as raw float64, row by row; ``places`` is their width."""

    shipments: tuple[Shipment, ...]
    carriers: tuple[Carrier, ...]
    places: int
    duration_s: tuple[bytes, ...]
    length_m: tuple[bytes, ...]


def write_problem(problem: Problem) -> bytes:
    """Return a problem as one message, with its length before it."""
    asked = _Asked(
        shipments=problem.shipments,
        carriers=problem.carriers,
        places=problem.duration_s[0].shape[0],
        duration_s=tuple(matrix.tobytes() for matrix in problem.duration_s),
        length_m=tuple(matrix.tobytes() for matrix in problem.length_m),
    )
    return _framed(msgspec.msgpack.encode(asked))


def read_problem(body: bytes) -> Problem:
    """Return the problem of a message without its length. Raises msgspec.DecodeError."""
    asked = msgspec.msgpack.decode(body, type=_Asked)
    return Problem(
        shipments=asked.shipments,
        carriers=asked.carriers,
        duration_s=tuple(_matrix(raw, asked.places) for raw in asked.duration_s),
        length_m=tuple(_matrix(raw, asked.places) for raw in asked.length_m),
    )


def write_answer(answer: Answer) -> bytes:
    """Return an answer as one message, with its length before it."""
    return _framed(msgspec.msgpack.encode(answer))


def read_answer(body: bytes) -> Answer:
    """Return the answer of a message without its length. Raises msgspec.DecodeError."""
    return msgspec.msgpack.decode(body, type=Answer)


def read_message(stream: BinaryIO) -> bytes | None:
    """Return the next message of a blocking stream, None at its end. Raises ValueError for one too long."""
    head = stream.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        return None
    body = stream.read(_length(head))
    return body if len(body) == _length(head) else None


async def next_message(stream: asyncio.StreamReader) -> bytes:
    """Return the next message. Raises IncompleteReadError at the end, ValueError for one too long."""
    return await stream.readexactly(_length(await stream.readexactly(HEAD_BYTES)))


def _framed(body: bytes) -> bytes:
    return len(body).to_bytes(HEAD_BYTES, "big") + body


def _length(head: bytes) -> int:
    length = int.from_bytes(head, "big")
    if length > MOST_BYTES:
        raise ValueError(f"a message of {length} bytes; the limit is {MOST_BYTES}")
    return length


def _matrix(raw: bytes, places: int) -> Metrics:
    return np.frombuffer(raw, dtype=np.float64).reshape(places, places)
