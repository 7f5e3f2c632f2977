"""Calls on the nodes of a cluster: one pipeline a node on one connection, its tail on the same.

redis-py's own pipeline sends a redirected command again on another connection, where a WAIT behind it would
wait for nothing, and drops every connection of the client when one node is away. Here a node that is away
harms only its own slots.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from redis.asyncio.cluster import ClusterNode, PipelineCommand
from redis.crc import key_slot
from redis.exceptions import AskError, MovedError, NoPermissionError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.clock import Clock
from core.redis import REDIS_DOWN, RedisCluster

REFRESH_EVERY_S: Final = 0.25
"""Least time between two questions for who holds what: one costs 10 ms, and a failover takes seconds."""
SHUN_S: Final = 1.0
"""How long a node that did not answer in time is left alone, so that the others' calls go on."""

_AWAY: tuple[type[Exception], ...] = (*REDIS_DOWN, OSError)
_FAILED: tuple[type[Exception], ...] = (RedisError, *_AWAY)

type Words = tuple[Any, ...]
"""A command and its arguments."""


class Call(NamedTuple):
    """A command for the primary of a slot."""

    slot: int
    words: Words


class Answer(NamedTuple):
    """What a call brought, and what the tail behind it said on the same connection; each may be an error."""

    value: Any
    tail: Any = None

    @property
    def error(self) -> Exception | None:
        """Return the error of the call itself."""
        return self.value if isinstance(self.value, Exception) else None


class ClusterCalls:
    """Groups calls by node. Safe to share in one event loop; the client is only asked who holds what."""

    def __init__(self, client: RedisCluster, clock: Clock | None = None) -> None:
        self._client = client
        self._clock = clock or Clock.real()
        self._refreshed_s = float("-inf")
        self._refreshing = asyncio.Lock()
        self._shunned: dict[str, float] = {}

    async def run(
        self, calls: Sequence[Call], *, tail: Words | None = None, within_s: float = 1.0
    ) -> list[Answer]:
        """Return each call's answer, in order; a call that found no node has the error for its answer.

        Calls of one node go in one pipeline with ``tail`` behind them. What has moved is sent again to where
        it went, once, with a tail of its own: a command may be done twice. Raises what redis-py raises when
        no node of the cluster can be asked who holds what.
        """
        await self._client.initialize()
        answers = [Answer(RedisConnectionError("not asked"))] * len(calls)
        await self._round(calls, range(len(calls)), answers, tail, within_s)
        again = [number for number, answer in enumerate(answers) if answer.error is not None]
        if again and await self._learn([answers[number] for number in again]):
            await self._round(calls, again, answers, tail, within_s)
        return answers

    async def node_name(self, slot: int) -> str:
        """Return host:port of a slot's primary as far as is known; empty when nobody holds it."""
        await self._client.initialize()
        try:
            return self._node_of(slot).name
        except _AWAY:
            return ""

    def _node_of(self, slot: int) -> ClusterNode:
        return self._client.nodes_manager.get_node_from_slot(slot)

    async def each_primary(self, words: Words, *, within_s: float = 1.0) -> dict[str, Any]:
        """Return every primary's answer by its host:port; the error where there is none."""
        await self._client.initialize()
        nodes = self._client.get_primaries()
        found = await asyncio.gather(*(self._on(node, [words], within_s) for node in nodes))
        answers = {node.name: answer for node, (answer,) in zip(nodes, found, strict=True)}
        await self._learn([Answer(answer) for answer in answers.values()])
        return answers

    async def _round(
        self,
        calls: Sequence[Call],
        numbers: Sequence[int],
        answers: list[Answer],
        tail: Words | None,
        within_s: float,
    ) -> None:
        groups: dict[str, tuple[ClusterNode, list[int]]] = {}
        for number in numbers:
            try:
                node = self._node_of(calls[number].slot)
            except _AWAY as error:
                answers[number] = Answer(error)
                continue
            groups.setdefault(node.name, (node, []))[1].append(number)

        async def ask(node: ClusterNode, those: list[int]) -> None:
            words = [calls[number].words for number in those]
            found = await self._with_tail(node, words, tail, within_s)
            for number, answer in zip(those, found, strict=True):
                answers[number] = await self._asked_elsewhere(calls[number], answer, tail, within_s)

        await asyncio.gather(*(ask(node, those) for node, those in groups.values()))

    async def _with_tail(
        self, node: ClusterNode, words: list[Words], tail: Words | None, within_s: float
    ) -> list[Answer]:
        found = await self._on(node, words if tail is None else [*words, tail], within_s)
        said = None if tail is None else found.pop()
        return [Answer(value, said) for value in found]

    async def _asked_elsewhere(
        self, call: Call, answer: Answer, tail: Words | None, within_s: float
    ) -> Answer:
        """Follow a slot that is on the move: its new node takes the call behind an ASKING."""
        error = answer.error
        if not isinstance(error, AskError) or isinstance(error, MovedError):
            return answer
        node = self._client.get_node(error.host, error.port)
        if node is None:
            return answer
        _, moved = await self._with_tail(node, [("ASKING",), call.words], tail, within_s)
        return moved

    async def _on(self, node: ClusterNode, words: list[Words], within_s: float) -> list[Any]:
        """Return the answers of one pipeline on one connection; an error stands for each when it broke."""
        if self._shunned.get(node.name, 0.0) > self._clock.monotonic_s():
            return [RedisConnectionError(f"{node.name} did not answer in time")] * len(words)
        commands = [PipelineCommand(number, *some) for number, some in enumerate(words)]
        try:
            async with asyncio.timeout(within_s):
                await node.execute_pipeline(commands)
        except (TimeoutError, RedisTimeoutError):
            self._shunned[node.name] = self._clock.monotonic_s() + SHUN_S
            return [RedisTimeoutError(f"{node.name} did not answer in {within_s} s")] * len(words)
        except _FAILED as error:
            return [error] * len(words)
        if any(isinstance(command.result, RedisConnectionError) for command in commands):
            # they were opened to the same server that closed this one
            await node.disconnect_free_connections()
        return [command.result for command in commands]

    async def _learn(self, answers: Sequence[Answer]) -> bool:
        """Take what the errors say about who holds what; return whether to try again."""
        errors = [answer.error for answer in answers if answer.error is not None]
        moves = [error for error in errors if isinstance(error, MovedError)]
        for error in moves:
            await self._client.nodes_manager.move_slot(error)
        if len(moves) == len(errors):
            return bool(moves)
        if all(isinstance(error, NoPermissionError) for error in errors):
            return False
        return await self._refresh() or bool(moves)

    async def _refresh(self) -> bool:
        """Ask the cluster who holds what; False when that was done a moment ago or nobody answers."""
        async with self._refreshing:
            if self._clock.monotonic_s() - self._refreshed_s < REFRESH_EVERY_S:
                return False
            self._refreshed_s = self._clock.monotonic_s()
            try:
                await self._client.nodes_manager.initialize()
            except _AWAY:
                return False
            return True


def slot_of(key: str) -> int:
    """Return the slot of a key: of what stands in its braces, if anything does."""
    return key_slot(key.encode())
