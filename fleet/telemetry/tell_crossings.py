"""Crossings on their way to other systems: into the outbox with their commit, while somebody wants them."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select

from core.database import Transaction
from core.outbox import emit
from fleet.telemetry.found_events import FenceEvent, FoundEvents
from fleet.webhooks.tables import webhooks

TOPIC: Final = "webhook.fence"
EVENTS_A_ROW: Final = 100


async def tell_crossings(tx: Transaction, found: Sequence[FoundEvents]) -> int:
    """Emit crossings for webhooks; return how many. Costs one look at a small table when nobody wants any."""
    wanted = select(webhooks.c.webhook_id).where(webhooks.c.is_active, webhooks.c.wants_fences).limit(1)
    if not found or (await tx.execute(wanted)).first() is None:
        return 0
    events = [event for one in found for event in one.each()]
    for start in range(0, len(events), EVENTS_A_ROW):
        group = events[start : start + EVENTS_A_ROW]
        payload = {"events": [_told(event) for event in group]}
        await emit(tx, TOPIC, payload, key=f"fence-webhook:{group[0].vehicle_no}", at=group[-1].measured_at)
    return len(events)


def _told(event: FenceEvent) -> dict[str, Any]:
    name = f"{event.vehicle_no}:{event.fence_id}:{event.fence_version}:{event.kind}:{event.seq}"
    return {
        "id": f"fence:{name}",
        "kind": f"fence.{event.kind}",
        "at": event.measured_at.isoformat(),
        "data": {
            "vehicleNo": event.vehicle_no,
            "fenceId": event.fence_id,
            "fenceVersion": event.fence_version,
            "seq": event.seq,
            "measuredAt": event.measured_at.isoformat(),
            "lat": event.lat,
            "lng": event.lng,
            "accuracyM": event.accuracy_m,
            "isBorderUncertain": event.is_border_uncertain,
        },
    }
