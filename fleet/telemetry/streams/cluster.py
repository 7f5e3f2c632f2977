"""The streams on a cluster: one pipeline a node, entries accepted when a replica has them."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

import structlog
from redis.exceptions import ConnectionError as RedisConnectionError

from core import keys, metrics
from core.cluster_calls import Answer, Call, ClusterCalls, slot_of
from core.redis import RedisCluster
from fleet.telemetry.records import FIELD_POSITIONS, FIELD_RECEIVED, FIELD_STATUS, stream_parts
from fleet.telemetry.streams.one_node import WRITE_BLOBS, blob_names, blob_values
from fleet.telemetry.streams.port import Appended, BlobRow, Look, Part

WAIT_REPLICAS: Final = 1
WAIT_MS: Final = 50
"""How long the node that took entries waits for a replica to have them: the ADR on WAIT."""
BELL_MS: Final = 60
"""Longest wait of a read at one partition while others of the same node may have something."""
GATHER_S: Final = 0.008
"""Nodes answer a batch of one gateway within this; what they have goes into one tick."""
WITHIN_S: Final = 1.0
"""A node that takes longer is passed over: the others' vehicles must not wait for it."""

_READ_BLOB: Final = (
    "return {redis.call('GET', KEYS[1]), redis.call('HGETALL', KEYS[2]), redis.call('GET', KEYS[3])}"
)
"""Together, as a transaction would: redis-py's for a cluster starts a thread with a loop of its own."""

_log = structlog.get_logger("fleet.telemetry.streams")


