"""What upper packages know of a fence's effect, declared here and plugged in by steppe/composition."""

from collections.abc import Sequence
from typing import Protocol

from core.auth.principal import Reach
from core.database import Transaction
from geofences.fences import FenceDraft
from geofences.preview import TouchedOrder


class FenceImpact(Protocol):
    """Knows the orders; services.orders.fence_impact is one."""

    async def touched(self, tx: Transaction, draft: FenceDraft, reach: Reach) -> Sequence[TouchedOrder]:
        """Return the open orders within reach that have an end inside."""
        ...
