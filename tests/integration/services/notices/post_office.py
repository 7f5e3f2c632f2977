"""What sends in these tests: the real sender over the HTTP carrier, with the keys of a test's folder."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from core.auth.configured import secret_keys
from core.clock import Clock
from core.database import Database
from core.privacy.cipher import SecretKeys
from core.settings import load
from services.notices.http_carrier import HttpCarrier
from services.notices.kinds import Channel
from services.notices.port import NoticeWriter
from services.notices.send_notices import NoticeSender
from services.orders.notices import OrderWriter
from services.vending.sales.notices import SaleWriter

PRICES = {Channel.PAGE: 0, Channel.SMS: 5, Channel.VOICE: 12, Channel.WECHAT: 1}
WRITERS: Mapping[str, NoticeWriter] = {"order": OrderWriter(), "sale": SaleWriter(ZoneInfo("Asia/Shanghai"))}


def keys_of(folder: str) -> SecretKeys:
    return secret_keys(load({"STEPPE_ENVIRONMENT": "test", "STEPPE_DATA_DIR": folder}).security)


def sender_of(database: Database, clock: Clock, url: str, keys: SecretKeys) -> NoticeSender:
    return NoticeSender(
        database,
        clock,
        HttpCarrier(url, timeout_s=0.3),
        WRITERS,
        keys,
        prices_fen=PRICES,
        time_zone="Asia/Shanghai",
    )
