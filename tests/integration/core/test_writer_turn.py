"""Writers of one SQLite file wait in line, and who stops waiting holds nobody up."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select

from core.database import Database
from core.database.turn import WriterTurn
from core.errors import Unavailable

numbers = Table("numbers", MetaData(), Column("number", Integer))


@pytest.fixture
def line(tmp_path: Path) -> Iterator[Callable[[], WriterTurn]]:
    """Places of several processes in the line of one file."""
    made: list[WriterTurn] = []

    def join() -> WriterTurn:
        made.append(WriterTurn(tmp_path / "facts.sqlite3"))
        return made[-1]

    yield join
    for each in made:
        each.close()


async def is_free(turn: WriterTurn) -> bool:
    try:
        await turn.take(0.05)
    except TimeoutError:
        return False
    turn.give_back()
    return True


async def test_a_turn_is_one_processs_and_goes_to_who_waits(line: Any) -> None:
    first, second = line(), line()
    await first.take(1.0)
    waiting = asyncio.create_task(second.take(5.0))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    first.give_back()
    await waiting
    assert not await is_free(first)
    second.give_back()
    assert await is_free(first)


async def test_who_waited_too_long_passes_the_turn_on_when_it_comes(line: Any, eventually: Any) -> None:
    first, second, third = line(), line(), line()
    await first.take(1.0)
    with pytest.raises(TimeoutError):
        await second.take(0.05)
    first.give_back()
    await eventually(lambda: is_free(third))
    assert await is_free(second)


async def test_who_asks_again_keeps_the_place_that_it_had(line: Any) -> None:
    first, second = line(), line()
    await first.take(1.0)
    with pytest.raises(TimeoutError):
        await second.take(0.05)
    again = asyncio.create_task(second.take(5.0))
    await asyncio.sleep(0.05)
    first.give_back()
    await again
    assert not await is_free(first)
    second.give_back()


async def test_a_cancelled_wait_leaves_the_line_open(line: Any, eventually: Any) -> None:
    first, second, third = line(), line(), line()
    await first.take(1.0)
    waiting = asyncio.create_task(second.take(5.0))
    await asyncio.sleep(0.05)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    first.give_back()
    await eventually(lambda: is_free(third))


async def test_a_turn_dies_with_its_process(line: Any) -> None:
    first, second = line(), line()
    await first.take(1.0)
    first.close()
    assert await is_free(second)


async def test_every_process_gets_its_turn_beside_one_that_never_pauses(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    greedy, modest = await Database.open(url), await Database.open(url)
    async with greedy.write() as tx:
        await tx.run_sync(numbers.metadata.create_all)
    enough = asyncio.Event()

    async def grab() -> None:
        while not enough.is_set():
            async with greedy.write() as tx:
                await tx.execute(insert(numbers).values(number=0))
                await asyncio.sleep(0.02)

    grabbing = asyncio.create_task(grab())
    for number in range(1, 11):
        async with modest.write() as tx:
            await tx.execute(insert(numbers).values(number=number))
    enough.set()
    await grabbing
    async with modest.read() as tx:
        mine = select(func.count()).where(numbers.c.number > 0)
        assert (await tx.execute(mine)).scalar_one() == 10
    await greedy.close()
    await modest.close()


async def test_a_line_that_does_not_move_is_told_as_busy(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'facts.sqlite3'}"
    holder, other = await Database.open(url), await Database.open(url, busy_timeout_s=0.1)
    async with holder.write():
        with pytest.raises(Unavailable) as busy:
            async with other.write():
                pass
    assert busy.value.code == "database-busy"
    async with other.write() as tx:
        await tx.run_sync(numbers.metadata.create_all)
    await holder.close()
    await other.close()
