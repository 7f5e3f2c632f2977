"""What notices call an order."""

from core.ids import OrderId

ORDER = "order:"


def subject_key(order_id: OrderId) -> str:
    """Return the subject of notices about an order.

    >>> subject_key(OrderId("o-1"))
    'order:o-1'
    """
    return ORDER + order_id