class ClusterStreams:
    """``Streams`` on a cluster. One event loop; one reader at a time."""

    def __init__(self, client: RedisCluster) -> None:
        self._calls = ClusterCalls(client)
        self._slots: list[int] = []
        self._unheard: frozenset[int] = frozenset()
        self._asked: dict[asyncio.Task[list[Answer]], dict[int, bytes]] = {}
        self._bells: dict[int, int] = {}
        """Partition → how often it brought something: the busiest of a node is waited for."""
        self._is_short = False

    # --- appending -----------------------------------------------------------------------------

    async def append(self, batch: Appended) -> dict[int, bytes]:
        """Append to each node's partitions and wait for a replica on the same connection.

        None accepted is no outage: a small batch may be for the one node that is away. look() tells.
        """
        answers = await self._calls.run(
            self._entries(batch), tail=("WAIT", WAIT_REPLICAS, WAIT_MS), within_s=WITHIN_S
        )
        ids = {
            partition: answer.value
            for partition, answer in zip(batch.partitions, answers, strict=True)
            if answer.error is None and isinstance(answer.tail, int) and answer.tail >= WAIT_REPLICAS
        }
        self._note(len(batch.partitions) - len(ids), answers)
        return ids

    def _entries(self, batch: Appended) -> list[Call]:
        calls = []
        p = s = 0
        for number, partition in enumerate(batch.partitions):
            of_positions, of_status = batch.sizes[2 * number], batch.sizes[2 * number + 1]
            words: list[Any] = ["XADD", keys.telemetry(partition), "*", FIELD_RECEIVED, batch.received]
            if of_positions:
                words += (FIELD_POSITIONS, batch.positions[p : p + of_positions])
                p += of_positions
            if of_status:
                words += (FIELD_STATUS, batch.status[s : s + of_status])
                s += of_status
            calls.append(Call(self._slot(partition), tuple(words)))
        return calls

    def _note(self, short: int, answers: list[Answer]) -> None:
        """Count what was not accepted; say when that begins and when it ends."""
        if short:
            metrics.STREAM_ENTRIES_UNSURE.inc(short)
        if bool(short) == self._is_short:
            return
        self._is_short = bool(short)
        if short:
            errors = {type(answer.error).__name__ for answer in answers if answer.error is not None}
            _log.warning("stream_entries_unsure", entries=short, error=", ".join(sorted(errors)))
        else:
            _log.info("stream_entries_sure")

    # --- looking -------------------------------------------------------------------------------

    async def look(self, partitions: int) -> Look:
        """Return how full the partitions are and what is durable, as far as nodes answer."""
        calls = [Call(self._slot(p), ("XLEN", keys.telemetry(p))) for p in range(partitions)]
        calls.append(Call(slot_of(keys.durable()), ("HGETALL", keys.durable())))
        *lengths, durable = await self._calls.run(calls)
        _raise_if_all_failed([*lengths, durable])
        marks = {} if durable.error is not None else durable.value
        return Look(
            longest=max((answer.value for answer in lengths if answer.error is None), default=0),
            durable={int(partition): entry_id for partition, entry_id in marks.items()},
        )

    async def run_ids(self) -> dict[str, str]:
        """Return the run of each primary that answers."""
        found = await self._calls.each_primary(("INFO", "server"))
        infos = {name: info for name, info in found.items() if not isinstance(info, Exception)}
        if not infos:
            raise RedisConnectionError("no primary of the cluster answers")
        return {name: str(info["run_id"]) for name, info in infos.items()}

    # --- reading -------------------------------------------------------------------------------

    @property
    def deaf(self) -> frozenset[int]:
        """Return the partitions that the last read could not ask for."""
        return self._unheard

    async def read(self, up_to: Mapping[int, bytes], *, count: int, wait_ms: int) -> list[Part]:
        """Return what is new: one pipeline a node, of which the first question waits.

        A node that does not answer keeps only its own partitions waiting. Raises when none answers.
        """
        await self._ask(up_to, count, wait_ms)
        done, waiting = await asyncio.wait(
            self._asked, timeout=wait_ms / 1000, return_when=asyncio.FIRST_COMPLETED
        )
        if done and waiting:
            await asyncio.wait(waiting, timeout=GATHER_S)
        found: list[Part] = []
        failed: dict[int, Exception] = {}
        heard: set[int] = set()
        for task in [task for task in self._asked if task.done()]:
            asked = self._asked.pop(task)
            for (partition, after), answer in zip(asked.items(), task.result(), strict=True):
                if answer.error is not None:
                    failed[partition] = answer.error
                    continue
                heard.add(partition)
                if up_to.get(partition) == after:
                    found += ((partition, entries) for _, entries in stream_parts(answer.value))
        for partition, _ in found:
            self._bells[partition] = self._bells.get(partition, 0) + 1
        self._note_unheard(((self._unheard | failed.keys()) - heard) & up_to.keys(), failed)
        if failed and len(self._unheard) == len(up_to):
            raise next(iter(failed.values()))
        return found

    def _note_unheard(self, unheard: frozenset[int], failed: Mapping[int, Exception]) -> None:
        """Remember which partitions are not heard; say when that begins and when it ends."""
        if unheard and not self._unheard:
            errors = {type(error).__name__ for error in failed.values()}
            _log.warning("partitions_unheard", partitions=len(unheard), error=", ".join(sorted(errors)))
        elif self._unheard and not unheard:
            _log.info("partitions_heard_again")
        self._unheard = unheard

    async def _ask(self, up_to: Mapping[int, bytes], count: int, wait_ms: int) -> None:
        """Ask the nodes for every partition for which no question is on its way."""
        on_the_way = {partition for asked in self._asked.values() for partition in asked}
        groups: dict[str, dict[int, bytes]] = {}
        for partition, after in up_to.items():
            if partition not in on_the_way:
                node = await self._calls.node_name(self._slot(partition))
                groups.setdefault(node, {})[partition] = after
        for asked in groups.values():
            bell = max(asked, key=lambda partition: self._bells.get(partition, 0))
            ordered = {bell: asked.pop(bell)} | asked
            calls = [
                Call(self._slot(p), _read_words(p, after, count, min(wait_ms, BELL_MS) if p == bell else 0))
                for p, after in ordered.items()
            ]
            within_s = WITHIN_S + BELL_MS / 1000
            self._asked[asyncio.create_task(self._calls.run(calls, within_s=within_s))] = ordered

    async def aclose(self) -> None:
        """Give up the questions that are on their way."""
        tasks, self._asked = list(self._asked), {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- blobs ---------------------------------------------------------------------------------

    async def write_blobs(self, rows: Sequence[BlobRow]) -> list[int]:
        """Store rows, a script a partition; what a node did not take is written with the next ones."""
        calls = [
            Call(
                self._slot(row.partition),
                ("EVAL", WRITE_BLOBS, 3, *blob_names(row.partition), *blob_values(row)),
            )
            for row in rows
        ]
        answers = await self._calls.run(calls)
        _raise_if_all_failed(answers)
        return [row.partition for row, answer in zip(rows, answers, strict=True) if answer.value == [0]]

    async def read_blob(self, partition: int) -> tuple[bytes, dict[bytes, Any], bytes]:
        """Return a partition's blob, header and memory as one writer left them."""
        words = ("EVAL", _READ_BLOB, 3, *blob_names(partition))
        (answer,) = await self._calls.run([Call(self._slot(partition), words)])
        if answer.error is not None:
            raise answer.error
        state, header, memory = answer.value
        return state or b"", dict(zip(header[::2], header[1::2], strict=True)), memory or b""

    def _slot(self, partition: int) -> int:
        while len(self._slots) <= partition:
            self._slots.append(slot_of(keys.telemetry(len(self._slots))))
        return self._slots[partition]


def _read_words(partition: int, after: bytes, count: int, block_ms: int) -> tuple[Any, ...]:
    wait = ("BLOCK", block_ms) if block_ms else ()
    return ("XREAD", "COUNT", count, *wait, "STREAMS", keys.telemetry(partition), after)


def _raise_if_all_failed(answers: Sequence[Answer]) -> None:
    errors = [answer.error for answer in answers if answer.error is not None]
    if errors and len(errors) == len(answers):
        raise errors[0]
