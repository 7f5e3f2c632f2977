"""Mutant: whoever read a waiting fact takes it, whether or not it still waits."""

from sqlalchemy import update

import tests.chaos.ground.jobs as jobs
from core.database import Transaction
from tests.chaos.ground.facts import facts


async def _claim(tx: Transaction, fact: str) -> bool:
    await tx.execute(update(facts).where(facts.c.id == fact).values(state="done"))
    return True


jobs.claim = _claim
