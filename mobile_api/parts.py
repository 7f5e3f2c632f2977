"""What the routes of residents, merchants and the crew work with; composition puts it together once a
process."""

from collections.abc import Mapping, Sequence

import msgspec

from core.clock import Clock
from core.database import Database
from core.errors import Unavailable
from core.ids import VehicleNo
from core.privacy.cipher import SecretKeys
from fleet.vehicles.last_heard import LastHeard, LastHeardReader
from mobile_api.order_bell import OrderBell
from mobile_api.placing import Placing
from services.orders.estimate import Travel
from services.orders.zone import LoadOf, zone_load
from services.vending.calls.read_stops import RuleAt


class MobileParts(msgspec.Struct, frozen=True, kw_only=True):
    """Named dependency ``mobile`` of the routes."""

    database: Database
    clock: Clock
    travel: Travel
    """Travel times for quotes: routing over the internal route; absent routing makes them rough."""
    last_heard: LastHeardReader
    keys: SecretKeys
    """By which phones are read, to be masked at once."""
    rule_at: RuleAt
    """The rule of the fences that holds for a vending vehicle at a place and moment."""
    bell: OrderBell
    """Tells open pages that an order changed; also to be run as a component of the process."""
    keypad_root: str
    """From which the keypad keys of vehicles are drawn, to give them codes."""
    placing: Placing
    """Looks drafts up and writes orders."""
    load_of: LoadOf = zone_load
    """How busy a zone is, for quotes."""
    receipt_secret: str | None = None
    """With which the provider of messages signs its receipts; None takes none."""

    async def heard_of(self, numbers: Sequence[VehicleNo]) -> Mapping[VehicleNo, LastHeard]:
        """Return the last state of vehicles; nothing while the state cannot be read: a page shows the
        rest."""
        if not numbers:
            return {}
        try:
            return await self.last_heard.last_heard(numbers)
        except Unavailable:
            return {}
