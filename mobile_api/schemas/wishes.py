"""How a recipient wants to be reached, as the phone page shows and changes it."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from core.ids import ResidentId
from services.delivery.opening_hours import read_hours
from services.notices.wishes import MOST_EXTRA_WAIT_S, USUAL_QUIET_HOURS, ReachedBy, Wishes


class WishesView(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Language, quiet hours (`HH:MM-HH:MM`, empty for never), what she has, how much longer she needs."""

    language: Literal["zh", "en"] = "zh"
    quiet_hours: Annotated[str, Meta(max_length=11)] = USUAL_QUIET_HOURS
    reached_by: ReachedBy = ReachedBy.PAGE
    extra_wait_s: Annotated[float, Meta(ge=0, le=MOST_EXTRA_WAIT_S)] = 0.0
    wechat_id: Annotated[str, Meta(max_length=64)] = ""


def wishes_view(wishes: Wishes) -> WishesView:
    """Return somebody's wishes as she sees them."""
    return WishesView(
        language="en" if wishes.language == "en" else "zh",
        quiet_hours=wishes.quiet_hours,
        reached_by=wishes.reached_by,
        extra_wait_s=wishes.extra_wait_s,
        wechat_id=wishes.wechat_id,
    )


def wishes_of(view: WishesView, resident_id: ResidentId) -> Wishes:
    """Return the wishes in the domain's words; raise Invalid for hours that are none."""
    if view.quiet_hours:
        read_hours(view.quiet_hours)
    return Wishes(resident_id=resident_id, **msgspec.structs.asdict(view))
