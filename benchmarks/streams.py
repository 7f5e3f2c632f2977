"""What a cluster of six costs against one node: the gateway's appends, the tracker's reads and blobs.

100,000 vehicles at 1 Hz as one gateway and one tracker see them: a batch of 15,000 positions over 32
partitions every 150 ms, blobs once a second. CPU of the client is this process's, of the servers that of
/proc: ``python -m benchmarks.streams``.
"""

import asyncio
import contextlib
import json
import statistics
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from core.clock import Clock
from core.redis import connect_streams
from core.valkey import find_binary
from fleet.telemetry.blobs import START, Blobs, Header, PartitionBlob
from fleet.telemetry.memory import Memory
from fleet.telemetry.reading import StreamReader
from fleet.telemetry.records import STATE, STREAM_POSITION, received_bytes
from fleet.telemetry.streams import Appended, streams_of
from steppe.bench.machine import calibration_ms, cpu_s, description, memory_mb
from tests.valkey_cluster import ValkeyCluster

RESULT: Final = Path(__file__).parent / "results" / "streams.json"
PARTITIONS: Final = 32
VEHICLES: Final = 100_000
BATCHES, BATCH_MS = 40, 150
"""Six seconds of one gateway, as fast as it goes."""
BLOB_ROUNDS: Final = 5


@contextlib.contextmanager
def one_node(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """A server as the city runs it; its address and pid."""
    socket = folder / "valkey.sock"
    words = f"--port 0 --unixsocket {socket} --dir {folder} --appendonly yes --appendfsync everysec".split()
    process = subprocess.Popen([str(find_binary()), *words, "--save", ""], stdout=subprocess.DEVNULL)
    try:
        while not socket.exists():
            time.sleep(0.02)
        yield f"unix://{socket}?db=0", [process.pid]
    finally:
        process.terminate()
        process.wait(10)


@contextlib.contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[int]]]:
    """Three primaries and their replicas."""
    with contextlib.closing(ValkeyCluster(folder=folder).start()) as six:
        yield six.url, [node.pid for node in six.nodes]


def a_batch(number: int) -> Appended:
    size = VEHICLES * BATCH_MS // 1000 // PARTITIONS
    records = np.zeros(PARTITIONS * size, STREAM_POSITION)
    records["vehicle_no"] = np.repeat(np.arange(PARTITIONS), size) + PARTITIONS * (
        1 + np.arange(len(records)) % size
    )
    records["seq"] = number
    return Appended(
        partitions=tuple(range(PARTITIONS)),
        sizes=[size * STREAM_POSITION.itemsize, 0] * PARTITIONS,
        received=received_bytes(1),
        positions=records.tobytes(),
        status=b"",
    )


def blobs_of(tick: int) -> list[PartitionBlob]:
    state = np.zeros(VEHICLES // PARTITIONS + 1, STATE)
    header = Header(epoch=1, position=b"1-0", tick=tick, at_ms=1)
    return [
        PartitionBlob(partition=p, header=header, state=state, memory=Memory()) for p in range(PARTITIONS)
    ]


async def timed(times: list[float], work: Callable[[], Awaitable[Any]]) -> Any:
    began_s = time.perf_counter()
    found = await work()
    times.append(1000 * (time.perf_counter() - began_s))
    return found


async def measured(url: str, pids: list[int]) -> dict[str, Any]:
    """Append everything, read everything, write blobs; each alone, as fast as it goes."""
    client = connect_streams(url)
    streams, reader, blobs = streams_of(client), StreamReader(client), Blobs(client)
    batches = [a_batch(number) for number in range(BATCHES)]
    await streams.append(a_batch(0))
    await blobs.write(blobs_of(0))
    found: dict[str, Any] = {}
    async with part(found, "append", pids, BATCHES) as times:
        for batch in batches:
            taken = await timed(times, lambda batch=batch: streams.append(batch))  # type: ignore[misc]
            assert len(taken) == PARTITIONS, "a batch was not accepted"
    reader.up_to = dict.fromkeys(range(PARTITIONS), START)
    entries = 0
    async with part(found, "read", pids, BATCHES) as times:
        while entries < PARTITIONS * (BATCHES + 1):
            entries += len((await timed(times, lambda: reader.read(50))).entries)
    rounds = [blobs_of(tick) for tick in range(BLOB_ROUNDS)]
    async with part(found, "blobs", pids, BLOB_ROUNDS) as times:
        for blob in rounds:
            await timed(times, lambda blob=blob: blobs.write(blob))  # type: ignore[misc]
    await reader.aclose()
    await client.aclose()
    found["server_memory_mb"] = round(sum(memory_mb(pid) for pid in pids), 1)
    return found


@contextlib.asynccontextmanager
async def part(found: dict[str, Any], name: str, pids: list[int], units: int) -> Any:
    """Note the CPU of client and servers for each batch or round, and the middle and worst time of a call."""
    times: list[float] = []
    client_s, servers_s = time.process_time(), sum(map(cpu_s, pids))
    yield times
    found[name] = {
        "client_cpu_ms": round(1000 * (time.process_time() - client_s) / units, 2),
        "servers_cpu_ms": round(1000 * (sum(map(cpu_s, pids)) - servers_s) / units, 2),
        "p50_ms": round(statistics.median(times), 2),
        "most_ms": round(max(times), 2),
    }


def main() -> None:
    """Measure both and keep the result."""
    rows = {}
    for name, start in (("one node", one_node), ("cluster of six", cluster)):
        with (
            tempfile.TemporaryDirectory(prefix="steppe-bench-") as folder,
            start(Path(folder)) as (url, pids),
        ):
            rows[name] = asyncio.run(measured(url, pids))
    result = {
        "at": Clock.real().wall().isoformat(timespec="minutes"),
        "machine": description(),
        "calibrationMs": round(calibration_ms(), 1),
        "vehicles": VEHICLES,
        "partitions": PARTITIONS,
        "batch_ms": BATCH_MS,
        "rows": rows,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
