"""Buying at a vending vehicle for somebody on the telephone, each a use case with its own answer."""

from collections.abc import Awaitable, Callable

import msgspec

from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.ids import VehicleCode
from core.privacy.cipher import SecretKeys
from core.privacy.phones import parse_phone
from core.repeatable import Repeated, answer_once, answered_before
from dashboard.parts import DashboardParts
from dashboard.schemas.phone_sales import PhonePurchase, PhoneSale, phone_sales
from fleet.vehicles.paper_store import CodeStore
from fleet.vehicles.store import VehicleStore
from services.notices.store import WishStore
from services.notices.wishes import ReachedBy
from services.settlement.entry import SaleId
from services.vending.sales.buy_for_somebody import (
    KeypadHands,
    buy_for_somebody,
    cancel_for_somebody,
    refresh_code,
)
from services.vending.sales.code_store import SaleCodeStore
from services.vending.sales.reserve_goods import Purchase
from services.vending.sales.sale import VendingSale
from services.vending.sales.store import SaleStore

MOST_LISTED = 50


class PhoneSales:
    """Buys, sends fresh codes and calls off for one member of staff; the same key acts once."""

    def __init__(self, parts: DashboardParts, keys: SecretKeys, principal: Principal) -> None:
        """Take the stores, the keys of phones, and who acts."""
        self._parts = parts
        self._keys = keys
        self._principal = principal
        self._hands = KeypadHands(parts.keypad_root, parts.clock.rate)

    async def listed(self) -> list[PhoneSale]:
        """Return the purchases by telephone within reach, the newest first."""
        async with self._parts.database.read() as tx:
            sales = await SaleStore(tx).by_telephone(reach_of(self._principal), limit=MOST_LISTED)
            return await _views(tx, sales)

    async def buy(self, data: PhonePurchase, repeated: Repeated) -> PhoneSale:
        """Return the new purchase, its buyer told her code as she wants to be reached from now on.

        Raises what ``buy_for_somebody`` raises, Invalid for a text that is no phone number, NotFound for a
        code that no vehicle has.
        """
        known = await answered_before(self._parts.database, repeated, PhoneSale)
        if known is not None:
            return known
        phone, at = parse_phone(data.phone), self._parts.clock.now()
        async with self._parts.database.read() as tx:
            number = (await CodeStore(tx).get(VehicleCode(data.vehicle_code))).vehicle_no
            await VehicleStore(tx).get(number, reach_of(self._principal))
        heard = (await self._parts.last_heard.last_heard([number])).get(number)

        async def write(tx: Transaction) -> VendingSale:
            resident = await ResidentStore(tx, self._keys).ensure(phone, at=at)
            wishes = await WishStore(tx).of(resident)
            await WishStore(tx).put(
                msgspec.structs.replace(wishes, reached_by=ReachedBy(data.reached_by), language=data.language)
            )
            wanted = Purchase(
                resident_id=resident,
                vehicle_no=number,
                slot=data.slot,
                quantity=data.quantity,
                paid_by=data.paid_by,
                placed_by=f"staff:{self._principal.name}",
            )
            return await buy_for_somebody(
                tx, self._principal, wanted, heard, self._hands, consent=data.consent, at=at
            )

        return await self._once(repeated, write, status=201)

    async def refresh(self, sale_id: SaleId, repeated: Repeated) -> PhoneSale:
        """Return the purchase whose buyer is told a fresh code. Raises what ``refresh_code`` raises."""
        at = self._parts.clock.now()

        async def write(tx: Transaction) -> VendingSale:
            return await refresh_code(tx, self._principal, sale_id, at=at)

        return await self._once(repeated, write)

    async def cancel(self, sale_id: SaleId, repeated: Repeated) -> PhoneSale:
        """Return the purchase called off. Raises NotFound, Conflict once its door was opened."""
        at = self._parts.clock.now()

        async def write(tx: Transaction) -> VendingSale:
            return await cancel_for_somebody(tx, self._principal, sale_id, at=at, rate=self._hands.rate)

        return await self._once(repeated, write)

    async def _once(
        self,
        repeated: Repeated,
        write: Callable[[Transaction], Awaitable[VendingSale]],
        *,
        status: int = 200,
    ) -> PhoneSale:
        async def work(tx: Transaction) -> PhoneSale:
            return (await _views(tx, [await write(tx)]))[0]

        wall = self._parts.clock.wall()
        return await answer_once(self._parts.database, repeated, PhoneSale, work, status=status, wall=wall)


async def _views(tx: Transaction, sales: list[VendingSale]) -> list[PhoneSale]:
    codes = await SaleCodeStore(tx).of_sales([sale.sale_id for sale in sales])
    vehicles = await VehicleStore(tx).codes_of([sale.vehicle_no for sale in sales])
    return phone_sales(sales, codes, vehicles)
