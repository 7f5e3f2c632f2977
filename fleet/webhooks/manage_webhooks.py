"""Staff subscribe an address, stop and start it, renew its secret, send deliveries again, remove it."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Database
from core.errors import Invalid, NotFound
from core.ids import DistrictCode, StaffId, new_id
from fleet.webhooks.addresses import PrivateAddresses, check_url
from fleet.webhooks.store import WebhookStore
from fleet.webhooks.webhook import KINDS, Webhook, new_secret


async def subscribe(
    database: Database,
    principal: Principal,
    *,
    url: str,
    kinds: frozenset[str],
    districts: frozenset[DistrictCode] | None,
    private: PrivateAddresses,
    at: datetime,
) -> tuple[Webhook, str]:
    """Return a new subscription and its secret, which is shown this once, after the commit.

    It reaches what its creator reaches, or the given 旗区 of it. Raises Invalid for an address that is not
    called, for a kind that there is not, and for a 旗区 outside the reach.
    """
    check_url(url, private)
    unknown = sorted(kinds - KINDS)
    if unknown or not kinds:
        names = ", ".join(sorted(KINDS))
        raise Invalid("invalid-input", f"kinds are some of: {names}", field="kinds", limit=names)
    reach = reach_of(principal)
    if districts is not None and reach.districts is not None and not districts <= reach.districts:
        names = ", ".join(sorted(reach.districts))
        raise Invalid("invalid-input", f"your districts are: {names}", field="districts", limit=names)
    webhook = Webhook(
        webhook_id=new_id(),
        url=url,
        kinds=kinds,
        operators=reach.operators,
        districts=reach.districts if districts is None else districts,
        created_by=StaffId(principal.id),
        created_at=at,
    )
    secret = new_secret()
    async with database.write() as tx:
        await WebhookStore(tx).add(webhook, secret)
        shown = {"url": url, "kinds": ",".join(sorted(kinds))}
        await audit.record(tx, principal, "webhook.subscribed", f"webhook:{webhook.webhook_id}", shown, at=at)
    return webhook, secret


async def switch(
    database: Database, principal: Principal, webhook_id: str, *, active: bool, at: datetime
) -> Webhook:
    """Return the subscription switched on or off; on, what waits is sent. Raises NotFound."""
    async with database.write() as tx:
        store = WebhookStore(tx)
        webhook = await store.get(webhook_id, reach_of(principal))
        if webhook.is_active is active:
            return webhook
        disabled_at = None if active else at
        await store.change(webhook_id, is_active=active, failing_since=None, disabled_at=disabled_at)
        word = "webhook.enabled" if active else "webhook.disabled"
        await audit.record(tx, principal, word, f"webhook:{webhook_id}", {}, at=at)
        return await store.get(webhook_id, reach_of(principal))


async def renew_secret(
    database: Database, principal: Principal, webhook_id: str, *, at: datetime
) -> tuple[Webhook, str]:
    """Return the subscription and its new secret, which is shown this once; the old one signs no more.

    Raises NotFound.
    """
    secret = new_secret()
    async with database.write() as tx:
        webhook = await WebhookStore(tx).get(webhook_id, reach_of(principal))
        await WebhookStore(tx).renew_secret(webhook_id, secret)
        await audit.record(tx, principal, "webhook.secret_renewed", f"webhook:{webhook_id}", {}, at=at)
    return webhook, secret


async def unsubscribe(database: Database, principal: Principal, webhook_id: str, *, at: datetime) -> None:
    """Forget a subscription, its secret and its deliveries; only the audit remembers it. Raises NotFound."""
    async with database.write() as tx:
        webhook = await WebhookStore(tx).get(webhook_id, reach_of(principal))
        await WebhookStore(tx).remove(webhook_id)
        shown = {"url": webhook.url}
        await audit.record(tx, principal, "webhook.removed", f"webhook:{webhook_id}", shown, at=at)


async def replay(
    database: Database,
    principal: Principal,
    webhook_id: str,
    *,
    delivery_id: str | None,
    span: tuple[datetime, datetime] | None,
    at: datetime,
    wall: datetime,
) -> int:
    """Return how many deliveries are sent again: one, or those of a span of city time.

    They keep their webhook-id. Raises Invalid unless exactly one of both is given, NotFound.
    """
    if (delivery_id is None) == (span is None):
        raise Invalid("invalid-input", "give a delivery, or a span", field="deliveryId")
    if span is not None and span[0] > span[1]:
        raise Invalid("invalid-input", "the span ends before it begins", field="toAt")
    async with database.write() as tx:
        store = WebhookStore(tx)
        await store.get(webhook_id, reach_of(principal))
        again = await store.replay(webhook_id, wall=wall, delivery_id=delivery_id, span=span)
        if delivery_id is not None and not again:
            raise NotFound("not-found", "there is no such delivery", delivery_id=delivery_id)
        await audit.record(
            tx, principal, "webhook.replayed", f"webhook:{webhook_id}", {"deliveries": again}, at=at
        )
    return again
