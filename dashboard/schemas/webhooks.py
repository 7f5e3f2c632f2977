"""Subscriptions to facts, and what was delivered to them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from fleet.webhooks.webhook import Delivery, Webhook


class NewWebhook(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """An address and what it is told; `districts` narrows the caller's own reach."""

    url: Annotated[str, Meta(min_length=1, max_length=500)]
    kinds: Annotated[tuple[Annotated[str, Meta(max_length=40)], ...], Meta(min_length=1, max_length=20)]
    districts: (
        Annotated[tuple[Annotated[str, Meta(pattern="^[A-Z]{2}$")], ...], Meta(min_length=1, max_length=20)]
        | None
    ) = None


class SwitchWebhook(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """On or off; switched on, what waits is sent."""

    is_active: bool


class ReplayDeliveries(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One delivery, or every one of a span of city time."""

    delivery_id: Annotated[str, Meta(max_length=48)] | None = None
    from_at: datetime | None = None
    to_at: datetime | None = None


class WebhookView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A subscription; its secret is shown when it is made and never again."""

    webhook_id: str
    url: str
    kinds: tuple[str, ...]
    operators: tuple[str, ...] | None
    districts: tuple[str, ...] | None
    created_at: datetime
    is_active: bool
    failing_since: datetime | None
    disabled_at: datetime | None
    secret: str | None = None


class WebhookList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Subscriptions within the reader's reach, the oldest first."""

    items: tuple[WebhookView, ...]


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One event on its way to one address; `delivery_id` is its webhook-id."""

    delivery_id: str
    event_id: str
    kind: str
    at: datetime
    status: str
    tries: int
    due_at: datetime | None
    answer_code: int | None
    trouble: str | None
    delivered_at: datetime | None


class DeliveryList(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The newest deliveries of a subscription."""

    items: tuple[DeliveryView, ...]


class Replayed(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How many deliveries are sent again."""

    deliveries: int


def webhook_view(webhook: Webhook, secret: str | None = None) -> WebhookView:
    """Return a subscription as its owner sees it."""
    return WebhookView(
        webhook_id=webhook.webhook_id,
        url=webhook.url,
        kinds=tuple(sorted(webhook.kinds)),
        operators=None if webhook.operators is None else tuple(sorted(webhook.operators)),
        districts=None if webhook.districts is None else tuple(sorted(webhook.districts)),
        created_at=webhook.created_at,
        is_active=webhook.is_active,
        failing_since=webhook.failing_since,
        disabled_at=webhook.disabled_at,
        secret=secret,
    )


def delivery_list(deliveries: Sequence[Delivery]) -> DeliveryList:
    """Return deliveries without their bodies."""
    return DeliveryList(
        items=tuple(
            DeliveryView(
                delivery_id=one.delivery_id,
                event_id=one.event_id,
                kind=one.kind,
                at=one.at,
                status=one.status.value,
                tries=one.tries,
                due_at=one.due_at,
                answer_code=one.answer_code,
                trouble=one.trouble,
                delivered_at=one.delivered_at,
            )
            for one in deliveries
        )
    )
