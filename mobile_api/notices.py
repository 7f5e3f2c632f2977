"""What residents are told about their orders outside the page, in both languages, never with a code."""

from collections.abc import Mapping

import structlog

from core.auth.notices import Notice, NoticePort
from core.auth.residents import ResidentStore
from core.database import Database
from core.ids import ResidentId
from core.outbox import OutboxMessage
from core.privacy.cipher import SecretKeys
from services.orders.notices import NoticeKind

_log = structlog.get_logger("mobile_api.notices")

TEXTS: Mapping[NoticeKind, tuple[str, str]] = {
    NoticeKind.ARRIVED: (
        "您的配送车已到达,请打开订单页查看取件码。",
        "Your vehicle has arrived. Open your order to see the pickup code.",
    ),
    NoticeKind.REMINDER: (
        "配送车仍在等您取件,请尽快前往。",
        "The vehicle is still waiting for you. Please come soon.",
    ),
    NoticeKind.DELAYED: (
        "您的订单会晚一些到,订单页有新的时间和原因。",
        "Your order will be late. The order page shows the new time and why.",
    ),
    NoticeKind.MISSED: (
        "您未取件,配送车已离开,货物将退回商家。",
        "You did not collect in time. The vehicle is taking the goods back to the shop.",
    ),
    NoticeKind.CANCELLED: ("您的订单已取消。", "Your order was cancelled."),
    NoticeKind.DELIVERED: ("您的订单已完成,感谢使用。", "Your order is complete. Thank you."),
}


class ResidentNotices:
    """The relay's route of ``notice.wanted``: finds the phone and hands the text to the port.

    Raises Unavailable when the provider does not take it: the relay tries again, so a person may
    hear it twice but is not forgotten.
    """

    def __init__(self, database: Database, keys: SecretKeys, port: NoticePort) -> None:
        self._database = database
        self._keys = keys
        self._port = port

    async def __call__(self, message: OutboxMessage) -> None:
        """Tell one resident; a kind without a text or a resident who left is logged and let go."""
        kind = NoticeKind(message.payload["kind"])
        resident = ResidentId(message.payload["resident_id"])
        async with self._database.read() as tx:
            phone = await ResidentStore(tx, self._keys).phone_of(resident)
        if phone is None:
            _log.warning("notice_without_phone", resident=resident, kind=kind.value)
            return
        zh, en = TEXTS[kind]
        await self._port.send(Notice(phone=phone, kind="order", zh=zh, en=en, at=message.at))
