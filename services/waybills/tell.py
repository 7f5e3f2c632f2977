"""What a recipient is told about a parcel at a station, and what fills the words."""

from datetime import datetime
from zoneinfo import ZoneInfo

from core.auth.principal import EVERYTHING
from core.auth.tokens import NewToken, derived_token
from core.database import Transaction
from core.errors import NotFound
from core.ids import WaybillId
from core.privacy.cipher import SecretKeys
from services.delivery.store import CatalogueStore
from services.notices.kinds import Occasion
from services.notices.notice import Notice, Subject
from services.notices.port import Facts
from services.notices.want_notice import want_notices
from services.waybills.store import WaybillStore
from services.waybills.waybill import Waybill

SUBJECT = "waybill:"


def link_token(keys: SecretKeys, waybill_id: WaybillId) -> NewToken:
    """Return the token of the recipient's link: drawn from a key each time, so that it is stored nowhere."""
    return derived_token("wb", keys.digest("waybill-link", waybill_id))


async def tell(tx: Transaction, waybill: Waybill, occasion: Occasion, *, at: datetime) -> None:
    """Ask that the recipient be told once this transaction is committed."""
    subject = Subject(
        key=SUBJECT + waybill.waybill_id,
        turn=waybill.version,
        resident_id=waybill.resident_id,
        district=waybill.district,
        operator=waybill.operator,
    )
    await want_notices(tx, subject, occasion, at=at)


class WaybillWriter:
    """Knows what is said about waybills; the link is drawn at the moment of sending."""

    def __init__(self, keys: SecretKeys, public_url: str) -> None:
        """Take the keys of links and the address of the city's pages."""
        self._keys = keys
        self._public_url = public_url.rstrip("/")

    async def facts(self, tx: Transaction, notice: Notice) -> Facts | None:
        """Return the words of a notice about a waybill; None when there is no such waybill."""
        waybill_id = WaybillId(notice.subject.removeprefix(SUBJECT))
        try:
            waybill = await WaybillStore(tx).get(waybill_id)
        except NotFound:
            return None
        shops = await CatalogueStore(tx).merchants_by_id([waybill.merchant_id], EVERYTHING)
        shop = shops[waybill.merchant_id]
        by = waybill.answer_by.astimezone(ZoneInfo(shop.time_zone)).strftime("%m-%d %H:%M")
        token = link_token(self._keys, waybill_id).token
        link = f"{self._public_url}/phone#waybill={token}"
        return Facts(words={"shop": (shop.name_zh, shop.name_en), "by": (by, by), "link": (link, link)})
