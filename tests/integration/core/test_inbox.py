"""Reports of vehicles: stored once, acknowledged after commit, handled in order."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import select

from core.clock import Clock
from core.database import Database, Transaction
from core.errors import IllegalTransition, Unavailable
from core.ids import VehicleNo
from core.inbox import InboxItem, InboxWriter, inbox
from core.inbox_consumer import ASIDE, MAX_TRIES, InboxConsumer


def a_report(clock: Clock, vehicle: int = 1, seq: int = 1, kind: str = "stop_reached") -> InboxItem:
    return InboxItem(
        vehicle_no=VehicleNo(vehicle),
        report_seq=seq,
        kind=kind,
        task_id="t1",
        epoch=3,
        body=b"{}",
        measured_at=clock.now(),
        received_at=clock.now(),
    )


@asynccontextmanager
async def writing(database: Database, clock: Clock) -> AsyncIterator[InboxWriter]:
    writer, stop = InboxWriter(database, clock), asyncio.Event()
    task = asyncio.create_task(writer.run(stop))
    try:
        yield writer
    finally:
        stop.set()
        await task


async def outcomes(database: Database) -> list[tuple[int, int, str | None]]:
    query = select(inbox.c.vehicle_no, inbox.c.report_seq, inbox.c.outcome).order_by(inbox.c.id)
    async with database.read() as tx:
        return [tuple(row) for row in await tx.execute(query)]


async def test_a_report_is_stored_once_however_often_it_is_sent(database: Database, clock: Clock) -> None:
    async with writing(database, clock) as writer:
        answers = await asyncio.gather(*(writer.submit(a_report(clock)) for _ in range(4)))
        assert sorted(answers) == ["duplicate", "duplicate", "duplicate", "stored"]
        assert await writer.submit(a_report(clock)) == "duplicate"
        assert await writer.submit(a_report(clock, seq=2)) == "stored"
    assert len(await outcomes(database)) == 2


async def test_a_report_is_in_the_database_when_it_is_acknowledged(database: Database, clock: Clock) -> None:
    async with writing(database, clock) as writer:
        await writer.submit(a_report(clock))
        assert len(await outcomes(database)) == 1


async def test_thousands_are_committed_together(database: Database) -> None:
    clock = Clock.real()
    async with writing(database, clock) as writer:
        began = clock.monotonic_s()
        reports = (a_report(clock, vehicle, seq) for vehicle in range(200) for seq in range(20))
        answers = await asyncio.gather(*(writer.submit(report) for report in reports))
        rate = len(answers) / (clock.monotonic_s() - began)
    assert set(answers) == {"stored"}
    # thousands a second on an idle machine; the bound is what must hold on a crowded one
    assert rate > 500, f"{rate:.0f} reports/s"


async def test_a_writer_that_stops_answers_everybody(database: Database, clock: Clock) -> None:
    async with writing(database, clock) as writer:
        tasks = [asyncio.create_task(writer.submit(a_report(clock, seq=seq))) for seq in range(50)]
        await asyncio.sleep(0)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    stored = sum(answer == "stored" for answer in answers)
    assert stored == len(await outcomes(database))
    assert all(answer == "stored" or isinstance(answer, Unavailable) for answer in answers)
    with pytest.raises(Unavailable):
        await writer.submit(a_report(clock, seq=99))


class Handler:
    """Remembers what it applied; fails for one vehicle while it is told to."""

    def __init__(self, fail_for: int | None = None, error: Exception | None = None) -> None:
        self.applied: list[tuple[int, int]] = []
        self.fail_for = fail_for
        self.error = error or RuntimeError("poison")

    async def __call__(self, tx: Transaction, item: InboxItem, *, at: Any) -> str:
        if item.vehicle_no == self.fail_for:
            raise self.error
        self.applied.append((item.vehicle_no, item.report_seq))
        return "applied"


def a_consumer(database: Database, clock: Clock, handlers: Mapping[str, Any]) -> InboxConsumer:
    return InboxConsumer(database, handlers, clock)


async def store(
    database: Database, clock: Clock, *names: tuple[int, int], kind: str = "stop_reached"
) -> None:
    async with writing(database, clock) as writer:
        for vehicle, seq in names:
            await writer.submit(a_report(clock, vehicle, seq, kind))


async def test_reports_are_handled_in_the_order_of_each_vehicle(database: Database, clock: Clock) -> None:
    await store(database, clock, (1, 2), (2, 1), (1, 1), (2, 2))
    handler = Handler()
    consumer = a_consumer(database, clock, {"stop_reached": handler})
    assert await consumer.consume_once() == 4
    assert handler.applied == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert await consumer.consume_once() == 0


async def test_a_poison_report_stops_nobody_else_and_is_set_aside_with_its_reason(
    database: Database, clock: Any
) -> None:
    await store(database, clock, (1, 1), (2, 1), (2, 2))
    handler = Handler(fail_for=1)
    consumer = a_consumer(database, clock, {"stop_reached": handler})
    for _ in range(MAX_TRIES):
        await consumer.consume_once()
        clock.advance(60)
    assert handler.applied == [(2, 1), (2, 2)]
    assert (await outcomes(database))[0] == (1, 1, ASIDE)
    async with database.read() as tx:
        reason = (await tx.execute(select(inbox.c.aside_reason).where(inbox.c.vehicle_no == 1))).scalar_one()
    assert reason == "RuntimeError: poison"


async def test_a_failing_report_holds_back_the_later_ones_of_its_vehicle(
    database: Database, clock: Any
) -> None:
    await store(database, clock, (1, 1), (1, 2))
    handler = Handler(fail_for=1)
    consumer = a_consumer(database, clock, {"stop_reached": handler})
    await consumer.consume_once()
    assert await consumer.consume_once() == 0
    handler.fail_for = None
    clock.advance(60)
    await consumer.consume_once()
    assert handler.applied == [(1, 1), (1, 2)]


async def test_a_rule_that_refuses_is_final_at_once(database: Database, clock: Clock) -> None:
    await store(database, clock, (1, 1), (1, 2))
    handler = Handler(fail_for=1, error=IllegalTransition("delivered", "stop_reached"))
    await a_consumer(database, clock, {"stop_reached": handler}).consume_once()
    assert [outcome for *_, outcome in await outcomes(database)] == ["illegal-transition"] * 2


async def test_effects_of_a_failed_handler_are_undone(database: Database, clock: Clock) -> None:
    await store(database, clock, (1, 1))

    async def half_done(tx: Transaction, item: InboxItem, *, at: Any) -> str:
        await tx.execute(inbox.update().values(task_id="changed"))
        raise RuntimeError("half")

    await a_consumer(database, clock, {"stop_reached": half_done}).consume_once()
    async with database.read() as tx:
        assert (await tx.execute(select(inbox.c.task_id))).scalar_one() == "t1"


async def test_one_that_is_refused_takes_nothing_of_the_others_back_and_gives_them_nothing_twice(
    database: Database, clock: Clock
) -> None:
    await store(database, clock, (1, 1), (2, 1), (3, 1))

    async def one_more_try(tx: Transaction, item: InboxItem, *, at: Any) -> str:
        await tx.execute(
            inbox.update().where(inbox.c.vehicle_no == item.vehicle_no).values(tries=inbox.c.tries + 1)
        )
        if item.vehicle_no == 2:
            raise IllegalTransition("delivered", "stop_reached")
        return "applied"

    await a_consumer(database, clock, {"stop_reached": one_more_try}).consume_once()
    assert [outcome for *_, outcome in await outcomes(database)] == [
        "applied",
        "illegal-transition",
        "applied",
    ]
    async with database.read() as tx:
        tries = (await tx.execute(select(inbox.c.tries).order_by(inbox.c.vehicle_no))).scalars().all()
    assert tries == [1, 0, 1]


async def test_an_unknown_kind_gets_an_outcome_too(database: Database, clock: Clock) -> None:
    await store(database, clock, (1, 1), kind="of_tomorrow")
    await a_consumer(database, clock, {}).consume_once()
    assert await outcomes(database) == [(1, 1, "no-handler")]


async def test_two_consumers_apply_each_report_once(database: Database, clock: Clock) -> None:
    await store(database, clock, *((vehicle, seq) for vehicle in range(5) for seq in range(20)))
    handler = Handler()
    consumers = [a_consumer(database, clock, {"stop_reached": handler}) for _ in range(2)]
    for _ in range(4):
        await asyncio.gather(*(consumer.consume_once() for consumer in consumers))
    assert len(handler.applied) == len(set(handler.applied)) == 100
