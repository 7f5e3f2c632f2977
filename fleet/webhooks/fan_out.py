"""From a committed fact to a delivery for everybody who subscribed: a route of the outbox."""

from collections.abc import Sequence
from typing import Any

import msgspec

from core.auth.principal import EVERYTHING
from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, OperatorId, VehicleNo, new_id
from core.outbox import OutboxMessage
from fleet.vehicles.store import VehicleStore
from fleet.webhooks.store import WebhookStore
from fleet.webhooks.webhook import Delivery, DeliveryStatus

ALARM_TOPIC = "webhook.alarm"
FENCE_TOPIC = "webhook.fence"


class WebhookFanOut:
    """Writes one delivery for each event and subscription; a repeat writes nothing."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def __call__(self, message: OutboxMessage) -> None:
        """Write the deliveries of one row of the outbox. Raises Unavailable."""
        events: Sequence[dict[str, Any]] = message.payload["events"]
        async with self._database.read() as tx:
            subscribed = await WebhookStore(tx).all(EVERYTHING, active=True)
            if not subscribed:
                return
            vehicles = await VehicleStore(tx).of_numbers(
                {VehicleNo(event["data"]["vehicleNo"]) for event in events}, EVERYTHING
            )
        wall = self._clock.wall()
        deliveries: list[Delivery] = []
        for event in events:
            data = event["data"]
            vehicle = vehicles.get(VehicleNo(data["vehicleNo"]))
            if vehicle is None:
                continue
            operator = OperatorId(data.get("operator", vehicle.operator))
            district = DistrictCode(data.get("district", vehicle.district))
            body = {"type": event["kind"], "timestamp": event["at"], "eventId": event["id"], "data": data}
            deliveries += [
                Delivery(
                    delivery_id=f"msg_{new_id()}",
                    webhook_id=webhook.webhook_id,
                    event_id=event["id"],
                    kind=event["kind"],
                    body=msgspec.json.encode(body).decode(),
                    at=message.at,
                    status=DeliveryStatus.WAITING,
                    due_at=wall,
                )
                for webhook in subscribed
                if webhook.wants(event["kind"], operator, district)
            ]
        if deliveries:
            async with self._database.write() as tx:
                await WebhookStore(tx).add_deliveries(deliveries)
