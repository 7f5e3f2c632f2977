"""A subscription, a delivery, and how a delivery is signed: pure."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec

from core.ids import DistrictCode, OperatorId, StaffId
from geofences.events import FenceEventKind

ALARM_KINDS: Final = ("alarm.raised", "alarm.changed", "alarm.cleared")
FENCE_KINDS: Final = tuple(f"fence.{kind.name.lower()}" for kind in FenceEventKind)
KINDS: Final = frozenset({*ALARM_KINDS, *FENCE_KINDS})
SECRET_PREFIX: Final = "whsec_"  # noqa: S105
BACKOFF_FIRST: Final = timedelta(seconds=5)
BACKOFF_MOST: Final = timedelta(hours=6)
TRIES_MOST: Final = 20
"""About three days; then the delivery has failed and is sent again only by a replay."""


class DeliveryStatus(StrEnum):
    """How a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's address that is told of facts within a reach. Its secret is kept elsewhere."""

    webhook_id: str
    url: str
    kinds: frozenset[str]
    operators: frozenset[OperatorId] | None
    """None is every company's."""
    districts: frozenset[DistrictCode] | None
    created_by: StaffId
    created_at: datetime
    is_active: bool = True
    failing_since: datetime | None = None
    """Wall time of the first failure since the last success."""
    disabled_at: datetime | None = None

    def wants(self, kind: str, operator: OperatorId, district: DistrictCode) -> bool:
        """Return whether a fact is of its kinds and within its reach."""
        return (
            kind in self.kinds
            and (self.operators is None or operator in self.operators)
            and (self.districts is None or district in self.districts)
        )


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One fact on its way to one address. ``delivery_id`` is the webhook-id of every try."""

    delivery_id: str
    webhook_id: str
    event_id: str
    kind: str
    body: str
    at: datetime
    status: DeliveryStatus
    tries: int = 0
    due_at: datetime | None = None
    answer_code: int | None = None
    trouble: str | None = None
    delivered_at: datetime | None = None


def new_secret() -> str:
    """Return a fresh secret: 32 random bytes as the Standard Webhooks specification spells them."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signature(secret: str, delivery_id: str, timestamp: int, body: bytes) -> str:
    """Return the webhook-signature of a try: ``v1,`` and the base64 of HMAC-SHA-256 (Standard Webhooks 1).

    What is signed is ``{webhook-id}.{webhook-timestamp}.{body}``; the key is the secret behind its prefix.
    """
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many failed tries.

    >>> pause_after(1), pause_after(3), pause_after(40)
    (datetime.timedelta(seconds=5), datetime.timedelta(seconds=20), datetime.timedelta(seconds=21600))
    """
    doublings = min(max(tries - 1, 0), 20)
    return min(timedelta(seconds=BACKOFF_FIRST.total_seconds() * (1 << doublings)), BACKOFF_MOST)
