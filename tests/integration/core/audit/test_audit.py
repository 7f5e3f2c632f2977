"""The audit: entries stand with their facts, one chain, signed days, and a verifier that finds one byte."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import DBAPIError

from core import audit
from core.audit.chain import HeadSigner
from core.audit.sealing import BATCH, AuditSealer
from core.audit.tables import KEPT, audit_entries, audit_pending, audit_seals
from core.audit.verify import AuditReport, verify
from core.database import Database
from core.errors import SteppeError

SIGNER = HeadSigner("an audit key of a test, 32 characters")
DAY_S = 86_400


async def _record(database: Database, clock: Any, count: int = 1, **fields: Any) -> None:
    for number in range(count):
        async with database.write() as tx:
            await audit.record(
                tx, None, "vehicle.commanded", f"vehicle:{number}", {"zh": "停车", **fields}, at=clock.now()
            )


async def _tamper(database: Database, statement: Any) -> None:
    """Change the audit as somebody does who may also drop its triggers."""
    async with database.write() as tx:
        for table in KEPT:
            name = table.name
            for trigger in (f"{name}_no_update", f"{name}_no_delete", f"{name}_kept"):
                on = f" ON {name}" if database.dialect == "postgresql" else ""
                await tx.execute(text(f"DROP TRIGGER IF EXISTS {trigger}{on}"))
        await tx.execute(statement)


async def _report(database: Database, clock: Any, public_key: bytes | None = None) -> AuditReport:
    async with database.read() as tx:
        return await verify(tx, at=clock.now(), public_key=public_key)


async def test_sealed_entries_verify_and_the_tail_is_counted(database: Database, clock: Any) -> None:
    await _record(database, clock, 5)
    sealer = AuditSealer(database, clock, SIGNER)
    assert (await sealer.seal()).entries == 5
    await _record(database, clock, 2)
    report = await _report(database, clock)
    assert (report.holds, report.entries, report.sealed, report.unsealed) == (True, 7, 5, 2)
    assert (await sealer.seal()).entries == 2
    assert (await _report(database, clock)).unsealed == 0


async def test_an_entry_falls_with_its_transaction(sqlite_database: Database, clock: Any) -> None:
    with pytest.raises(RuntimeError):
        async with sqlite_database.write() as tx:
            await audit.record(tx, None, "vehicle.commanded", "vehicle:1", at=clock.now())
            raise RuntimeError
    assert (await _report(sqlite_database, clock)).entries == 0


@pytest.mark.parametrize("table", KEPT, ids=[table.name for table in KEPT])
async def test_the_database_itself_refuses_to_change_or_drop_a_row(
    database: Database, clock: Any, table: Any
) -> None:
    await _record(database, clock, 2)
    sealer = AuditSealer(database, clock, SIGNER)
    await sealer.seal()
    clock.advance(DAY_S)
    await sealer.seal()
    first = next(iter(table.c))
    for statement in (update(table).values({first.name: first}), delete(table)):
        with pytest.raises((DBAPIError, SteppeError)):
            async with database.write() as tx:
                await tx.execute(statement)
    assert (await _report(database, clock)).holds


async def test_one_flipped_byte_is_found(database: Database, clock: Any) -> None:
    await _record(database, clock, 20)
    await AuditSealer(database, clock, SIGNER).seal()
    async with database.read() as tx:
        victim = (await tx.execute(select(audit_seals.c.entry_id).where(audit_seals.c.seq == 7))).scalar_one()
    await _tamper(
        database, update(audit_entries).where(audit_entries.c.id == victim).values(object="vehicle:7")
    )
    findings = (await _report(database, clock)).findings
    assert [(finding.kind, finding.seq) for finding in findings] == [("entry-changed", 7)]


async def test_a_rewritten_entry_hash_breaks_the_chain(sqlite_database: Database, clock: Any) -> None:
    await _record(sqlite_database, clock, 5)
    await AuditSealer(sqlite_database, clock, SIGNER).seal()
    await _tamper(
        sqlite_database, update(audit_seals).where(audit_seals.c.seq == 3).values(entry_hash=bytes(32))
    )
    kinds = {finding.kind for finding in (await _report(sqlite_database, clock)).findings}
    assert kinds == {"entry-changed", "chain-broken"}


async def test_a_removed_entry_is_found_wherever_it_stood(sqlite_database: Database, clock: Any) -> None:
    await _record(sqlite_database, clock, 5)
    sealer = AuditSealer(sqlite_database, clock, SIGNER)
    await sealer.seal()
    clock.advance(DAY_S)
    await sealer.seal()
    await _tamper(sqlite_database, delete(audit_seals).where(audit_seals.c.seq.in_([2, 5])))
    findings = (await _report(sqlite_database, clock)).findings
    assert {(finding.kind, finding.seq) for finding in findings} >= {
        ("number-missing", 3),
        ("head-missing-seal", 5),
    }


async def test_a_chain_whose_head_somebody_else_signed_is_found_by_the_key_kept_elsewhere(
    sqlite_database: Database, clock: Any
) -> None:
    forger = HeadSigner("the key of somebody else, 32 characters")
    await _record(sqlite_database, clock, 3)
    await AuditSealer(sqlite_database, clock, forger).seal()
    clock.advance(DAY_S)
    await AuditSealer(sqlite_database, clock, forger).seal()
    assert (await _report(sqlite_database, clock)).holds
    report = await _report(sqlite_database, clock, SIGNER.public_key)
    assert [finding.kind for finding in report.findings] == ["head-signature"]


async def test_each_ended_day_gets_one_signed_head(database: Database, clock: Any) -> None:
    sealer = AuditSealer(database, clock, SIGNER)
    for _ in range(3):
        await _record(database, clock, 2)
        await sealer.seal()
        clock.advance(DAY_S)
    assert (await sealer.seal()).heads == 1
    assert (await sealer.seal()).heads == 0
    report = await _report(database, clock, SIGNER.public_key)
    assert (report.holds, report.heads, report.last_seq) == (True, 3, 6)


async def test_two_sealers_make_one_chain_and_a_batch_is_no_limit(database: Database, clock: Any) -> None:
    async with database.write() as tx:
        for number in range(BATCH + 3):
            await audit.record(tx, None, "vehicle.commanded", f"vehicle:{number}", at=clock.now())
    first, second = (AuditSealer(database, clock, SIGNER) for _ in range(2))
    await asyncio.gather(first.seal(), second.seal())
    report = await _report(database, clock)
    assert (report.holds, report.sealed, report.unsealed) == (True, BATCH + 3, 0)


async def test_an_entry_hidden_from_the_sealer_is_found_after_a_minute(
    sqlite_database: Database, clock: Any
) -> None:
    await _record(sqlite_database, clock)
    async with sqlite_database.write() as tx:
        await tx.execute(delete(audit_pending))
    await AuditSealer(sqlite_database, clock, SIGNER).seal()
    clock.advance(61)
    report = await _report(sqlite_database, clock)
    assert [finding.kind for finding in report.findings] == ["tail-too-old"]


async def test_the_running_sealer_seals_within_a_second_and_leaves_no_tail(
    sqlite_database: Database, clock: Any, eventually: Any
) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(AuditSealer(sqlite_database, clock, SIGNER).run(stop))
    await _record(sqlite_database, clock)

    async def is_sealed() -> bool:
        return (await _report(sqlite_database, clock)).unsealed == 0

    await eventually(is_sealed, within=3)
    await _record(sqlite_database, clock)
    stop.set()
    await running
    assert (await _report(sqlite_database, clock)).unsealed == 0
