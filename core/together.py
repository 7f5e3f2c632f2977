"""Answering at once what was asked at the same time: while a group is being answered the next one gathers.

A caller alone waits for nobody. Under load the statements of a group are shared, which is what makes placing
an order cheap when three hundred a second come (ADR 28).
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context

from core.errors import SteppeError, Unavailable

type Work[W, R] = Callable[[Sequence[W]], Awaitable[Sequence[R | SteppeError]]]


class Together[W, R]:
    """Collects calls and answers them in groups, in the order in which they came."""

    def __init__(self, work: Work[W, R], *, most: int) -> None:
        """Take who answers a group (an answer or a refusal for each, in order) and how many are one at most.

        ``work`` is all or nothing: when it raises nothing of the group has happened.
        """
        self._work = work
        self._most = most
        self._waiting: list[tuple[W, asyncio.Future[R]]] = []
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, wanted: W) -> R:
        """Return the answer; raise the refusal. A caller who is cancelled before his group begins asks
        nothing; later his answer is nobody's, and what was done is done."""
        mine: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, mine))
        if self._running is None:
            # in a context of its own: what is logged for a group is nobody's request
            self._running = asyncio.create_task(self._run(), context=Context())
        return await mine

    async def _run(self) -> None:
        try:
            while self._waiting:
                group = [each for each in self._waiting[: self._most] if not each[1].done()]
                del self._waiting[: self._most]
                if group:
                    await self._answer(group)
        finally:
            self._running = None
            for _, left in self._waiting:
                left.cancel()
            self._waiting.clear()

    async def _answer(self, group: Sequence[tuple[W, asyncio.Future[R]]]) -> None:
        try:
            answers = await self._work([wanted for wanted, _ in group])
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the callers'
            if len(group) == 1 or isinstance(error, Unavailable):
                _refuse(group, error)
                return
            # one of them broke it for all: each alone, so that it costs nobody else
            for each in group:
                await self._answer([each])
            return
        except BaseException:
            for _, mine in group:
                mine.cancel()
            raise
        for (_, mine), answer in zip(group, answers, strict=True):
            if mine.done():
                continue
            if isinstance(answer, SteppeError):
                mine.set_exception(answer)
            else:
                mine.set_result(answer)


def _refuse[W, R](group: Sequence[tuple[W, asyncio.Future[R]]], error: Exception) -> None:
    for _, mine in group:
        if not mine.done():
            mine.set_exception(error)
