"""Calls that come at the same time are answered in one group, and each as if it had come alone."""

import asyncio
from collections.abc import Sequence

import pytest

from core.errors import Conflict, SteppeError, Unavailable
from core.together import Together


class Doubling:
    """Doubles numbers in groups; refuses 13, breaks at 0 and is away at 99."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, numbers: Sequence[int]) -> list[int | SteppeError]:
        self.groups.append(list(numbers))
        await self.gate.wait()
        if 99 in numbers:
            raise Unavailable("database-busy")
        if 0 in numbers:
            raise ZeroDivisionError
        return [Conflict("conflict") if number == 13 else 2 * number for number in numbers]


async def test_what_comes_while_a_group_is_under_way_is_the_next_group_in_its_order() -> None:
    doubling = Doubling()
    together = Together(doubling, most=3)
    assert await asyncio.gather(*map(together, range(1, 7))) == [2, 4, 6, 8, 10, 12]
    assert doubling.groups == [[1, 2, 3], [4, 5, 6]]
    assert await together(7) == 14
    doubling.gate.clear()
    asked = [asyncio.create_task(together(8))]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    asked += [asyncio.create_task(together(number)) for number in (9, 10)]
    await asyncio.sleep(0)
    doubling.gate.set()
    assert await asyncio.gather(*asked) == [16, 18, 20]
    assert doubling.groups[2:] == [[7], [8], [9, 10]]


async def test_a_refusal_is_of_the_one_who_asked() -> None:
    together = Together(Doubling(), most=8)
    answers = await asyncio.gather(*map(together, (1, 13, 2)), return_exceptions=True)
    assert [answers[0], answers[2]] == [2, 4]
    assert isinstance(answers[1], Conflict)


async def test_who_breaks_a_group_breaks_it_for_nobody_else() -> None:
    doubling = Doubling()
    answers = await asyncio.gather(*map(Together(doubling, most=8), (1, 0, 2)), return_exceptions=True)
    assert [answers[0], answers[2]] == [2, 4]
    assert isinstance(answers[1], ZeroDivisionError)
    assert doubling.groups == [[1, 0, 2], [1], [0], [2]]


async def test_an_outage_is_told_to_all_and_not_asked_again_one_by_one() -> None:
    doubling = Doubling()
    answers = await asyncio.gather(*map(Together(doubling, most=8), (1, 99)), return_exceptions=True)
    assert [type(each) for each in answers] == [Unavailable, Unavailable]
    assert len(doubling.groups) == 1


async def test_who_goes_away_before_his_group_begins_asks_nothing_and_later_takes_nobody_with_him() -> None:
    doubling = Doubling()
    together = Together(doubling, most=8)
    doubling.gate.clear()
    first, second = asyncio.create_task(together(1)), asyncio.create_task(together(2))
    await asyncio.sleep(0.01)
    gone, stays = asyncio.create_task(together(3)), asyncio.create_task(together(4))
    await asyncio.sleep(0.01)
    first.cancel()
    gone.cancel()
    doubling.gate.set()
    assert [await second, await stays] == [4, 8]
    assert doubling.groups == [[1, 2], [4]]
    with pytest.raises(asyncio.CancelledError):
        await first
    assert await together(5) == 10
