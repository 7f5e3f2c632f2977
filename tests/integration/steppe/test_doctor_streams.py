"""What the doctor says about the streams server."""

from collections.abc import Awaitable, Callable
from typing import Any

from steppe.doctor import _streams
from tests.valkey_cluster import ValkeyCluster

Eventually = Callable[..., Awaitable[Any]]


async def test_a_whole_cluster_is_well(valkey_cluster: ValkeyCluster) -> None:
    finding = await _streams(valkey_cluster.url)
    assert (finding.ok, finding.advice) == (True, "")
    assert finding.detail == "a cluster of 3 primaries, 3 replicas"


async def test_a_primary_without_a_replica_is_named(
    valkey_cluster: ValkeyCluster, eventually: Eventually
) -> None:
    primary = valkey_cluster.primaries()[0]
    valkey_cluster.replica_of(primary).kill()

    async def is_named() -> bool:
        finding = await _streams(valkey_cluster.url)
        return not finding.ok and f"none at 127.0.0.1:{primary.port}" in finding.detail

    await eventually(is_named, within=10)


async def test_a_cluster_that_stops_as_a_whole_is_told(valkey_cluster: ValkeyCluster) -> None:
    setting = "cluster-require-full-coverage"
    for node in valkey_cluster.nodes:
        node.ask("CONFIG", "SET", setting, "yes")
    finding = await _streams(valkey_cluster.url)
    for node in valkey_cluster.nodes:
        node.ask("CONFIG", "SET", setting, "no")
    assert not finding.ok
    assert f"set {setting} no" in finding.advice


async def test_one_server_that_answers_is_well_and_one_that_does_not_is_told(valkey_url: str) -> None:
    well = await _streams(valkey_url)
    away = await _streams("redis-cluster://127.0.0.1:1")
    wrong = await _streams("redis-cluster://")
    assert (well.ok, well.detail) == (True, "answers")
    assert [(f.ok, "STEPPE_REDIS__STREAMS_URL" in f.advice) for f in (away, wrong)] == [(False, True)] * 2
