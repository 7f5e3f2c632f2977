"""A gateway whose streams go away and come back: nothing is called safe that may be lost."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.clock import Clock
from core.database import Database
from core.inbox import InboxWriter
from core.redis import StreamsRedis, connect, connect_streams
from core.valkey import EmbeddedValkey
from fleet.links.gateway import Gateway, GatewayStores, gateway_app
from fleet.links.profile import LinkProfile
from fleet.telemetry.roster import FixedRoster
from tests.integration.fleet.links.conftest import (
    Owed,
    Running,
    Tokens,
    a_device,
    a_maker,
    a_row,
    accepted,
    served,
)
from tests.integration.fleet.links.second_client import Vehicle, position, positions_frame
from tests.valkey_cluster import ValkeyCluster

Eventually = Callable[..., Awaitable[Any]]
PARTITIONS = 4


@asynccontextmanager
async def a_gateway(streams: StreamsRedis, plain_url: str, database: Database) -> AsyncIterator[Running]:
    clock, plain, tokens = Clock.real(), connect(plain_url), Tokens()
    tokens.principals = {"seven": a_device(7), "eight": a_device(8), "east": a_maker("east")}
    stores = GatewayStores(
        streams=streams,
        plain=plain,
        roster=FixedRoster([a_row(7, "west"), *(a_row(no) for no in range(100, 110))]),
        submit_report=InboxWriter(database, clock).submit,
        commands=Owed(),
    )
    profile = LinkProfile(batch_wall_ms=5, accept_every_wall_s=0.05)
    gateway = Gateway(stores, clock, profile, partitions=PARTITIONS)
    async with served(gateway_app(gateway, tokens)) as server:
        port = server.servers[0].sockets[0].getsockname()[1]
        running = Running(gateway, streams, database, Owed(), port)  # type: ignore[arg-type]
        running.server = server
        yield running
    await plain.aclose()


def said(vehicle: Vehicle, kind: str) -> list[int]:
    """The frames of what the city said of a kind."""
    return [message["frameSeq"] for message in vehicle.heard if message["type"] == kind]


def a_frame(running: Running, seq: int, *numbers: int) -> bytes:
    records = [position(number, seq, 39.6, 109.78) for number in numbers]
    return positions_frame(seq, running.now_ms(), *records)


async def test_a_link_that_stayed_open_is_served_again_after_the_server_hung(
    tmp_path: Path, valkey_url: str, sqlite_database: Database, eventually: Eventually
) -> None:
    server = EmbeddedValkey(tmp_path, Clock.real())
    await server.start()
    assert server.pid is not None
    streams = connect(server.url, retries=0, reply_timeout_s=0.3)
    async with (
        a_gateway(streams, valkey_url, sqlite_database) as running,
        Vehicle(running.link, "seven") as seven,
    ):
        await seven.hello()
        await seven.send(a_frame(running, 1, 7))
        await eventually(lambda: said(seven, "accepted") == [1])
        os.kill(server.pid, signal.SIGSTOP)
        await seven.send(a_frame(running, 2, 7))
        await eventually(lambda: said(seven, "error") == [2])
        os.kill(server.pid, signal.SIGCONT)
        await eventually(lambda: running.gateway.intake.is_up)
        await seven.send(a_frame(running, 3, 7))
        await eventually(lambda: running.gateway.intake.accepted == 2)
        assert said(seven, "accepted") == [1], "frame 2 is missing: nothing past it is accepted"
        await seven.send(a_frame(running, 2, 7))
        await eventually(lambda: said(seven, "accepted") == [1, 3])
    assert set(await accepted(streams, PARTITIONS)) == {(7, 1), (7, 2), (7, 3)}
    await streams.aclose()
    await server.stop()


class TestCluster:
    @pytest.fixture
    async def streams(self, valkey_cluster: ValkeyCluster) -> AsyncIterator[StreamsRedis]:
        client = connect_streams(valkey_cluster.url)
        yield client
        await client.aclose()

    async def test_a_frame_that_no_replica_has_is_not_accepted_and_harms_no_other_node(
        self, streams: StreamsRedis, valkey_cluster: ValkeyCluster, valkey_url: str,
        sqlite_database: Database, eventually: Eventually,
    ) -> None:  # fmt: skip
        own = {p: valkey_cluster.owner_of(f"telemetry:{{{p}}}") for p in range(PARTITIONS)}
        far = next(p for p in range(PARTITIONS) if own[p] is not own[3])
        async with (
            a_gateway(streams, valkey_url, sqlite_database) as running,
            Vehicle(running.link, "seven") as seven,
            Vehicle(running.link, "east") as east,
        ):
            await seven.hello()
            await east.hello()
            valkey_cluster.replica_of(own[3]).kill()
            await seven.send(a_frame(running, 1, 7))
            await east.send(a_frame(running, 1, 100 + far))
            await east.send(a_frame(running, 2, 100 + far, 103))
            await east.send(a_frame(running, 3, 100 + far))
            await eventually(lambda: (said(seven, "error"), said(east, "error")) == ([1], [2]))
            await eventually(lambda: said(east, "accepted") == [1])
            assert said(seven, "accepted") == []
            valkey_cluster.mend()
            await seven.send(a_frame(running, 1, 7))
            await east.send(a_frame(running, 2, 100 + far, 103))
            await eventually(lambda: said(seven, "accepted") == [1])
            await eventually(lambda: said(east, "accepted") == [1, 3])

    async def test_a_primary_that_is_killed_costs_its_vehicles_a_failover_and_the_others_nothing(
        self, streams: StreamsRedis, valkey_cluster: ValkeyCluster, valkey_url: str,
        sqlite_database: Database, eventually: Eventually,
    ) -> None:  # fmt: skip
        own = {p: valkey_cluster.owner_of(f"telemetry:{{{p}}}") for p in range(PARTITIONS)}
        far = next(p for p in range(PARTITIONS) if own[p] is not own[3])
        async with (
            a_gateway(streams, valkey_url, sqlite_database) as running,
            Vehicle(running.link, "seven") as seven,
            Vehicle(running.link, "east") as east,
        ):
            await seven.hello()
            await east.hello()
            await seven.send(a_frame(running, 1, 7))
            await eventually(lambda: said(seven, "accepted") == [1])
            own[3].kill()
            await seven.send(a_frame(running, 2, 7))
            await eventually(lambda: said(seven, "error") == [2])
            assert running.gateway.intake.is_up, "a batch for the dead node alone is no outage of all"
            await east.send(a_frame(running, 1, 100 + far))
            await eventually(lambda: said(east, "accepted") == [1])
            assert said(east, "error") == []
            await asyncio.to_thread(valkey_cluster.until_failed_over, own[3])
            await asyncio.to_thread(valkey_cluster.mend)
            await seven.send(a_frame(running, 2, 7))
            await eventually(lambda: said(seven, "accepted") == [1, 2])
            assert seven.close_code is None
        found = await accepted(streams, PARTITIONS)
        assert {one for one in found if one[0] == 7} == {(7, 1), (7, 2)}
