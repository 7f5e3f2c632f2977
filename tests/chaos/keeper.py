"""Keeps the real processes running while somebody kills them: each restarted at once, none left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from core.valkey import EmbeddedValkey

ROOT = Path(__file__).parents[2]
RESTART_AFTER_S = 0.2


def steppe_command(*words: str) -> tuple[str, ...]:
    """Return the program of one of our commands; it dies with this test process."""
    return (sys.executable, "-m", "steppe", "--supervised-by", str(os.getpid()), *words)


class Process:
    """One program, started again whenever it ends."""

    def __init__(
        self, name: str, program: tuple[str, ...], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.deaths = 0
        self._program = program
        self._environment = dict(environment)
        self._log = log
        self._next: dict[str, str] = {}
        self._running: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep(), name=self.name)

    async def _keep(self) -> None:
        while True:
            extra, self._next = self._next, {}
            with self._log.open("ab") as log:
                self._running = await asyncio.create_subprocess_exec(
                    *self._program, cwd=ROOT, env={**self._environment, **extra},
                    stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
            await self._running.wait()
            self.deaths += 1
            await asyncio.sleep(RESTART_AFTER_S)

    @property
    def pid(self) -> int | None:
        """Return its number, None between two lives."""
        running = self._running
        return running.pid if running is not None and running.returncode is None else None

    def kill(self) -> None:
        """Kill -9 the process as it is."""
        running = self._running
        if running is not None and running.returncode is None:
            os.killpg(running.pid, signal.SIGKILL)

    async def leave_dead(self) -> None:
        """Kill -9 the process and do not start it again until start() is called."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.deaths += 1
        self.kill()
        if self._running is not None:
            await self._running.wait()

    def restart_armed(self, point: str, after: int) -> None:
        """Kill it, and let its next life die at a crash point."""
        self._next = {"STEPPE_CRASH__POINT": point, "STEPPE_CRASH__AFTER": str(after)}
        self.kill()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        running = self._running
        if running is None or running.returncode is not None:
            return
        os.killpg(running.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(running.wait(), 10)
        except TimeoutError:
            os.killpg(running.pid, signal.SIGKILL)
            await running.wait()

    def last_words(self) -> str:
        if not self._log.exists():
            return ""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])


class Keeper:
    """The processes of a run, and Valkey among them, by name: what the nemesis acts on."""

    def __init__(self, folder: Path, environment: Mapping[str, str], valkey: EmbeddedValkey) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._valkey = valkey
        self._valkey_stop = asyncio.Event()
        self._valkey_task: asyncio.Task[None] | None = None
        self.processes: dict[str, Process] = {}

    async def start(
        self,
        programs: Mapping[str, tuple[str, ...]],
        extra: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Start Valkey and every program; `extra` holds variables of single processes."""
        await self._valkey.start()
        self._valkey_task = asyncio.create_task(self._valkey.run(self._valkey_stop))
        for name, program in programs.items():
            environment = {**self._environment, **(extra or {}).get(name, {})}
            process = Process(name, program, environment, self._folder / f"{name}.log")
            self.processes[name] = process
            process.start()

    async def kill(self, name: str) -> None:
        if name != "valkey":
            self.processes[name].kill()
        elif self._valkey.pid is not None:
            os.kill(self._valkey.pid, signal.SIGKILL)

    async def restart_armed(self, name: str, point: str, after: int) -> None:
        self.processes[name].restart_armed(point, after)

    async def stop(self) -> None:
        await asyncio.gather(*(process.stop() for process in self.processes.values()))
        self._valkey_stop.set()
        if self._valkey_task is not None:
            await self._valkey_task

    def pids(self) -> dict[str, int]:
        """Return the processes that run now."""
        running = {name: process.pid for name, process in self.processes.items()} | {
            "valkey": self._valkey.pid
        }
        return {name: pid for name, pid in running.items() if pid is not None}

    def deaths(self) -> dict[str, int]:
        return {name: process.deaths for name, process in self.processes.items()}
