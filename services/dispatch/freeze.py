"""A frozen zone as data: who froze or thawed it, when and why; versions are added and never changed. Pure."""

from datetime import datetime
from typing import Final

import msgspec

from core.ids import DistrictCode, OrderId, StaffId
from services.dispatch.explanation import Explanation

FROZEN: Final = "zone_frozen"
"""The named reason of an order that waits in a frozen zone."""


class ZoneFreeze(msgspec.Struct, frozen=True, kw_only=True):
    """One version of whether a zone gives out work. Version 0 is a zone that nobody ever froze."""

    district: DistrictCode
    version: int
    at: datetime
    staff_id: StaffId
    by_name: str
    reason: str
    is_frozen: bool


def frozen_explanation(
    order_id: OrderId, freeze: ZoneFreeze, *, at: datetime, weights_version: int
) -> Explanation:
    """Return why an order waits in a frozen zone: no vehicle is looked at."""
    return Explanation(
        order_id=order_id,
        at=at,
        considered=0,
        feasible=0,
        chosen=None,
        chosen_code=None,
        cost_s=None,
        reason=FROZEN,
        text_zh=f"{freeze.by_name}已暂停本旗区派车：{freeze.reason}",
        text_en=f"{freeze.by_name} has frozen dispatch in this district: {freeze.reason}",
        weights_version=weights_version,
    )
