"""What somebody is told about a purchase made for her by telephone: her code, or that it is off."""

from datetime import datetime, tzinfo

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict, NotFound
from fleet.vehicles.store import VehicleStore
from services.notices.kinds import Occasion
from services.notices.notice import Notice, Subject
from services.notices.port import Facts
from services.notices.want_notice import want_notices
from services.settlement.entry import SaleId
from services.vending.sales.code_store import SaleCodeStore
from services.vending.sales.sale import VendingSale
from services.vending.sales.store import SaleStore

SUBJECT = "sale:"


def sale_key(sale_id: SaleId) -> str:
    """Return the subject of notices about a purchase."""
    return f"{SUBJECT}{sale_id}"


async def tell_buyer(
    tx: Transaction, sale: VendingSale, occasion: Occasion, *, turn: int, at: datetime
) -> None:
    """Ask that the buyer be told once this transaction is committed; each turn of an occasion once."""
    subject = Subject(
        key=sale_key(sale.sale_id),
        turn=turn,
        resident_id=sale.resident_id,
        district=sale.district,
        operator=sale.operator,
    )
    await want_notices(tx, subject, occasion, at=at)


class SaleWriter:
    """Knows what is said about purchases; the code is drawn at the moment of sending."""

    def __init__(self, zone: tzinfo) -> None:
        """Take the zone in which times are told."""
        self._zone = zone

    async def facts(self, tx: Transaction, notice: Notice) -> Facts | None:
        """Return the words of a notice; None for a code that is no longer good, and for no such purchase."""
        sale_id = SaleId(notice.subject.removeprefix(SUBJECT))
        try:
            sale = await SaleStore(tx).get(sale_id, EVERYTHING)
        except NotFound:
            return None
        vehicle = (await VehicleStore(tx).codes_of([sale.vehicle_no])).get(sale.vehicle_no) or ""
        by = f"{sale.expires_at.astimezone(self._zone):%H:%M}"
        words = {
            "vehicle": (vehicle, vehicle),
            "goods": (f"{sale.name_zh}{sale.quantity}件", f"{sale.quantity} × {sale.name_en}"),
            "by": (by, by),
        }
        if notice.occasion is not Occasion.RESERVED:
            return Facts(words=words)
        try:
            code = (await SaleCodeStore(tx).get(sale_id)).code.code()
        except (Conflict, NotFound):
            return None
        return Facts(words=words | {"code": (code, code)}, has_code=True)
