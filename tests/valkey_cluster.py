"""A Valkey Cluster on loopback: three primaries, three replicas, formed and broken by hand."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import redis

from core.valkey import find_binary

PRIMARIES = 3
SLOTS = 16_384
NODE_TIMEOUT_MS = 1_000
"""After so much silence a node is suspected; a city takes 5 s, a test need not wait for it."""


class Node:
    """One server of the cluster and its folder, which outlives it."""

    def __init__(self, folder: Path, port: int, bus_port: int) -> None:
        self.folder = folder
        self.port = port
        self.bus_port = bus_port
        self.process: subprocess.Popen[bytes] | None = None

    def __repr__(self) -> str:
        return f"Node({self.port})"

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, node_timeout_ms: int) -> None:
        """Start the server, or start it again with what it has on disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        options = {
            "bind": "127.0.0.1",
            "port": self.port,
            "cluster-port": self.bus_port,
            "dir": self.folder,
            "logfile": self.folder / "valkey.log",
            "cluster-enabled": "yes",
            "cluster-config-file": self.folder / "nodes.conf",
            "cluster-node-timeout": node_timeout_ms,
            "cluster-require-full-coverage": "no",
            "cluster-replica-validity-factor": 0,
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "repl-diskless-sync-delay": 0,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        self.process = subprocess.Popen(
            [str(find_binary()), *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip

    def kill(self) -> None:
        """kill -9."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)

    def client(self) -> "redis.Redis":
        return redis.Redis("127.0.0.1", self.port, socket_timeout=5.0, decode_responses=True)

    def ask(self, *words: Any) -> Any:
        with self.client() as client:
            return client.execute_command(*words)

    def info(self, section: str) -> dict[str, str]:
        with self.client() as client:
            return {name: str(value) for name, value in client.info(section).items()}

    def answers(self) -> bool:
        try:
            return bool(self.ask("PING"))
        except redis.RedisError:
            return False


class ValkeyCluster:
    """Six servers. ``close`` ends them and takes their folder away."""

    def __init__(self, *, node_timeout_ms: int = NODE_TIMEOUT_MS, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="steppe-cluster-"))
        self.node_timeout_ms = node_timeout_ms
        ports = free_ports(4 * PRIMARIES)
        self.nodes = [
            Node(self.folder / str(port), port, bus_port)
            for port, bus_port in zip(ports[::2], ports[1::2], strict=True)
        ]

    @property
    def url(self) -> str:
        """The address as a setting has it: every node, of which one must answer."""
        return "redis-cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> "ValkeyCluster":
        """Start the servers and form the cluster; what Valkey's own command line would do."""
        for node in self.nodes:
            node.start(self.node_timeout_ms)
        try:
            self._form()
        except BaseException:
            self.close()
            raise
        return self

    def _form(self) -> None:
        _until(lambda: all(node.answers() for node in self.nodes), "the servers answer")
        primaries, replicas = self.nodes[:PRIMARIES], self.nodes[PRIMARIES:]
        bounds = [SLOTS * number // PRIMARIES for number in range(PRIMARIES + 1)]
        for number, node in enumerate(primaries):
            node.ask("CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        for epoch, node in enumerate(self.nodes, start=1):
            node.ask("CLUSTER", "SET-CONFIG-EPOCH", epoch)
            if node is not self.nodes[0]:
                first = self.nodes[0]
                node.ask("CLUSTER", "MEET", "127.0.0.1", first.port, first.bus_port)
        _until(lambda: all(self._knows_all(node) for node in self.nodes), "the nodes know each other")
        for replica, primary in zip(replicas, primaries, strict=True):
            replica.ask("CLUSTER", "REPLICATE", primary.ask("CLUSTER", "MYID"))
        self.until_whole()

    def _knows_all(self, node: Node) -> bool:
        return f"cluster_known_nodes:{len(self.nodes)}" in _text(node.ask("CLUSTER", "INFO"))

    def until_whole(self, within_s: float = 30.0) -> None:
        """Return when every node is up, every slot has a primary and every primary a replica in step."""
        _until(self._is_whole, "the cluster is whole", within_s)

    def _is_whole(self) -> bool:
        primaries = 0
        for node in self.nodes:
            if not node.answers() or "cluster_state:ok" not in _text(node.ask("CLUSTER", "INFO")):
                return False
            info = node.info("replication")
            if info["role"] == "master":
                primaries += 1
                if int(info["connected_slaves"]) < 1:
                    return False
            elif info["master_link_status"] != "up":
                return False
        views = [_text(node.ask("CLUSTER", "SLOTS")) for node in self.nodes]
        return primaries == PRIMARIES and all(view.count("127.0.0.1") >= 2 * PRIMARIES for view in views)

    def mend(self) -> None:
        """Start what was killed and return when the cluster is whole."""
        for node in self.nodes:
            if node.process is None or node.process.poll() is not None:
                node.start(self.node_timeout_ms)
        self.until_whole()

    def flush(self) -> None:
        """Forget every key."""
        for node in self.primaries():
            node.ask("FLUSHALL")

    def primaries(self) -> list[Node]:
        """Return the nodes that take writes, as they say themselves; dead ones left out."""
        return [
            node for node in self.nodes if node.answers() and node.info("replication")["role"] == "master"
        ]

    def owner_of(self, key: str) -> Node:
        """Return the primary of a key's slot."""
        asked = next(node for node in self.nodes if node.answers())
        slot = int(asked.ask("CLUSTER", "KEYSLOT", key))
        for first, last, primary, *_ in _slots(asked):
            if first <= slot <= last:
                return next(node for node in self.nodes if node.port == primary)
        raise LookupError(f"no primary holds slot {slot}")

    def until_failed_over(self, dead: Node, within_s: float = 20.0) -> None:
        """Return when every living node knows another primary for the slots of a dead one."""
        alive = [node for node in self.nodes if node is not dead]
        _until(
            lambda: all(dead.port not in {row[2] for row in _slots(node)} for node in alive),
            f"a replica takes the place of {dead}",
            within_s,
        )

    def replica_of(self, primary: Node) -> Node:
        """Return the first replica of a primary."""
        for _, _, port, *replicas in _slots(primary):
            if port == primary.port and replicas:
                return next(node for node in self.nodes if node.port == replicas[0])
        raise LookupError(f"{primary} has no replica")

    def close(self) -> None:
        for node in self.nodes:
            node.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def _slots(node: Node) -> Iterable[tuple[int, ...]]:
    """Rows of (first slot, last slot, port of the primary, ports of its replicas)."""
    with redis.Redis("127.0.0.1", node.port, socket_timeout=5.0) as client:
        client.response_callbacks.pop("CLUSTER SLOTS", None)
        for first, last, *servers in client.execute_command("CLUSTER SLOTS"):
            yield (first, last, *(int(server[1]) for server in servers))


def _text(answer: Any) -> str:
    return answer if isinstance(answer, str) else repr(answer)


def _until(claim: Callable[[], bool], what: str, within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            if claim():
                return
        except redis.RedisError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {within_s:.0f} s: {what}")
        time.sleep(0.02)


def free_ports(count: int) -> list[int]:
    taken = []
    for _ in range(count):
        one = socket.socket()
        one.bind(("127.0.0.1", 0))
        taken.append(one)
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports
