"""Sending deliveries: signed, each address by itself, with back-off in SQL."""

import asyncio
import ssl
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import httpx
import structlog

from core.auth.principal import EVERYTHING
from core.auth.staff_notices import want_staff_notices
from core.clock import Clock
from core.crashpoints import reach
from core.database import Database, Transaction
from core.errors import Invalid, SteppeError
from core.repeating import repeat
from fleet.webhooks.addresses import PrivateAddresses, check_url, resolve
from fleet.webhooks.store import WebhookStore
from fleet.webhooks.trust import certificate_trouble, trusted
from fleet.webhooks.webhook import (
    TRIES_MOST,
    Delivery,
    DeliveryStatus,
    Webhook,
    pause_after,
    signature,
)

AT_ONCE: Final = 500
"""Deliveries of one subscription that are begun at once."""
ANSWER_WITHIN_S: Final = 10.0
HELD: Final = timedelta(seconds=60)
"""How long a sender that took a try keeps others from it; after its death the next one sends again."""

_log = structlog.get_logger("fleet.webhooks")


class WebhookSender:
    """Sends what is due. Two may run: a try is taken by compare-and-set. A slow address delays itself."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        private: PrivateAddresses,
        disable_after: timedelta,
        trust: ssl.SSLContext | None = None,
        every_s: float = 1.0,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        """Take which addresses may be called and after how long of failure a subscription is disabled.

        ``trust`` checks the certificates of receivers; None believes the public authorities.
        """
        self._database = database
        self._clock = clock
        self._private = private
        self._disable_after = disable_after
        self._every_s = every_s
        self._client = httpx.AsyncClient(
            timeout=answer_within_s, trust_env=False, verify=trust or trusted(None)
        )
        self._busy: dict[str, asyncio.Task[None]] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`, through outages; then wait for what is under way."""
        await repeat("webhooks", self.start_due, self._every_s, stop)
        await self.close()

    async def start_due(self) -> int:
        """Begin to send to every address that has something due and is not being sent to; return how many."""
        self._busy = {key: task for key, task in self._busy.items() if not task.done()}
        started = 0
        async with self._database.read() as tx:
            store = WebhookStore(tx)
            idle = [
                one for one in await store.all(EVERYTHING, active=True) if one.webhook_id not in self._busy
            ]
            # Asked for each: what waits for an address that takes nothing must not hide what others are owed.
            due = [await store.due(one.webhook_id, self._clock.wall(), limit=AT_ONCE) for one in idle]
        for webhook, those in zip(idle, due, strict=True):
            if those:
                self._busy[webhook.webhook_id] = asyncio.create_task(self._send_all(webhook, those))
                started += 1
        return started

    async def close(self) -> None:
        """Wait for what is under way and give the connections back."""
        await self.settled()
        await self._client.aclose()

    async def settled(self) -> None:
        """Return when nothing is under way."""
        await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _send_all(self, webhook: Webhook, deliveries: Iterable[Delivery]) -> None:
        """Send in order until one fails: an address that takes nothing now is not asked again at once."""
        try:
            async with self._database.read() as tx:
                secret = await WebhookStore(tx).secret_of(webhook.webhook_id)
            for delivery in deliveries:
                async with self._database.write() as tx:
                    wall = self._clock.wall()
                    if not await WebhookStore(tx).take(delivery, wall=wall, held=HELD):
                        continue
                code, trouble = await self._post(webhook, delivery, secret)
                reach("before_ack")
                if not await self._note(webhook, delivery, code, trouble):
                    return
        except SteppeError as error:
            _log.warning("webhook_interrupted", webhook_id=webhook.webhook_id, code=error.code)

    async def _post(self, webhook: Webhook, delivery: Delivery, secret: str) -> tuple[int | None, str | None]:
        """Return (answer code, trouble) of one try. The address that was checked is the one called."""
        timestamp = int(self._clock.wall().timestamp())
        body = delivery.body.encode()
        try:
            host, port = check_url(webhook.url, self._private)
            address = await resolve(host, port, self._private)
            url = httpx.URL(webhook.url)
            answer = await self._client.post(
                url.copy_with(host=address),
                content=body,
                headers={
                    "host": url.netloc.decode(),
                    "content-type": "application/json",
                    "webhook-id": delivery.delivery_id,
                    "webhook-timestamp": str(timestamp),
                    "webhook-signature": signature(secret, delivery.delivery_id, timestamp, body),
                },
                extensions={"sni_hostname": host},
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError, Invalid) as error:
            trouble = certificate_trouble(error) or f"{type(error).__name__}: {error}"
            return None, trouble[:200]
        return answer.status_code, None if answer.is_success else f"answered {answer.status_code}"

    async def _note(
        self, webhook: Webhook, delivery: Delivery, code: int | None, trouble: str | None
    ) -> bool:
        """Write down what became of a try; return whether it was taken."""
        wall, tries = self._clock.wall(), delivery.tries + 1
        async with self._database.write() as tx:
            store = WebhookStore(tx)
            if trouble is None:
                done = DeliveryStatus.DELIVERED.value
                await store.mark(
                    delivery.delivery_id,
                    status=done,
                    due_at=None,
                    answer_code=code,
                    trouble=None,
                    delivered_at=wall,
                )
                await store.change(webhook.webhook_id, failing_since=None)
                return True
            is_last = tries >= TRIES_MOST
            await store.mark(
                delivery.delivery_id,
                status=(DeliveryStatus.FAILED if is_last else DeliveryStatus.WAITING).value,
                due_at=None if is_last else wall + pause_after(tries),
                answer_code=code,
                trouble=trouble,
            )
            now = await store.get(webhook.webhook_id, EVERYTHING)
            since = now.failing_since or wall
            await store.change(webhook.webhook_id, failing_since=since)
            if wall - since >= self._disable_after:
                await store.change(webhook.webhook_id, is_active=False, disabled_at=wall)
                await self._tell_owner(tx, webhook, since, wall)
        return False

    async def _tell_owner(self, tx: Transaction, webhook: Webhook, since: datetime, wall: datetime) -> None:
        days = round((wall - since).total_seconds() / 86_400, 1)
        await want_staff_notices(
            tx,
            [webhook.created_by],
            subject=f"webhook:{webhook.webhook_id}",
            reason=f"disabled-{int(wall.timestamp())}",
            zh=f"推送地址 {webhook.url} 已连续失败 {days} 天,现已停用。",
            en=f"The webhook {webhook.url} failed for {days} days and is disabled.",
            at=self._clock.now(),
            wall=wall,
        )
