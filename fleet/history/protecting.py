"""What SQL says must be kept: around alarms and stop commands, and under legal holds."""

from sqlalchemy import or_, select

from core.clock import moment_of_ms, ms_of_moment
from core.database import Database, Transaction
from fleet.alarms.tables import alarms
from fleet.commands.tables import commands
from fleet.history.holds.store import HoldStore
from fleet.history.protection import AROUND_MS, EVERYBODY, Protected
from fleet.links.wire.commands import STOP_KINDS


class Protection:
    """Asks for the spans that touch some hours."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def held(self, from_ms: int, to_ms: int, *, now_ms: int) -> Protected:
        """Return the legal holds that stand now, five minutes on either side included. Raises Unavailable."""
        async with self._database.read() as tx:
            holds = await HoldStore(tx).standing(moment_of_ms(now_ms))
        spans = (
            (hold.vehicle_no or EVERYBODY, ms_of_moment(hold.from_at), ms_of_moment(hold.to_at))
            for hold in holds
        )
        around = ((number, since - AROUND_MS, until + AROUND_MS) for number, since, until in spans)
        return Protected.of(around).within(from_ms, to_ms)

    async def around_events(self, from_ms: int, to_ms: int) -> Protected:
        """Return five minutes on either side of alarms, of their end, and of stops. Raises Unavailable."""
        async with self._database.read() as tx:
            events = [
                *await _alarms(tx, from_ms - AROUND_MS, to_ms + AROUND_MS),
                *await _stops(tx, from_ms - AROUND_MS, to_ms + AROUND_MS),
            ]
        return Protected.of((number, at - AROUND_MS, at + AROUND_MS) for number, at in events)


async def _alarms(tx: Transaction, from_ms: int, to_ms: int) -> list[tuple[int, int]]:
    since, until, row = moment_of_ms(from_ms), moment_of_ms(to_ms), alarms.c
    query = select(row.vehicle_no, row.raised_at, row.cleared_at).where(
        or_(row.raised_at.between(since, until), row.cleared_at.between(since, until))
    )
    found = (await tx.execute(query)).all()
    return [
        (int(one.vehicle_no), ms_of_moment(at))
        for one in found
        for at in (one.raised_at, one.cleared_at)
        if at is not None
    ]


async def _stops(tx: Transaction, from_ms: int, to_ms: int) -> list[tuple[int, int]]:
    row = commands.c
    kinds = sorted(kind.value for kind in STOP_KINDS)
    query = select(row.vehicle_no, row.issued_at).where(
        row.kind.in_(kinds), row.issued_at.between(moment_of_ms(from_ms), moment_of_ms(to_ms))
    )
    return [(int(one.vehicle_no), ms_of_moment(one.issued_at)) for one in (await tx.execute(query)).all()]
