"""Who carries notices to people, what that costs, and who knows what to say: the settings as parts."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from core.auth.configured import secret_keys
from core.auth.notices import demo_phone_of
from core.settings import Settings
from core.settings.tree import NoticeSettings
from services.delegation.notices import DelegateWriter
from services.notices.console_carrier import ConsoleCarrier
from services.notices.http_carrier import HttpCarrier
from services.notices.kinds import Channel
from services.notices.port import NoticeCarrier, NoticeWriter
from services.orders.notices import OrderWriter
from services.vending.sales.notices import SaleWriter
from services.waybills.tell import WaybillWriter


def notice_carrier(settings: Settings, say: Callable[[str], None]) -> NoticeCarrier:
    """Return the adapter that the settings name; in demo and test it also fills the demo's phone."""
    told = settings.notices
    if told.adapter == "webhook" and told.webhook_url:
        return HttpCarrier(told.webhook_url, token=told.provider_token or "")
    if settings.environment in ("demo", "test"):
        return ConsoleCarrier(say, phone=demo_phone_of(settings))
    return ConsoleCarrier(say)


def notice_prices(told: NoticeSettings) -> Mapping[Channel, int]:
    """Return what a message of each channel usually costs, in fen."""
    return {
        Channel.PAGE: 0,
        Channel.SMS: told.sms_fen,
        Channel.VOICE: told.voice_fen,
        Channel.WECHAT: told.wechat_fen,
    }


def notice_writers(settings: Settings) -> Mapping[str, NoticeWriter]:
    """Return who knows what to say about which kind of subject."""
    waybills = WaybillWriter(secret_keys(settings.security), settings.api.public_url)
    return {
        "order": OrderWriter(),
        "delegate": DelegateWriter(),
        "waybill": waybills,
        "sale": SaleWriter(ZoneInfo(settings.city.zone)),
    }
