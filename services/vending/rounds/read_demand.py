"""Reading where demand was: calls and sales of the last two weeks."""

from datetime import datetime, timedelta

from core.database import Transaction
from core.ids import DistrictCode
from services.vending.calls.states import CallState
from services.vending.calls.store import CallStore
from services.vending.rounds.heat import Demand
from services.vending.sales.store import SaleStore

LOOKS_BACK_D = 14
CALL_WEIGHT = 2.0
IN_VAIN_WEIGHT = 3.0
"""What a call counts against a sold piece, and one that nobody answered: there a vehicle was missing."""
TAKEN_BACK = frozenset({CallState.CANCELLED, CallState.DECLINED})


async def demand_in(tx: Transaction, district: DistrictCode, *, at: datetime) -> list[Demand]:
    """Return the demand of a district; a call that was taken back or declined counts nothing."""
    since = at - timedelta(days=LOOKS_BACK_D)
    called = [
        Demand(
            lat=call.lat,
            lng=call.lng,
            at=call.placed_at,
            weight=IN_VAIN_WEIGHT if call.state is CallState.EXPIRED else CALL_WEIGHT,
        )
        for call in await CallStore(tx).called_from(district, since=since)
        if call.state not in TAKEN_BACK
    ]
    sold = [
        Demand(lat=sale.lat, lng=sale.lng, at=sale.reserved_at, weight=float(sale.sold or 0))
        for sale in await SaleStore(tx).sold_in(district, since=since)
    ]
    return called + sold
