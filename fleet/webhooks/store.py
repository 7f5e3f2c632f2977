"""SQL of subscriptions and deliveries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from core.auth.principal import Reach
from core.database import Transaction
from core.database.rows import read_row
from core.database.statements import insert_new_rows
from core.errors import NotFound
from fleet.webhooks.tables import webhook_deliveries, webhook_secrets, webhooks
from fleet.webhooks.webhook import Delivery, DeliveryStatus, Webhook


class WebhookStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def add(self, webhook: Webhook, secret: str) -> None:
        """Store a new subscription and its secret."""
        wants_fences = any(kind.startswith("fence.") for kind in webhook.kinds)
        await self._tx.execute(
            insert(webhooks).values(**msgspec.structs.asdict(webhook), wants_fences=wants_fences)
        )
        await self._tx.execute(insert(webhook_secrets).values(webhook_id=webhook.webhook_id, secret=secret))

    async def all(self, reach: Reach, *, active: bool = False) -> list[Webhook]:
        """Return subscriptions whose whole reach lies within the reader's, the oldest first."""
        query = select(webhooks).order_by(webhooks.c.created_at, webhooks.c.webhook_id)
        if active:
            query = query.where(webhooks.c.is_active)
        rows = (await self._tx.execute(query)).mappings()
        found = [read_row(row, Webhook) for row in rows]
        return [one for one in found if _covers(reach, one)]

    async def get(self, webhook_id: str, reach: Reach) -> Webhook:
        """Return a subscription within the reach; raise NotFound when there is none."""
        for webhook in await self.all(reach):
            if webhook.webhook_id == webhook_id:
                return webhook
        raise NotFound("not-found", "there is no such webhook", webhook_id=webhook_id)

    async def secret_of(self, webhook_id: str) -> str:
        """Return the secret of a subscription; raise NotFound when it is gone."""
        query = select(webhook_secrets.c.secret).where(webhook_secrets.c.webhook_id == webhook_id)
        secret: str | None = (await self._tx.execute(query)).scalar_one_or_none()
        if secret is None:
            raise NotFound("not-found", "there is no such webhook", webhook_id=webhook_id)
        return secret

    async def renew_secret(self, webhook_id: str, secret: str) -> None:
        """Write another secret of a subscription."""
        row = webhook_secrets.c.webhook_id == webhook_id
        await self._tx.execute(update(webhook_secrets).where(row).values(secret=secret))

    async def change(self, webhook_id: str, **values: Any) -> None:
        """Write fields of a subscription."""
        await self._tx.execute(update(webhooks).where(webhooks.c.webhook_id == webhook_id).values(**values))

    async def remove(self, webhook_id: str) -> None:
        """Forget a subscription, its secret and what was delivered to it."""
        for table in (webhook_deliveries, webhook_secrets, webhooks):
            await self._tx.execute(delete(table).where(table.c.webhook_id == webhook_id))

    async def add_deliveries(self, deliveries: Sequence[Delivery]) -> int:
        """Store what is to be delivered and is not there yet; return how many are new."""
        rows = [msgspec.structs.asdict(delivery) for delivery in deliveries]
        return await insert_new_rows(self._tx, webhook_deliveries, rows)

    async def due(self, webhook_id: str, wall: datetime, *, limit: int) -> list[Delivery]:
        """Return what is to be sent to a subscription by now, the oldest first."""
        query = select(webhook_deliveries).where(
            webhook_deliveries.c.webhook_id == webhook_id, webhook_deliveries.c.due_at <= wall
        )
        return await self._deliveries(query.order_by(webhook_deliveries.c.due_at).limit(limit))

    async def take(self, delivery: Delivery, *, wall: datetime, held: timedelta) -> bool:
        """Claim a try for a while; False when another sender was faster."""
        taken = await self._tx.execute(
            update(webhook_deliveries)
            .where(
                webhook_deliveries.c.delivery_id == delivery.delivery_id,
                webhook_deliveries.c.tries == delivery.tries,
                webhook_deliveries.c.due_at <= wall,
            )
            .values(tries=delivery.tries + 1, due_at=wall + held)
        )
        return taken.rowcount == 1

    async def mark(self, delivery_id: str, **values: Any) -> None:
        """Write what became of a try."""
        await self._tx.execute(
            update(webhook_deliveries).where(webhook_deliveries.c.delivery_id == delivery_id).values(**values)
        )

    async def page(self, webhook_id: str, *, limit: int) -> list[Delivery]:
        """Return what was delivered to a subscription, the newest first."""
        query = select(webhook_deliveries).where(webhook_deliveries.c.webhook_id == webhook_id)
        newest = (webhook_deliveries.c.at.desc(), webhook_deliveries.c.delivery_id.desc())
        return await self._deliveries(query.order_by(*newest).limit(limit))

    async def replay(
        self,
        webhook_id: str,
        *,
        wall: datetime,
        delivery_id: str | None = None,
        span: tuple[datetime, datetime] | None = None,
    ) -> int:
        """Have one delivery, or those of a span of city time, sent again; return how many."""
        chosen = webhook_deliveries.c.webhook_id == webhook_id
        if delivery_id is not None:
            chosen &= webhook_deliveries.c.delivery_id == delivery_id
        if span is not None:
            chosen &= webhook_deliveries.c.at.between(*span)
        again = {"status": DeliveryStatus.WAITING.value, "tries": 0, "due_at": wall}
        return (await self._tx.execute(update(webhook_deliveries).where(chosen).values(**again))).rowcount

    async def _deliveries(self, query: Any) -> list[Delivery]:
        return [read_row(row, Delivery) for row in (await self._tx.execute(query)).mappings()]


def _covers(reach: Reach, webhook: Webhook) -> bool:
    """Return whether a reader may see everything that a subscription is told."""

    def within(allowed: frozenset[Any] | None, asked: frozenset[Any] | None) -> bool:
        return allowed is None or (asked is not None and asked <= allowed)

    return within(reach.operators, webhook.operators) and within(reach.districts, webhook.districts)
