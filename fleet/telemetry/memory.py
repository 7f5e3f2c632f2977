"""What stands beside a state blob for the partition's next owner, also as older trackers wrote it."""

from collections.abc import Sequence
from itertools import groupby

import msgspec
import structlog

from core import metrics
from fleet.alarms.alarm import AlarmSignal
from fleet.telemetry.found_events import FenceEvent, FoundEvents
from fleet.telemetry.found_facts import Facts
from fleet.telemetry.tick import Comeback
from fleet.telemetry.unsettled import VERSION, Unsettled
from geofences.events import TransitionState

_log = structlog.get_logger("fleet.telemetry.memory")


class Memory(msgspec.Struct, kw_only=True):
    """What a partition's next owner needs beside the blob."""

    membership: TransitionState | None = None
    facts: list[Facts] = []
    """Found before the blob and not committed: they are written again, which changes nothing twice."""
    unsettled: Unsettled | None = None
    """Missing numbers, and causes of which nobody was told yet."""


class PackedMemory(msgspec.Struct, kw_only=True):
    """A Memory as its owner writes it: facts were packed when they were found."""

    membership: TransitionState | None = None
    facts: Sequence[msgspec.Raw] = ()
    unsettled: Unsettled | None = None


class _Parts(msgspec.Struct):
    """A Memory whose parts are read one by one: one that cannot be read must not take the others along."""

    membership: msgspec.Raw = msgspec.Raw()
    facts: list[msgspec.Raw] = []
    unsettled: msgspec.Raw = msgspec.Raw()


class _RowFacts(msgspec.Struct, kw_only=True):
    """Facts as trackers wrote them until their crossings became columns: one map a crossing."""

    partition: int
    epoch: int
    events: list[FenceEvent] = []
    raised: list[AlarmSignal] = []
    comebacks: list[Comeback] = []


_parts = msgspec.msgpack.Decoder(_Parts)
_membership = msgspec.msgpack.Decoder(TransitionState | None)
_facts = msgspec.msgpack.Decoder(Facts)
_row_facts = msgspec.msgpack.Decoder(_RowFacts)
_unsettled = msgspec.msgpack.Decoder(Unsettled | None)


def read_memory(packed: bytes) -> Memory:
    """Return the memory of a blob, without parts that cannot be read: they are logged and counted.

    Nothing that is left out comes again with the stream: a new form of a part must read the old one.
    """
    parts = _read("memory", _parts, packed) or _Parts()
    unsettled = _read("unsettled", _unsettled, parts.unsettled)
    if unsettled is not None and unsettled.version != VERSION:
        _left_out("unsettled", f"version {unsettled.version} is not {VERSION}")
        unsettled = None
    return Memory(
        membership=_read("membership", _membership, parts.membership),
        facts=[facts for one in parts.facts for facts in _read_facts(one)],
        unsettled=unsettled,
    )


def _read_facts(packed: msgspec.Raw) -> list[Facts]:
    """Return facts in their order; crossings of an older tracker as columns, one Facts a set version."""
    try:
        return [_facts.decode(packed)]
    except msgspec.DecodeError:
        old = _read("facts", _row_facts, packed)
    if old is None:
        return []
    found = [
        Facts(partition=old.partition, epoch=old.epoch, events=FoundEvents.of(version, list(events)))
        for version, events in groupby(old.events, lambda event: event.set_version)
    ]
    rest = Facts(partition=old.partition, epoch=old.epoch, raised=old.raised, comebacks=old.comebacks)
    return [*found, rest]


def _read[T](part: str, decoder: msgspec.msgpack.Decoder[T], packed: bytes | msgspec.Raw) -> T | None:
    if not len(bytes(packed)):
        return None
    try:
        return decoder.decode(packed)
    except msgspec.DecodeError as error:
        _left_out(part, str(error))
        return None


def _left_out(part: str, why: str) -> None:
    metrics.MEMORY_UNREADABLE.labels(part=part).inc()
    _log.error("memory_unreadable", part=part, error=why)
