"""Closing the statements of a local day: each merchant's in a transaction, once, whoever runs twice."""

from datetime import date, datetime, tzinfo

from core.clock import Clock
from core.database import Database, Transaction
from core.ids import MerchantId, OperatorId
from services.settlement.accounts import AccountKind, account
from services.settlement.statement import Statement, by_day, end_of, last_ended_day, statement_of
from services.settlement.statement_store import StatementStore
from services.settlement.store import Journal


async def close_statements(
    tx: Transaction,
    operator: OperatorId,
    merchant_id: MerchantId,
    until: date,
    zone: tzinfo,
    *,
    at: datetime,
) -> list[Statement]:
    """Close every day up to ``until`` that has something for the merchant; return what was closed.

    The merchant's account is taken first, so that of two closings the second finds nothing left.
    """
    store = StatementStore(tx)
    await Journal(tx).take_turn(account(AccountKind.MERCHANT, merchant_id), at)
    before = await store.last(operator, merchant_id)
    pending = await store.pending(operator, merchant_id, end_of(until, zone))
    closed = []
    for day, lines in by_day(pending, None if before is None else before.day, until, zone).items():
        before = statement_of(operator, merchant_id, before, day, lines, at=at)
        await store.add(before, lines)
        closed.append(before)
    return closed


class StatementKeeper:
    """What a worker does for statements. A day is looked through once; after an outage all missed are."""

    def __init__(self, database: Database, clock: Clock, zone: tzinfo) -> None:
        """Take where the ledger is, and the city's zone."""
        self._database = database
        self._clock = clock
        self._zone = zone

    async def is_due(self) -> bool:
        """Return whether the last day that ended was not looked through yet. Raises Unavailable."""
        async with self._database.read() as tx:
            return not await StatementStore(tx).has_closed(last_ended_day(self._clock.now(), self._zone))

    async def look_once(self) -> int:
        """Close what is due; return how many statements were closed. Raises Unavailable."""
        at = self._clock.now()
        until = last_ended_day(at, self._zone)
        async with self._database.read() as tx:
            if await StatementStore(tx).has_closed(until):
                return 0
            waiting = await StatementStore(tx).waiting(end_of(until, self._zone))
        closed = 0
        for operator, merchant_id in waiting:
            async with self._database.write() as tx:
                closed += len(await close_statements(tx, operator, merchant_id, until, self._zone, at=at))
        async with self._database.write() as tx:
            await StatementStore(tx).mark_closed(until, at=at)
        return closed
