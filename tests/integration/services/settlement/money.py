"""Money in a test town: what residents pay in, what each account holds."""

from datetime import UTC, datetime

from core.ids import DistrictCode, OperatorId
from services.orders.draft import Draft, DraftLine, check_draft
from services.orders.order import Order
from services.orders.place_order import Wanted, place_order
from services.orders.promise import Promise
from services.settlement.accounts import AccountKind, account
from services.settlement.check_books import BooksReport, check_books
from services.settlement.entry import Entry, EntrySource, Posting, PostingKind
from services.settlement.store import Journal, TermsStore
from services.settlement.terms import PaidBy, Terms
from services.tasks.states import StopKind
from tests.integration.services.orders.scripted_vehicle import ScriptedVehicle
from tests.integration.services.orders.town import DOOR, MILK, RESIDENT, SHOP, Town, later

OPERATOR = OperatorId("sample-operator")
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


async def pays_in(
    town: Town, resident: str, amount_fen: int, cause: str = "top-up:1", operator: OperatorId = OPERATOR
) -> None:
    purse, till = account(AccountKind.RESIDENT_BALANCE, resident), account(AccountKind.TILL, operator)
    entry = Entry(
        cause=cause,
        source=EntrySource.TOP_UP,
        at=town.now,
        operator=operator,
        district=DistrictCode("KB"),
        actor="staff:s-1",
        postings=(
            Posting(from_account=till, to_account=purse, kind=PostingKind.TOP_UP, amount_fen=amount_fen),
        ),
    )
    async with town.database.write() as tx:
        await Journal(tx).post(entry)


async def paid_beforehand(town: Town) -> Order:
    """An order for two cartons of milk to the door, paid from the balance."""
    draft = Draft(merchant_id=SHOP, pickup_point_id=DOOR, lines=(DraftLine(goods_id=MILK, quantity=2),))
    promised = Promise(p50_s=600.0, p90_s=900.0, queue_s=0.0, pickup_s=300.0, drive_s=300.0)
    async with town.database.write() as tx:
        checked = await check_draft(tx, draft, at=town.now)
        wanted = Wanted(checked=checked, resident_id=RESIDENT, promised=promised, paid_by=PaidBy.BALANCE)
        placed = await place_order(tx, wanted, at=town.now)
    return placed.order


async def agree(
    town: Town, operator: str, *, from_at: datetime = LONG_AGO, platform_fee_bp: int = 0, subsidy_fen: int = 0
) -> None:
    terms = Terms(
        operator=OperatorId(operator),
        from_at=from_at,
        platform_fee_bp=platform_fee_bp,
        subsidy_fen=subsidy_fen,
        agreed_at=from_at,
        agreed_by="staff:s-1",
        reason="a test",
    )
    async with town.database.write() as tx:
        assert await TermsStore(tx).agree(terms)


async def holds(town: Town, kind: AccountKind, owner: str) -> int:
    async with town.database.read() as tx:
        return await Journal(tx).balance(account(kind, owner))


async def check(town: Town) -> BooksReport:
    async with town.database.read() as tx:
        return await check_books(tx)


async def arrived_and_paid(town: Town, paid_by: PaidBy) -> tuple[Order, ScriptedVehicle]:
    """An order at the door, paid from a balance that covers it, or at pickup."""
    await town.add_vehicle(7)
    if paid_by is PaidBy.BALANCE:
        await pays_in(town, RESIDENT, 5000)
    order = await paid_beforehand(town) if paid_by is PaidBy.BALANCE else await town.order()
    await town.round()
    vehicle = town.script(7)
    await vehicle.take_plan()
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    later(town, 300)
    await vehicle.reach(StopKind.HANDOVER)
    return order, vehicle
