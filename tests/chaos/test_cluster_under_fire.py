"""Two gateways, two trackers and an archiver on a cluster of six, killed one after the other.

36 links send numbered frames of 72 vehicles and send again what they are told to. At the end every accepted
(vehicle, seq) is in the history exactly once, and each way into the fence and out of it is one event. The
run writes down how long positions stood still after each death. The mutant (no WAIT) must be caught.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import steppe.tables
from core.clock import Clock
from core.database import Database
from core.redis import connect
from core.settings import child_environment
from core.valkey import EmbeddedValkey
from tests.chaos.checker import Violation
from tests.chaos.keeper import ROOT, Keeper
from tests.chaos.outcome import RESULTS
from tests.chaos.streams import judging
from tests.chaos.streams.driving import Link
from tests.chaos.streams.judging import LiveWatch, told_of, until
from tests.chaos.streams.world import PACE_S, PARTITIONS, ways
from tests.valkey_cluster import Node, ValkeyCluster, free_ports

NODE_TIMEOUT_MS = 2_000
CALM_S, LEASE_AND_MORE_S, FAILOVER_AND_MORE_S = 8.0, 14.0, 12.0
SETTLE_S = 60.0
VEHICLES = sum(len(way.vehicles) for way in ways())
PROGRAM = (sys.executable, "-m", "tests.chaos.streams.process")

assert steppe.tables


@dataclass
class Scene:
    """Everything of a run."""

    keeper: Keeper
    cluster: ValkeyCluster
    links: list[Link]
    watch: LiveWatch
    database: Database
    folder: Path

    async def stand_still(self, name: str, from_s: float, into: dict[str, Any]) -> None:
        """Note how long vehicles and acknowledgements stood since a death."""
        to_s = time.monotonic()
        into[name] = {
            "positions": told_of(self.watch.stood(from_s, to_s).values()),
            "acceptance": told_of(judging.accept_pauses(self.links, from_s, to_s)),
        }

    def owner(self, partition: int) -> Node:
        return self.cluster.owner_of(f"telemetry:{{{partition}}}")


@asynccontextmanager
async def scene(folder: Path, mutant: str | None = None) -> AsyncIterator[Scene]:
    url = f"sqlite+aiosqlite:///{folder / 'facts.sqlite3'}"
    database = await Database.open(url)
    await database.create_tables()
    valkey = EmbeddedValkey(folder / "valkey", Clock.real())
    ports = free_ports(2)
    with closing(await asyncio.to_thread(ValkeyCluster(node_timeout_ms=NODE_TIMEOUT_MS).start)) as cluster:
        path = [str(ROOT / "tests/chaos/mutants" / mutant)] if mutant else []
        environment = child_environment(
            {
                "STEPPE_ENVIRONMENT": "test",
                "STEPPE_DATA_DIR": str(folder),
                "STEPPE_DATABASE__URL": url,
                "STEPPE_REDIS__URL": valkey.url,
                "STEPPE_REDIS__STREAMS_URL": cluster.url,
                "PYTHONPATH": os.pathsep.join([*path, str(ROOT)]),
            }
        )
        keeper = Keeper(folder, environment, valkey)
        programs: dict[str, tuple[str, ...]] = {
            f"gateway-{n}": (*PROGRAM, "gateway", str(port)) for n, port in enumerate(ports, 1)
        }
        programs |= {f"tracker-{n}": (*PROGRAM, "tracker") for n in (1, 2)}
        await keeper.start({**programs, "archiver": (*PROGRAM, "archiver")})
        links = [
            Link(way, f"ws://127.0.0.1:{ports[number % 2]}/v1/link") for number, way in enumerate(ways())
        ]
        plain = connect(valkey.url)
        watch = LiveWatch(plain)
        tasks = [asyncio.create_task(run()) for run in (watch.run, *(link.run for link in links))]
        try:
            yield Scene(keeper, cluster, links, watch, database, folder)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await plain.aclose()
            await keeper.stop()
            await database.close()


async def everybody_moves(scene: Scene) -> None:
    await until(lambda: len(scene.watch.moved) == VEHICLES, 40.0, "everybody is on the screens")
    await until(lambda: all(link.durable_seq for link in scene.links), 40.0, "everybody's first is on disk")


async def a_tracker_dies(scene: Scene, notes: dict[str, Any]) -> None:
    """It stays dead for a while; the other resumes its partitions from blob and stream."""
    began_s = time.monotonic()
    await scene.keeper.processes["tracker-1"].leave_dead()
    await asyncio.sleep(LEASE_AND_MORE_S)
    await scene.stand_still("tracker killed", began_s, notes)
    scene.keeper.processes["tracker-1"].start()
    began_s = time.monotonic()
    await asyncio.sleep(LEASE_AND_MORE_S)
    await scene.stand_still("tracker back, partitions divided again", began_s, notes)


async def a_primary_dies(scene: Scene, notes: dict[str, Any]) -> None:
    """Its replica takes over; it comes back as a replica some seconds later."""
    dead = scene.owner(3)
    began_s = time.monotonic()
    dead.kill()
    await asyncio.to_thread(scene.cluster.until_failed_over, dead)
    notes["failover_s"] = round(time.monotonic() - began_s, 2)
    await asyncio.sleep(2.0)
    await asyncio.to_thread(scene.cluster.mend)
    await asyncio.sleep(FAILOVER_AND_MORE_S)
    await scene.stand_still("primary killed", began_s, notes)


async def a_primary_dies_ahead_of_its_replica(scene: Scene, notes: dict[str, Any]) -> None:
    """The replica was away, so it misses what the primary took; the archiver dies with what it had read."""
    primary = scene.owner(5)
    replica = scene.cluster.replica_of(primary)
    began_s = time.monotonic()
    replica.kill()
    await asyncio.sleep(3.0)
    primary.kill()
    await scene.keeper.kill("archiver")
    replica.start(NODE_TIMEOUT_MS)
    await asyncio.to_thread(scene.cluster.until_failed_over, primary)
    await asyncio.sleep(1.0)
    await asyncio.to_thread(scene.cluster.mend)
    await asyncio.sleep(FAILOVER_AND_MORE_S)
    await scene.stand_still("replica away, then primary and archiver killed", began_s, notes)


async def a_gateway_dies(scene: Scene, notes: dict[str, Any]) -> None:
    began_s = time.monotonic()
    await scene.keeper.kill("gateway-1")
    await asyncio.sleep(FAILOVER_AND_MORE_S)
    await scene.stand_still("gateway killed and started again", began_s, notes)


async def settled(scene: Scene) -> list[Violation]:
    """Let the vehicles stop, and return what is not accepted and on disk in time."""
    for link in scene.links:
        link.is_driving = False
    try:
        await until(lambda: all(link.is_settled for link in scene.links), SETTLE_S, "all is durable")
    except TimeoutError:
        return [
            Violation(
                10, f"{link.way.token}: sent {link.seq}, accepted {link.accepted_seq}, {link.durable_seq}"
            )
            for link in scene.links
            if not link.is_settled
        ]
    return []


async def judged(scene: Scene) -> list[Violation]:
    found = await asyncio.to_thread(judging.stored, scene.folder / "history")
    return [
        *judging.judge_history(scene.links, found),
        *await judging.judge_events(scene.database, scene.links),
    ]


@pytest.mark.chaos_long
async def test_nothing_accepted_is_lost_and_no_event_doubled_whoever_dies(tmp_path: Path) -> None:
    notes: dict[str, Any] = {}
    async with scene(tmp_path) as alive:
        await everybody_moves(alive)
        began_s = time.monotonic()
        await asyncio.sleep(CALM_S)
        await alive.stand_still("calm", began_s, notes)
        await a_tracker_dies(alive, notes)
        await a_primary_dies(alive, notes)
        await a_gateway_dies(alive, notes)
        await a_primary_dies_ahead_of_its_replica(alive, notes)
        violations = await settled(alive) + await judged(alive)
        result: dict[str, Any] = {
            "violations": [str(violation) for violation in violations],
            "positions_accepted": sum(link.accepted_seq * len(link.way.vehicles) for link in alive.links),
            "positions_stored": len(await asyncio.to_thread(judging.stored, tmp_path / "history")),
            "crossings": await judging.crossings(alive.database),
            "not_taken_at_once": sum(link.errors.get("redis-unavailable", 0) for link in alive.links),
            "links": sum(link.links for link in alive.links),
            "deaths": alive.keeper.deaths(),
            "partitions": PARTITIONS,
            "pace_s": PACE_S,
            "node_timeout_ms": NODE_TIMEOUT_MS,
            "stood_still": notes,
        }
    assert result["crossings"] > VEHICLES, "hardly anybody crossed the fence: nothing was tried"
    told = json.dumps(result, indent=1, ensure_ascii=False)
    sys.stdout.write(f"{told}\n")
    assert violations == [], told
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cluster-of-six.json").write_text(f"{told}\n")


@pytest.mark.chaos_long
async def test_a_cluster_that_does_not_wait_for_a_replica_loses_what_it_accepted(tmp_path: Path) -> None:
    async with scene(tmp_path, "no_wait") as alive:
        await everybody_moves(alive)
        await a_primary_dies_ahead_of_its_replica(alive, {})
        await settled(alive)
        violations = await judged(alive)
    assert any("is not in the history" in violation.what for violation in violations)
