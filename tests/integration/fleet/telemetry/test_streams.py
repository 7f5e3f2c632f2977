"""The streams and the blobs beside them, the same claims on one node and on a cluster of six."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import numpy as np
import pytest

from core import keys
from core.clock import Clock
from core.redis import StreamsRedis, connect_streams
from fleet.telemetry.blobs import START, Blobs, Header, PartitionBlob
from fleet.telemetry.found_facts import Facts
from fleet.telemetry.last_heard import BlobReader
from fleet.telemetry.memory import Memory
from fleet.telemetry.reading import ENTRIES_MOST, FIRST_ENTRIES, POSITIONS_MOST, StreamReader
from fleet.telemetry.records import STATE, STREAM_POSITION, received_bytes
from fleet.telemetry.streams import Appended, Streams, streams_of
from tests.valkey_cluster import ValkeyCluster

PARTITIONS = 32
Eventually = Callable[..., Awaitable[Any]]


@pytest.fixture(params=["one node", "cluster"])
async def client(request: pytest.FixtureRequest) -> AsyncIterator[StreamsRedis]:
    if request.param == "cluster":
        url = request.getfixturevalue("valkey_cluster").url
    else:
        url = request.getfixturevalue("valkey_url")
    client = connect_streams(url)
    yield client
    await client.aclose()


@pytest.fixture
async def streams(client: StreamsRedis) -> AsyncIterator[Streams]:
    streams = streams_of(client)
    yield streams
    await streams.aclose()


def a_batch(seq_of: dict[int, list[int]], received_ms: int = 1_000) -> Appended:
    """A batch of one vehicle a partition, numbered like it, with positions of these sequences."""
    records = np.zeros(sum(map(len, seq_of.values())), STREAM_POSITION)
    records["vehicle_no"] = np.repeat(list(seq_of), [len(seqs) for seqs in seq_of.values()])
    records["seq"] = [seq for seqs in seq_of.values() for seq in seqs]
    sizes = [size for seqs in seq_of.values() for size in (len(seqs) * STREAM_POSITION.itemsize, 0)]
    return Appended(
        partitions=tuple(seq_of),
        sizes=sizes,
        received=received_bytes(received_ms),
        positions=records.tobytes(),
        status=b"",
    )


def a_blob(partition: int, epoch: int, *, position: bytes = b"5-0", vehicle_no: int = 0) -> PartitionBlob:
    state = np.zeros(2, STATE)
    state["vehicle_no"][0] = vehicle_no or partition
    state["received_ms"] = 2_000
    return PartitionBlob(
        partition=partition,
        header=Header(epoch=epoch, position=position, tick=1, at_ms=2_000),
        state=state,
        memory=Memory(facts=[Facts(partition=partition, epoch=epoch)]),
    )


async def read_all(reader: StreamReader, eventually: Eventually, count: int) -> list[tuple[int, int]]:
    """Read until so many positions came: (vehicle_no, seq)."""
    found: list[tuple[int, int]] = []

    async def are_enough() -> bool:
        read = await reader.read(50)
        for entry in read.entries:
            found.extend(
                zip(entry.positions["vehicle_no"].tolist(), entry.positions["seq"].tolist(), strict=True)
            )
        return len(found) >= count

    await eventually(are_enough, within=10)
    return found


class TestStreams:
    async def test_a_batch_over_all_partitions_is_accepted_and_read_in_order(
        self, client: StreamsRedis, streams: Streams, eventually: Eventually
    ) -> None:
        reader = StreamReader(client)
        reader.up_to = dict.fromkeys(range(PARTITIONS), START)
        first = await streams.append(a_batch({p: [1, 2] for p in range(PARTITIONS)}))
        second = await streams.append(a_batch({p: [3] for p in range(PARTITIONS)}))
        found = await read_all(reader, eventually, 3 * PARTITIONS)
        await reader.aclose()
        assert first.keys() == second.keys() == set(range(PARTITIONS))
        assert sorted(found) == [(p, seq) for p in range(PARTITIONS) for seq in (1, 2, 3)]
        assert reader.up_to == second

    async def test_a_reader_hears_only_its_own_partitions(
        self, client: StreamsRedis, streams: Streams, eventually: Eventually
    ) -> None:
        reader = StreamReader(client)
        reader.up_to = {1: START, 7: START}
        await streams.append(a_batch({p: [1] for p in range(PARTITIONS)}))
        found = await read_all(reader, eventually, 2)
        await reader.aclose()
        assert sorted(found) == [(1, 1), (7, 1)]

    async def test_what_comes_while_a_reader_waits_is_read_at_once(
        self, client: StreamsRedis, streams: Streams, eventually: Eventually
    ) -> None:
        reader = StreamReader(client)
        reader.up_to = dict.fromkeys(range(PARTITIONS), START)
        reading = asyncio.create_task(read_all(reader, eventually, 1))
        await asyncio.sleep(0.2)
        await streams.append(a_batch({9: [1]}))
        assert await reading == [(9, 1)]
        await reader.aclose()

    async def test_a_long_queue_says_that_more_lies_there(
        self, client: StreamsRedis, streams: Streams
    ) -> None:
        for seq in range(300):
            await streams.append(a_batch({3: [seq]}))
        reader = StreamReader(client)
        reader.up_to = {3: START}
        reads = [await reader.read(50) for _ in range(3)]
        await reader.aclose()
        assert [(read.has_more, len(read.entries)) for read in reads] == [
            (True, FIRST_ENTRIES),
            (True, ENTRIES_MOST),
            (False, 300 - FIRST_ENTRIES - ENTRIES_MOST),
        ]

    async def test_large_entries_are_read_a_few_at_a_time(
        self, client: StreamsRedis, streams: Streams
    ) -> None:
        seqs = list(range(POSITIONS_MOST // 10))
        for _ in range(40):
            await streams.append(a_batch({3: seqs}))
        reader = StreamReader(client)
        reader.up_to = {3: START}
        reads = [await reader.read(50) for _ in range(4)]
        await reader.aclose()
        assert [len(read.entries) for read in reads] == [FIRST_ENTRIES, 10, 10, 4]
        assert [read.has_more for read in reads] == [True, True, True, False]

    async def test_a_partition_that_was_lost_meanwhile_is_not_read(
        self, client: StreamsRedis, streams: Streams
    ) -> None:
        reader = StreamReader(client)
        reader.up_to = {3: START}
        await reader.read(1)
        reader.up_to.pop(3)
        await streams.append(a_batch({3: [1]}))
        reader.up_to = {4: START}
        assert [await reader.read(40) for _ in range(3)] == [await reader.read(1)] * 3
        await reader.aclose()

    async def test_an_archiver_and_a_gateway_agree_on_what_is_durable_and_how_full_it_is(
        self, client: StreamsRedis, streams: Streams
    ) -> None:
        ids = await streams.append(a_batch({1: [1], 2: [1]}))
        await streams.append(a_batch({2: [2]}))
        await client.hset(keys.durable(), mapping={str(p): id_ for p, id_ in ids.items()})
        look = await streams.look(PARTITIONS)
        assert (look.longest, look.durable) == (2, ids)

    async def test_servers_have_runs(self, streams: Streams) -> None:
        first, second = await streams.run_ids(), await streams.run_ids()
        assert first == second
        assert len(first) in (1, 3)
        assert all(first.values())


class TestBlobs:
    async def test_what_one_tracker_wrote_the_next_recovers(self, client: StreamsRedis) -> None:
        blobs = Blobs(client)
        assert await blobs.write([a_blob(p, 1) for p in range(1, PARTITIONS)]) == []
        left = await blobs.recover(5)
        assert left.header == Header(epoch=1, position=b"5-0", tick=1, at_ms=2_000)
        assert left.state["vehicle_no"].tolist() == [5]
        assert [facts.partition for facts in left.memory.facts] == [5]

    async def test_nothing_known_is_an_empty_partition(self, client: StreamsRedis) -> None:
        left = await Blobs(client).recover(5)
        assert (left.header, len(left.state), left.memory.facts) == (None, 0, [])

    async def test_a_tracker_of_an_earlier_epoch_changes_nothing(self, client: StreamsRedis) -> None:
        blobs = Blobs(client)
        await blobs.write([a_blob(4, 7, position=b"9-0"), a_blob(5, 1)])
        refused = await blobs.write([a_blob(4, 6, position=b"1-0"), a_blob(5, 1, position=b"8-0")])
        four, five = await blobs.recover(4), await blobs.recover(5)
        assert refused == [4]
        assert four.header is not None
        assert five.header is not None
        assert (four.header.position, five.header.position) == (b"9-0", b"8-0")

    async def test_the_api_reads_all_vehicles_and_some(self, client: StreamsRedis) -> None:
        await Blobs(client).write([a_blob(p, 1) for p in range(1, PARTITIONS)])
        reader = BlobReader(client, Clock.real(), partitions=PARTITIONS)
        everybody, some = await reader.states(), await reader.states([3, 30, 31, 32])
        assert sorted(everybody["vehicle_no"].tolist()) == list(range(1, PARTITIONS))
        assert some["vehicle_no"].tolist() == [3, 30, 31]


class TestSlotsOnTheMove:
    async def test_what_moves_to_another_node_is_appended_and_read_there(
        self, valkey_cluster: ValkeyCluster, eventually: Eventually
    ) -> None:
        client = connect_streams(valkey_cluster.url)
        streams, reader = streams_of(client), StreamReader(client)
        reader.up_to = {3: START, 4: START}
        await streams.append(a_batch({3: [1], 4: [1]}))
        found = await read_all(reader, eventually, 2)
        move = SlotMove(valkey_cluster, keys.telemetry(3))
        move.begin()
        # the stream is still where it was, and so are its entries
        assert (await streams.append(a_batch({3: [2]}))).keys() == {3}
        move.carry()
        # the old node has nothing of it any more and says ASK
        assert (await streams.append(a_batch({3: [3], 4: [3]}))).keys() == {3, 4}
        found += await read_all(reader, eventually, 3)
        move.end()
        # now it says MOVED
        assert (await streams.append(a_batch({3: [4]}))).keys() == {3}
        found += await read_all(reader, eventually, 1)
        assert sorted(found) == [(3, 1), (3, 2), (3, 3), (3, 4), (4, 1), (4, 3)]
        await reader.aclose()
        await client.aclose()
        move.back()


class SlotMove:
    """Moves the slot of a key to another primary in the steps of a resharding."""

    def __init__(self, cluster: ValkeyCluster, key: str) -> None:
        self.cluster = cluster
        self.key = key
        self.source = cluster.owner_of(key)
        self.target = next(node for node in cluster.primaries() if node is not self.source)
        self.slot = self.source.ask("CLUSTER", "KEYSLOT", key)

    def begin(self) -> None:
        self.target.ask("CLUSTER", "SETSLOT", self.slot, "IMPORTING", self.source.ask("CLUSTER", "MYID"))
        self.source.ask("CLUSTER", "SETSLOT", self.slot, "MIGRATING", self.target.ask("CLUSTER", "MYID"))

    def carry(self) -> None:
        for key in self.source.ask("CLUSTER", "GETKEYSINSLOT", self.slot, 100):
            self.source.ask("MIGRATE", "127.0.0.1", self.target.port, key, 0, 5000)

    def end(self) -> None:
        new = self.target.ask("CLUSTER", "MYID")
        for node in (self.target, self.source, *self.cluster.primaries()):
            node.ask("CLUSTER", "SETSLOT", self.slot, "NODE", new)

    def back(self) -> None:
        self.source, self.target = self.target, self.source
        self.begin()
        self.carry()
        self.end()
