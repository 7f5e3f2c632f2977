"""Keeps a set of child processes running, and leaves none behind.

Each child leads its own process group, so that stopping it also stops what it started. A child that
dies is started again after a back-off that grows while it keeps dying. Children are told the
supervisor's pid and ask the kernel to be stopped when it goes (Linux ``PR_SET_PDEATHSIG``), so that
``kill -9`` of the supervisor leaves no process either.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from steppe.forking import Forked, ForkServer

BACKOFF_FIRST_S = 0.5
BACKOFF_MOST_S = 15.0
HEALTHY_AFTER_S = 20.0
"""A child that lived this long starts its back-off anew."""
STOP_GRACE_S = 12.0
PR_SET_PDEATHSIG = 1
"""prctl(2)"""


def steppe_program() -> tuple[str, ...]:
    """Return the words that start one of our own commands under this supervisor."""
    return (sys.executable, "-m", "steppe", "--supervised-by", str(os.getpid()))


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """What to run: ``steppe`` with these words, or another program when `program` is set.

    Processes of ours are forked from one that has loaded what they share, where that is possible.
    """

    name: str
    words: Sequence[str]
    program: Sequence[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class Running(Protocol):
    """A child process."""

    @property
    def pid(self) -> int:
        """Return its process id, which is its group's too."""
        ...

    @property
    def returncode(self) -> int | None:
        """Return its exit code, None while it runs."""
        ...

    async def wait(self) -> int:
        """Return its exit code when it has ended."""
        ...


class _Awaited:
    """A forked process that an event loop can wait for."""

    def __init__(self, forked: Forked) -> None:
        self._forked = forked
        self.pid = forked.pid
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(forked.fileno(), self._end)

    @property
    def returncode(self) -> int | None:
        return self._forked.returncode

    async def wait(self) -> int:
        await self._ended.wait()
        return self._forked.wait()

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._forked.fileno())
        self._forked.poll()
        self._ended.set()


@dataclass
class _Child:
    spec: ChildSpec
    process: Running | None = None
    restarts: int = 0


class Supervisor:
    """Runs `specs` until asked to stop; reports each start, death and stop to `say`."""

    def __init__(
        self,
        specs: Sequence[ChildSpec],
        *,
        environment: Mapping[str, str],
        log_dir: Path,
        say: Callable[[str], None],
    ) -> None:
        self._children = [_Child(spec) for spec in specs]
        self._environment = dict(environment)
        self._log_dir = log_dir
        self._say = say
        self._fork_server = ForkServer(environment, log_dir / "fork-server.log")

    def pids(self) -> dict[str, int]:
        """Return the pid of every living child by name."""
        return {
            child.spec.name: child.process.pid
            for child in self._children
            if child.process is not None and child.process.returncode is None
        }

    async def run(self, stop: asyncio.Event) -> None:
        """Start every child, keep them running, and stop them all when `stop` is set."""
        self._log_dir.mkdir(parents=True, exist_ok=True)
        keepers = [
            asyncio.create_task(self._keep(child, stop), name=child.spec.name) for child in self._children
        ]
        try:
            await stop.wait()
            self._say("stopping the processes")
        finally:
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await self._stop_all()
            self._fork_server.close()

    async def _keep(self, child: _Child, stop: asyncio.Event) -> None:
        backoff_s = BACKOFF_FIRST_S
        loop = asyncio.get_running_loop()
        while not stop.is_set():
            started_s = loop.time()
            try:
                child.process = await self._start(child.spec)
                code = await child.process.wait()
            except OSError as error:
                self._say(f"{child.spec.name} does not start: {error}")
                code = os.EX_OSERR
            if stop.is_set():
                return
            lived_s = loop.time() - started_s
            backoff_s = BACKOFF_FIRST_S if lived_s > HEALTHY_AFTER_S else min(backoff_s * 2, BACKOFF_MOST_S)
            child.restarts += 1
            self._say(
                f"{child.spec.name} ended with {code} after {lived_s:.0f} s; again in {backoff_s:.1f} s"
                f" (log: {self._log_path(child.spec)})"
            )
            await asyncio.sleep(backoff_s)

    async def _start(self, spec: ChildSpec) -> Running:
        environment = {**self._environment, **spec.environment}
        if spec.program is None and ForkServer.is_possible():
            self._fork_server.ensure()
            path = self._log_path(spec)
            fork = self._fork_server.fork
            return _Awaited(await asyncio.to_thread(fork, "steppe", spec.words, environment, path))
        with self._log_path(spec).open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *(spec.program or steppe_program()),
                *spec.words,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )

    def _log_path(self, spec: ChildSpec) -> Path:
        return self._log_dir / f"{spec.name}.log"

    async def _stop_all(self) -> None:
        living = (child.process for child in self._children if child.process is not None)
        await asyncio.gather(*map(stop_process, living))


async def stop_process(process: Running) -> None:
    """End a process that leads a group, and its group: SIGTERM, and SIGKILL when the grace has passed."""
    _signal_group(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_GRACE_S)
    except TimeoutError:
        _signal_group(process.pid, signal.SIGKILL)
        await process.wait()
    # What the child itself had started and left behind.
    _signal_group(process.pid, signal.SIGKILL)


def _signal_group(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return


def die_with_supervisor(supervisor_pid: int) -> None:
    """Ask the kernel to send this process SIGTERM when its supervisor goes; exit if it already went.

    Linux only; elsewhere it does nothing, and a killed supervisor leaves its children to be stopped by hand.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != supervisor_pid:
        raise SystemExit(0)
