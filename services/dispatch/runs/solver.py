"""Asking for runs: VROOM in a process of its own with a deadline, cheapest insertion behind it and until it
is there."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process

import msgspec
import structlog

from core.metrics import SOLVER_ANSWERS
from services.dispatch.runs import insertion
from services.dispatch.runs.pipe import next_message, read_answer, write_problem
from services.dispatch.runs.problem import Answer, Problem

DEADLINE_S = 4.0
"""Wall seconds an answer may take; 200 vehicles with 400 orders take one (docs/benchmarks.md)."""
START_S = 120.0
"""Wall seconds a new process may take to say that it is ready: it imports VROOM, 3 s of a quiet core."""

_log = structlog.get_logger("services.dispatch.runs")


class RunSolver:
    """Solves one problem after another. A solver that is late or dies costs its answer and nothing more."""

    def __init__(self, *, deadline_s: float = DEADLINE_S, module: str = "services.dispatch.runs") -> None:
        """Take the deadline in wall seconds and the module that is run as the solver's process."""
        self._deadline_s = deadline_s
        self._module = module
        self._process: Process | None = None
        self._starting: asyncio.Task[Process] | None = None
        self._dying: set[Process] = set()
        self._turn = asyncio.Lock()

    async def solve(self, problem: Problem) -> Answer:
        """Return runs; those of cheapest insertion when the process is starting, late, dead or answers
        nonsense."""
        if not problem.shipments or not problem.carriers:
            return Answer(runs=(), solver=insertion.NAME)
        async with self._turn:
            try:
                answer = await self._ask(problem)
            except (TimeoutError, OSError, EOFError, ValueError, msgspec.MsgspecError) as error:
                _log.warning("solver.gave_no_answer", error=repr(error), orders=len(problem.shipments))
                answer = None
        if answer is None:
            answer = insertion.solve(problem)
        SOLVER_ANSWERS.labels(answer.solver).inc()
        return answer

    async def ready(self) -> None:
        """Wait until the process is there, starting it when it is not. Raises TimeoutError, OSError,
        EOFError."""
        if self._process is not None and self._process.returncode is None:
            return
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        starting = self._starting
        try:
            await asyncio.shield(starting)
        finally:
            # also when whoever waits is cancelled: it may have started in that very moment
            self._take(starting)

    async def close(self) -> None:
        """End the process, also one that is starting or that has started and nobody asked since."""
        starting = self._starting
        if starting is not None:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            self._take(starting)
        async with self._turn:
            self._kill()
            await asyncio.gather(*(process.wait() for process in self._dying))
            self._dying.clear()

    async def _ask(self, problem: Problem) -> Answer | None:
        """Return the process' answer, None while it is starting."""
        if not await self._is_ready():
            return None
        process = self._process
        assert process is not None, "ready() has set it"
        assert process.stdin is not None, "opened with PIPE"
        assert process.stdout is not None, "opened with PIPE"
        answer = None
        try:
            async with asyncio.timeout(self._deadline_s):
                process.stdin.write(write_problem(problem))
                await process.stdin.drain()
                answer = read_answer(await next_message(process.stdout))
            return answer
        finally:
            if answer is None:
                # also when cancelled: an answer that comes later must not be read as that of the next problem
                self._kill()

    async def _is_ready(self) -> bool:
        """Return whether the process is there; begin its start when it is not, without waiting for it."""
        try:
            async with asyncio.timeout(0):
                await self.ready()
        except TimeoutError:
            return False
        return True

    async def _start(self) -> Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", self._module, stdin=PIPE, stdout=PIPE
        )
        assert process.stdout is not None, "opened with PIPE"
        try:
            async with asyncio.timeout(START_S):
                await next_message(process.stdout)
        except BaseException:
            process.kill()
            await process.wait()
            raise
        return process

    def _take(self, starting: asyncio.Task[Process]) -> None:
        """Keep the process that has started, once; a start that failed is forgotten."""
        if self._starting is not starting or not starting.done():
            return
        self._starting = None
        if not starting.cancelled() and starting.exception() is None:
            self._process = starting.result()

    def _kill(self) -> None:
        """End the process without waiting for its end; ``close`` does."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            self._dying = {process, *(each for each in self._dying if each.returncode is None)}
