"""Valkey and the servers of a benchmark as children: started, watched, stopped in their order."""

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import IO, Final

import msgspec
import redis

from core.settings import process_environment
from core.valkey import DURABLE, find_binary
from steppe.bench.machine import free_port
from steppe.bench.world import World
from steppe.forking import Forked, ForkServer

SERVERS: Final = ("gateway", "tracker", "archiver", "api")
FORK_SERVER: Final = "fork server"
"""What the servers are forked from: its memory is theirs."""
STOP_WITHIN_S: Final = 20
TABLES: Final = (
    "import asyncio, sys\n"
    "import steppe.tables\n"
    "from core.database import Database\n"
    "async def main():\n"
    "    database = await Database.open(sys.argv[1])\n"
    "    await database.create_tables()\n"
    "    await database.close()\n"
    "asyncio.run(main())\n"
)


class BenchError(Exception):
    """The benchmark cannot go on; says why in a sentence."""


class Started:
    """The processes of one world. Use as a context; the servers are stopped before Valkey."""

    def __init__(self, world: World, folder: Path, names: tuple[str, ...], profiled: str = "") -> None:
        self.world = world
        self.processes: dict[str, subprocess.Popen[bytes] | Forked] = {}
        self._folder = folder
        self._names = names
        self._profiled = profiled
        self._environment = {
            # Servers start from compiled files, as an installed city does.
            name: value for name, value in process_environment().items() if name != "PYTHONDONTWRITEBYTECODE"
        }  # fmt: skip
        self._fork_server = ForkServer(self._environment, folder / "fork-server.log")

    def __enter__(self) -> "Started":
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def restart(self, name: str, *, after_s: float = 0.0) -> None:
        """Kill a server with SIGKILL and start it again on its port; return when it listens."""
        self.processes[name].kill()
        self.processes[name].wait()
        sleep(after_s)
        self._fork(name)
        self._wait_for({"gateway": self.world.gateway, "api": self.world.live}[name])

    def load(self) -> subprocess.Popen[bytes]:
        """Start the load; its lines come on its stdout."""
        return self.client("steppe.bench.load")

    def client(self, module: str) -> subprocess.Popen[bytes]:
        """Start a program that is given the world; its lines come on its stdout."""
        return self._python(("-m", module, _text(self.world)), "load", stdout=subprocess.PIPE)

    def must_live(self) -> None:
        """Raise BenchError when a server ended by itself."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise BenchError(f"{name} ended with {process.returncode}: {self.last_words(name)}")

    def last_words(self, name: str) -> str:
        """Return the end of what a process wrote."""
        path = self._folder / f"{name.replace(' ', '-')}.log"
        return path.read_text(errors="replace")[-1500:]

    def stop(self) -> None:
        """Stop the servers, then Valkey: one that loses its store ends badly and writes no profile."""
        servers = [name for name in self.processes if name not in ("valkey", FORK_SERVER)]
        for group in (servers, ["valkey"] if "valkey" in self.processes else []):
            for name in group:
                self.processes[name].send_signal(signal.SIGINT if name == self._profiled else signal.SIGTERM)
            for name in group:
                try:
                    self.processes[name].wait(STOP_WITHIN_S)
                except subprocess.TimeoutExpired:
                    self.processes[name].kill()
        self._fork_server.close()

    def _start(self) -> None:
        folder = self._folder
        path = folder / "valkey.sock"
        words = [
            str(find_binary()), "--port", "0", "--unixsocket", str(path), "--dir", str(folder),
            *(word for name, value in DURABLE.items() for word in (f"--{name}", value)),
        ]  # fmt: skip
        with self._log("valkey") as log:
            self.processes["valkey"] = subprocess.Popen(words, stdout=log, stderr=log, env=self._environment)
        url = f"unix://{path}?db=0"
        _wait_for_valkey(url)
        self.world = msgspec.structs.replace(
            self.world,
            valkey=url,
            database=f"sqlite+aiosqlite:///{folder}/facts.db",
            history=str(folder / "history"),
            gateway=f"http://127.0.0.1:{free_port()}",
            live=f"http://127.0.0.1:{free_port()}",
            metrics={name: free_port() for name in self._names},
        )
        subprocess.run([sys.executable, "-c", TABLES, self.world.database], check=True, env=self._environment)
        for name in self._names:
            self._fork(name)
        for name, address in (("gateway", self.world.gateway), ("api", self.world.live)):
            if name in self._names:
                self._wait_for(address)

    def _fork(self, name: str) -> None:
        """Start a server as ``steppe up`` does."""
        profiler = ("profile",) if name == self._profiled else ()
        self._fork_server.ensure()
        self.processes[FORK_SERVER] = self._fork_server.process
        self.processes[name] = self._fork_server.fork(
            "steppe.bench.servers",
            (name, _text(self.world), *profiler),
            self._environment,
            self._folder / f"{name}.log",
        )

    def _python(
        self, words: tuple[str, ...], name: str, *, stdout: int | None = None
    ) -> subprocess.Popen[bytes]:
        with self._log(name) as log:
            return subprocess.Popen(
                [sys.executable, *words], stdout=stdout or log, stderr=log, env=self._environment
            )

    @contextlib.contextmanager
    def _log(self, name: str) -> Iterator[IO[bytes]]:
        with (self._folder / f"{name}.log").open("wb") as log:
            yield log

    def _wait_for(self, address: str) -> None:
        host, _, port = address.removeprefix("http://").partition(":")
        for _ in range(1200):
            try:
                socket.create_connection((host, int(port)), 1).close()
            except OSError:
                self.must_live()
                sleep(0.1)
            else:
                return
        raise BenchError(f"nothing listens on {address}")


def _wait_for_valkey(url: str) -> None:
    for _ in range(200):
        try:
            redis.Redis.from_url(url).ping()
        except redis.ConnectionError:
            sleep(0.05)
        else:
            return
    raise BenchError("Valkey did not start")


def _text(world: World) -> str:
    return msgspec.json.encode(world).decode()
