"""What a recipient is told about an order, and what fills the words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict, NotFound
from core.ids import OrderId
from services.delivery.code_store import PickupCodeStore
from services.delivery.store import CatalogueStore
from services.notices.kinds import Occasion
from services.notices.notice import Notice, Subject
from services.notices.port import Facts
from services.notices.store import WishStore
from services.notices.want_notice import want_notices
from services.notices.wishes import ReachedBy
from services.orders.order import Order
from services.orders.store import OrderStore
from services.orders.subject import ORDER, subject_key
from services.substitutions.store import SubstitutionStore


async def want_notice(tx: Transaction, order: Order, occasion: Occasion, *, at: datetime) -> None:
    """Ask that the recipient be told once this transaction is committed; each version of an order once."""
    subject = Subject(
        key=subject_key(order.order_id),
        turn=order.version,
        resident_id=order.resident_id,
        district=order.district,
        operator=order.operator,
    )
    await want_notices(tx, subject, occasion, at=at)


class OrderWriter:
    """Knows what is said about orders: shop, place, and the code for those who have no page to see it on."""

    async def facts(self, tx: Transaction, notice: Notice) -> Facts | None:
        """Return the words of a notice about an order; None when there is no such order any more."""
        order_id = OrderId(notice.subject.removeprefix(ORDER))
        try:
            order = await OrderStore(tx).get(order_id, EVERYTHING)
        except NotFound:
            return None
        catalogue = CatalogueStore(tx)
        shop = (await catalogue.merchants_by_id([order.merchant_id], EVERYTHING))[order.merchant_id]
        place = (await catalogue.pickup_points_by_id([order.pickup_point_id]))[order.pickup_point_id]
        words = {"shop": (shop.name_zh, shop.name_en), "place": (place.name_zh, place.name_en)}
        if notice.occasion is Occasion.SUBSTITUTE:
            waiting = await SubstitutionStore(tx).open_of(order_id)
            if not waiting:
                return None
            first = min(one.answer_by for one in waiting).astimezone(ZoneInfo(shop.time_zone))
            words["by"] = (f"{first:%H:%M}", f"{first:%H:%M}")
        code = await self._code(tx, order)
        if code is not None:
            words["code"] = (code, code)
        return Facts(words=words, has_code=code is not None)

    async def _code(self, tx: Transaction, order: Order) -> str | None:
        """Return the code for somebody who types it on the keypad; it is stored nowhere on its way."""
        wishes = await WishStore(tx).of(order.resident_id)
        if wishes.reached_by is ReachedBy.PAGE:
            return None
        try:
            return (await PickupCodeStore(tx).get(order.order_id)).code()
        except (Conflict, NotFound):
            return None
