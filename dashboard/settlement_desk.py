"""What staff of an operating company reads and does about money, each a use case with its own answer."""

from collections.abc import Awaitable, Callable

from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.errors import NotFound
from core.ids import DistrictCode, MerchantId, OrderId
from core.privacy.cipher import SecretKeys
from core.privacy.phones import parse_phone
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.settlement import (
    CorrectionBody,
    MerchantAccount,
    OrderEntries,
    PayoutBody,
    Received,
    RefundBody,
    TopUpBody,
    entries_view,
    entry_view,
)
from services.delivery.store import CatalogueStore
from services.orders.store import OrderStore
from services.settlement.accounts import AccountKind, account
from services.settlement.give_money import correct_merchant, pay_merchant, refund_order
from services.settlement.store import BookedEntry, Journal, TermsStore, of_operator, of_order
from services.settlement.take_money import own_operator, receive_order_due, top_up

CREATED = 201

type Deed = Callable[[Transaction], Awaitable[Received]]


async def entries_of_order(parts: DashboardParts, principal: Principal, order_id: OrderId) -> OrderEntries:
    """Return everything that an order within reach has moved; raise NotFound."""
    async with parts.database.read() as tx:
        order = await OrderStore(tx).get(order_id, reach_of(principal))
        kept = (await TermsStore(tx).of_orders([order_id])).get(order_id)
        journal = Journal(tx)
        booked = await journal.entries_of(of_order(order_id))
        owed = account(AccountKind.RESIDENT_DUE, order.resident_id)
        due = -await journal.net(of_order(order_id), owed)
        refunded = await journal.refunded(of_order(order_id))
    return OrderEntries(
        paid_by=None if kept is None else kept.paid_by.value,
        platform_fee_bp=None if kept is None else kept.platform_fee_bp,
        subsidy_fen=None if kept is None else kept.subsidy_fen,
        due_fen=due,
        refunded_fen=refunded,
        items=entries_view(booked),
    )


async def take_top_up(
    parts: DashboardParts, keys: SecretKeys, principal: Principal, body: TopUpBody, repeated: Repeated
) -> Received:
    """Take a top-up; raise NotFound for a phone that has never signed in."""

    async def write(tx: Transaction) -> Received:
        resident = await ResidentStore(tx, keys).find(parse_phone(body.phone))
        if resident is None:
            raise NotFound("not-found", "nobody has signed in with this phone", field="phone")
        receipt = await top_up(
            tx,
            parts.payments,
            principal,
            resident,
            amount_fen=body.amount_fen,
            district=DistrictCode(body.district),
            note=body.note,
            at=parts.clock.now(),
        )
        balance = await Journal(tx).balance(account(AccountKind.RESIDENT_BALANCE, resident))
        return Received(entry=entry_view(receipt), balance_fen=balance)

    return await once(parts, repeated, write)


async def take_due(
    parts: DashboardParts, principal: Principal, order_id: OrderId, note: str, repeated: Repeated
) -> Received:
    """Take what is due for an order; afterwards nothing is."""

    async def write(tx: Transaction) -> Received:
        receipt = await receive_order_due(
            tx, parts.payments, principal, order_id, note=note, at=parts.clock.now()
        )
        return Received(entry=entry_view(receipt), balance_fen=0)

    return await once(parts, repeated, write)


async def refund(
    parts: DashboardParts, principal: Principal, order_id: OrderId, body: RefundBody, repeated: Repeated
) -> Received:
    """Give part of an order's price back; the answer says how much of it was given back so far."""

    async def write(tx: Transaction) -> Received:
        booked = await refund_order(
            tx,
            principal,
            order_id,
            amount_fen=body.amount_fen,
            borne_by=body.borne_by,
            reason=body.reason,
            at=parts.clock.now(),
        )
        so_far = await Journal(tx).refunded(of_order(order_id))
        return Received(entry=entry_view(booked), balance_fen=so_far)

    return await once(parts, repeated, write)


async def pay_out(
    parts: DashboardParts, principal: Principal, merchant_id: str, body: PayoutBody, repeated: Repeated
) -> Received:
    """Record a payout; the answer says what is owed after it."""

    async def write(tx: Transaction) -> Received:
        receipt = await pay_merchant(
            tx,
            parts.payments,
            principal,
            MerchantId(merchant_id),
            amount_fen=body.amount_fen,
            note=body.note,
            at=parts.clock.now(),
        )
        return await _owed_after(tx, principal, merchant_id, receipt)

    return await once(parts, repeated, write)


async def correct(
    parts: DashboardParts, principal: Principal, merchant_id: str, body: CorrectionBody, repeated: Repeated
) -> Received:
    """Correct a merchant's account; the answer says what is owed after it."""

    async def write(tx: Transaction) -> Received:
        booked = await correct_merchant(
            tx,
            principal,
            MerchantId(merchant_id),
            amount_fen=body.amount_fen,
            reason=body.reason,
            at=parts.clock.now(),
        )
        return await _owed_after(tx, principal, merchant_id, booked)

    return await once(parts, repeated, write)


async def merchant_accounts(parts: DashboardParts, principal: Principal) -> list[MerchantAccount]:
    """Return what one's own company owes each merchant within reach, the most first."""
    operator = own_operator(principal)
    async with parts.database.read() as tx:
        standing = await Journal(tx).merchants_of(operator)
        merchants = await CatalogueStore(tx).merchants_by_id(list(standing), reach_of(principal))
    found = [
        MerchantAccount(
            merchant_id=merchant_id,
            name_zh=merchants[merchant_id].name_zh,
            name_en=merchants[merchant_id].name_en,
            district=merchants[merchant_id].district,
            owed_fen=sums.owed_fen,
            paid_out_fen=sums.paid_out_fen,
        )
        for merchant_id, sums in standing.items()
        if merchant_id in merchants
        and (principal.districts is None or merchants[merchant_id].district in principal.districts)
    ]
    return sorted(found, key=lambda each: (-each.owed_fen, each.merchant_id))


async def _owed_after(
    tx: Transaction, principal: Principal, merchant_id: str, booked: BookedEntry
) -> Received:
    theirs = account(AccountKind.MERCHANT, merchant_id)
    owed = await Journal(tx).net(of_operator(own_operator(principal)), theirs)
    return Received(entry=entry_view(booked), balance_fen=owed)


async def once(parts: DashboardParts, repeated: Repeated, write: Deed) -> Received:
    """Return what ``write`` answers; the same key answers the same again and writes nothing."""
    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, Received, write, status=CREATED, wall=wall)
