"""The job that acts on waiting facts."""

import asyncio

from sqlalchemy import CursorResult, insert, select, update

from core.crashpoints import reach
from core.database import Transaction
from core.queue import WorkerContext
from tests.chaos.ground.facts import acts, facts


async def claim(tx: Transaction, fact: str) -> bool:
    """Take the fact if it still waits: compare-and-set."""
    taken: CursorResult[tuple[()]] = await tx.execute(
        update(facts).where(facts.c.id == fact, facts.c.state == "waiting").values(state="done")
    )
    return taken.rowcount == 1


async def act(context: WorkerContext, _zone: str) -> dict[str, int]:
    async with context.database.read() as tx:
        waiting = (await tx.execute(select(facts.c.id).where(facts.c.state == "waiting"))).scalars().all()
    acted = 0
    for fact in waiting:
        await asyncio.sleep(0.002)  # deciding takes a while; another worker decides at the same time
        reach("before_claim")
        async with context.database.write() as tx:
            if await claim(tx, fact):
                reach("between_claims")
                await tx.execute(insert(acts).values(fact=fact))
                acted += 1
    return {"waiting": len(waiting), "acted": acted}
