"""The address of the streams server: one node, or a cluster by some of its nodes."""

import pytest

from core.redis import Redis, RedisCluster, connect_streams
from core.settings import SettingsError, load


def test_an_address_of_one_server_gives_a_plain_client() -> None:
    assert isinstance(connect_streams("redis://127.0.0.1:7000/0"), Redis)


def test_a_cluster_is_known_by_its_scheme_and_some_of_its_nodes() -> None:
    client = connect_streams("redis-cluster://reader:p%40ss@10.0.0.1:7001, 10.0.0.2,[::1]:7003")
    assert isinstance(client, RedisCluster)
    nodes = [(node.host, node.port) for node in client.startup_nodes]
    assert nodes == [("10.0.0.1", 7001), ("10.0.0.2", 6379), ("::1", 7003)]
    assert client.connection_kwargs["username"] == "reader"
    assert client.connection_kwargs["password"] == "p@ss"


@pytest.mark.parametrize("url", ["redis-cluster://", "redis-cluster://a:1,,b:2", "redis-cluster://a:1/0"])
def test_an_address_without_a_node_is_refused_by_name(url: str) -> None:
    with pytest.raises(ValueError, match="no node of a cluster"):
        connect_streams(url)


def test_only_the_streams_may_be_a_cluster() -> None:
    cluster = "redis-cluster://127.0.0.1:7000"
    load({"STEPPE_REDIS__STREAMS_URL": cluster})
    with pytest.raises(SettingsError, match="STEPPE_REDIS__URL"):
        load({"STEPPE_REDIS__URL": cluster})
