"""What a delegate is told: that she may collect, and that the vehicle is there, each with her own code."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict, NotFound
from core.ids import OrderId
from services.delegation.delegate import Delegate
from services.delegation.store import DelegateStore
from services.delivery.store import CatalogueStore
from services.notices.kinds import Occasion
from services.notices.notice import Notice, Subject
from services.notices.port import Facts
from services.notices.want_notice import want_notices
from services.orders.order import Order
from services.orders.states import OrderState
from services.orders.store import OrderStore

SUBJECT = "delegate:"


def delegate_key(one: Delegate) -> str:
    """Return the subject of notices to a delegate."""
    return f"{SUBJECT}{one.order_id}:{one.number}"


async def tell_delegate(
    tx: Transaction, order: Order, one: Delegate, occasion: Occasion, *, turn: int, at: datetime
) -> None:
    """Ask that a delegate be told once this transaction is committed."""
    subject = Subject(
        key=delegate_key(one),
        turn=turn,
        resident_id=one.resident_id,
        district=order.district,
        operator=order.operator,
    )
    await want_notices(tx, subject, occasion, at=at)


async def tell_arrived(tx: Transaction, order: Order, *, at: datetime) -> None:
    """Ask that the delegate of an order be told that its vehicle is there, when it has one."""
    one = await DelegateStore(tx).good_one(order.order_id, at)
    if one is not None:
        await tell_delegate(tx, order, one, Occasion.COLLECT, turn=order.version, at=at)


class DelegateWriter:
    """Knows what is said to delegates; the code is drawn at the moment of sending."""

    async def facts(self, tx: Transaction, notice: Notice) -> Facts | None:
        """Return the words of a notice; None when her code is no longer good or the vehicle has left."""
        order_id, _, number = notice.subject.removeprefix(SUBJECT).rpartition(":")
        try:
            one = await DelegateStore(tx).get(OrderId(order_id), int(number))
            order = await OrderStore(tx).get(one.order_id, EVERYTHING)
            code = one.code.code()
        except (Conflict, NotFound):
            return None
        if notice.occasion is Occasion.COLLECT and order.state is not OrderState.ARRIVED:
            return None
        catalogue = CatalogueStore(tx)
        shop = (await catalogue.merchants_by_id([order.merchant_id], EVERYTHING))[order.merchant_id]
        place = (await catalogue.pickup_points_by_id([order.pickup_point_id]))[order.pickup_point_id]
        by = one.expires_at.astimezone(ZoneInfo(shop.time_zone)).strftime("%m-%d %H:%M")
        words = {
            "shop": (shop.name_zh, shop.name_en),
            "place": (place.name_zh, place.name_en),
            "by": (by, by),
            "code": (code, code),
        }
        return Facts(words=words, has_code=True)
