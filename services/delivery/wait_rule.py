"""How long vehicles of a 旗区 wait for recipients: a rule as data, by version; an order keeps its own."""

from datetime import datetime

import msgspec

from core.errors import Invalid
from core.ids import DistrictCode, StaffId
from services.delivery.catalogue import PickupPoint
from services.delivery.second_try import SECOND_WAIT_S

LEAST_WAIT_S = 120.0
MOST_WAIT_S = 3600.0


class WaitRule(msgspec.Struct, frozen=True, kw_only=True):
    """City seconds; ``first_s`` None is the pickup point's own. Version 0 is the rule that nobody set."""

    district: DistrictCode
    version: int = 0
    first_s: float | None = None
    second_s: float = SECOND_WAIT_S
    at: datetime | None = None
    staff_id: StaffId | None = None
    by_name: str = ""
    reason: str = ""

    def first_at(self, point: PickupPoint) -> float:
        """Return how long a vehicle waits at a point, beside what the recipient needs longer."""
        return point.wait_s if self.first_s is None else self.first_s


def must_be_a_wait(wait_s: float, field: str) -> None:
    """Raise Invalid for a wait that nobody can keep or that blocks a vehicle for hours."""
    if not LEAST_WAIT_S <= wait_s <= MOST_WAIT_S:
        raise Invalid(
            "time-out-of-range",
            f"{LEAST_WAIT_S:g} to {MOST_WAIT_S:g} s",
            field=field,
            limit=f"{LEAST_WAIT_S:g} to {MOST_WAIT_S:g}",
        )
