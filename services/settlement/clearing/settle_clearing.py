"""Paying a clearing: the payer says by which reference, the payee that it has arrived or has not."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal
from core.database import Transaction
from core.errors import Forbidden, Invalid, VersionMismatch
from core.ids import OperatorId
from services.settlement.clearing.clearing import (
    Clearing,
    ClearingEvent,
    ClearingId,
    Step,
    advance,
    settling_entry,
)
from services.settlement.clearing.store import ClearingStore
from services.settlement.store import Journal
from services.settlement.take_money import own_operator

MOST_REFERENCE_CHARS = 80
MOST_REASON_CHARS = 200

type Said = tuple[Clearing, tuple[Step, ...]]
"""A clearing and everything that was said of it."""


async def pay_clearing(
    tx: Transaction,
    principal: Principal,
    clearing_id: ClearingId,
    *,
    reference: str,
    version: int,
    at: datetime,
) -> Said:
    """Note that the payer has sent the money, outside of this system, and by which reference.

    Raises NotFound, Forbidden for anybody but the payer, Invalid without a reference, VersionMismatch, and
    IllegalTransition for one that is not due.
    """
    said = _some(reference, "reference", MOST_REFERENCE_CHARS)
    one, steps = await _read(tx, principal, clearing_id, version)
    _must_be(principal, one.payer, "only the company that pays says that it has paid")
    step = _step(principal, one, steps, ClearingEvent.PAID, at=at, reference=said)
    return await _keep(tx, principal, one, steps, step)


async def deny_clearing(
    tx: Transaction, principal: Principal, clearing_id: ClearingId, *, reason: str, version: int, at: datetime
) -> Said:
    """Note that what the payer says has not arrived: it is due again. Raises as ``pay_clearing`` does."""
    said = _some(reason, "reason", MOST_REASON_CHARS)
    one, steps = await _read(tx, principal, clearing_id, version)
    _must_be(principal, one.payee, "only the company that is paid says whether it was")
    step = _step(principal, one, steps, ClearingEvent.DENIED, at=at, reason=said)
    return await _keep(tx, principal, one, steps, step)


async def confirm_clearing(
    tx: Transaction, principal: Principal, clearing_id: ClearingId, *, version: int, at: datetime
) -> Said:
    """Note that the money has arrived, and post it: the debt is gone, the tills have changed by it.

    Raises as ``pay_clearing`` does.
    """
    one, steps = await _read(tx, principal, clearing_id, version)
    _must_be(principal, one.payee, "only the company that is paid says whether it was")
    step = _step(principal, one, steps, ClearingEvent.CONFIRMED, at=at)
    kept = await _keep(tx, principal, one, steps, step)
    entry = settling_entry(one, reference=steps[-1].reference, actor=step.actor, at=at)
    await Journal(tx).post(entry)
    return kept


async def _read(tx: Transaction, principal: Principal, clearing_id: ClearingId, version: int) -> Said:
    store = ClearingStore(tx)
    one = await store.one(clearing_id, own_operator(principal))
    steps = (await store.steps_of([clearing_id]))[clearing_id]
    if len(steps) != version:
        raise VersionMismatch("version-mismatch", clearing_id=clearing_id, version=len(steps))
    return one, steps


async def _keep(
    tx: Transaction, principal: Principal, one: Clearing, steps: tuple[Step, ...], step: Step
) -> Said:
    after = advance(steps, step)
    await ClearingStore(tx).add_step(step)
    fields = {"amount_fen": one.amount_fen, "payer": one.payer, "payee": one.payee}
    if step.reference:
        fields["reference"] = step.reference
    action = f"clearing.{step.event.value.removeprefix('clearing_')}"
    about = f"clearing:{one.clearing_id}"
    await audit.record(tx, principal, action, about, fields, step.reason or None, at=step.at)
    return one, after


def _step(
    principal: Principal,
    one: Clearing,
    steps: tuple[Step, ...],
    event: ClearingEvent,
    *,
    at: datetime,
    reference: str = "",
    reason: str = "",
) -> Step:
    return Step(
        clearing_id=one.clearing_id,
        seq=len(steps) + 1,
        event=event,
        at=at,
        operator=own_operator(principal),
        actor=f"staff:{principal.id}",
        reference=reference,
        reason=reason,
    )


def _must_be(principal: Principal, wanted: OperatorId, why: str) -> None:
    if own_operator(principal) != wanted:
        raise Forbidden("forbidden", why)


def _some(text: str, field: str, most: int) -> str:
    said = text.strip()
    if not 1 <= len(said) <= most:
        raise Invalid("invalid-input", f"1 to {most} characters", field=field, limit=f"1 to {most}")
    return said
