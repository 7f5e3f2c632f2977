"""Why an order waits, as its merchant is told: the dispatcher's own explanation, or whose turn it is."""

from datetime import datetime

from services.dispatch.explanation import Explanation
from services.orders.order import Order
from services.orders.states import OrderState


def why_waits(order: Order, said: Explanation | None, *, at: datetime) -> tuple[str, str]:
    """Return (zh, en) why the order is not under way yet, two empty texts when it waits for nobody.

    ``said`` is what the newest decision about the order says; it names no other order.
    """
    match order.state:
        case OrderState.CREATED:
            return "等您接单。", "It waits for you to accept it."
        case OrderState.ACCEPTED if said is not None and said.chosen is None:
            return said.text_zh, said.text_en
        case OrderState.ACCEPTED:
            return "正在找车。", "A vehicle is being looked for."
        case OrderState.ASSIGNED | OrderState.PICKING_UP:
            return _on_its_way(order, at)
        case _:
            return "", ""


def _on_its_way(order: Order, at: datetime) -> tuple[str, str]:
    if order.ready_at is not None and order.ready_at > at:
        return "车已派出，等货备好。", "A vehicle is given; it waits for the goods."
    if order.eta_pickup_at is not None and order.eta_pickup_at > at:
        minutes = max(1, round((order.eta_pickup_at - at).total_seconds() / 60))
        return f"车已派出，约 {minutes} 分钟到店。", f"A vehicle is given; it is here in about {minutes} min."
    return "", ""
