"""The furnished town of the order tests, a provider that listens, and a recipient with a phone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from core.auth.residents import ResidentStore
from core.database import Database
from core.ids import ResidentId
from core.privacy.cipher import SecretKeys
from services.notices.notice import Notice
from services.notices.send_notices import NoticeSender
from services.notices.store import NoticeStore, WishStore
from services.notices.wishes import Wishes
from services.orders.order import Order
from services.orders.subject import subject_key
from tests.conftest import SettableClock
from tests.integration.services.notices.post_office import keys_of, sender_of
from tests.integration.services.notices.provider import Provider, a_provider
from tests.integration.services.orders.conftest import _keys_installed, any_town, settings, town
from tests.integration.services.orders.town import Town

__all__ = ["_keys_installed", "any_town", "settings", "town"]
PHONE = "+8613812345678"


class Recipient:
    """Somebody with a phone, and what she is told."""

    def __init__(self, database: Database, clock: SettableClock, keys: SecretKeys, url: str) -> None:
        self.database, self.clock, self.keys = database, clock, keys
        self.sender: NoticeSender = sender_of(database, clock, url, keys)
        self.resident = ResidentId("")

    async def arrive(self) -> ResidentId:
        async with self.database.write() as tx:
            self.resident = await ResidentStore(tx, self.keys).ensure(PHONE, at=self.clock.now())
        return self.resident

    async def wish(self, **wishes: object) -> None:
        async with self.database.write() as tx:
            await WishStore(tx).put(Wishes(resident_id=self.resident, **wishes))  # type: ignore[arg-type]

    async def told(self, order: Order) -> list[Notice]:
        async with self.database.read() as tx:
            return await NoticeStore(tx).of_subject(subject_key(order.order_id))

    async def standing(self, order: Order) -> list[tuple[str, str, str]]:
        return [(n.occasion.value, n.channel.value, n.state.value) for n in await self.told(order)]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with a_provider() as listening:
        yield listening


@pytest.fixture
async def her(town: Town, provider: Provider, tmp_path: Path) -> Recipient:
    assert isinstance(town.clock, SettableClock)
    recipient = Recipient(town.database, town.clock, keys_of(str(tmp_path)), provider.url)
    await recipient.arrive()
    return recipient
