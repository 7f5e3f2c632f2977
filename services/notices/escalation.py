"""Which channels tell somebody of an occasion, one after the other until somebody reacts: pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from services.notices.kinds import Channel, Occasion
from services.notices.wishes import ReachedBy, Wishes


class Step(NamedTuple):
    """A channel and how many city seconds after the fact it is used."""

    channel: Channel
    after_s: float


class Ladder(NamedTuple):
    """How an occasion is told: page first, a text after a while, a call at last; None is never."""

    page_s: float | None
    text_s: float | None
    voice_s: float | None
    is_urgent: bool = False
    """A vehicle stands and waits: not even quiet hours keep the text back, only the call."""


LADDERS: Mapping[Occasion, Ladder] = MappingProxyType(
    {
        Occasion.PLACED: Ladder(None, 0, None, True),
        Occasion.SUBSTITUTE: Ladder(0, 0, 120, True),
        Occasion.ARRIVED: Ladder(0, 60, 180, True),
        Occasion.DELEGATED: Ladder(None, 0, None, True),
        Occasion.COLLECT: Ladder(None, 0, 180, True),
        Occasion.REMINDER: Ladder(0, 0, 60, True),
        Occasion.MOVED: Ladder(0, 0, 90, True),
        Occasion.DELAYED: Ladder(0, 0, None),
        Occasion.MISSED: Ladder(0, 0, None),
        Occasion.RETURNED: Ladder(0, 0, None),
        Occasion.CANCELLED: Ladder(0, 0, None),
        Occasion.DELIVERED: Ladder(0, None, None),
        Occasion.WAYBILL: Ladder(None, 0, None),
        Occasion.COUNTER: Ladder(None, 0, None),
        Occasion.RESERVED: Ladder(None, 0, None, True),
        Occasion.RELEASED: Ladder(None, 0, None, True),
    }
)


def steps(occasion: Occasion, wishes: Wishes) -> tuple[Step, ...]:
    """Return the steps in order of time.

    Somebody without a smartphone has no page: the text comes at once. Somebody whose telephone only rings is
    called at once wherever others get a text.
    """
    ladder = LADDERS[occasion]
    found = []
    if wishes.reached_by is ReachedBy.PAGE and ladder.page_s is not None:
        found.append(Step(Channel.PAGE, ladder.page_s))
    if ladder.text_s is not None and wishes.reached_by is ReachedBy.VOICE:
        found.append(Step(Channel.VOICE, 0))
    elif ladder.text_s is not None:
        channel = Channel.WECHAT if wishes.wechat_id else Channel.SMS
        found.append(Step(channel, ladder.text_s if wishes.reached_by is ReachedBy.PAGE else 0))
        if ladder.voice_s is not None:
            found.append(Step(Channel.VOICE, ladder.voice_s))
    return tuple(found)


def must_be_quiet(occasion: Occasion, channel: Channel, wishes: Wishes) -> bool:
    """Return whether quiet hours keep a notice back: all that can wait, and calls to those who read."""
    if channel is Channel.VOICE:
        return not (LADDERS[occasion].is_urgent and wishes.reached_by is ReachedBy.VOICE)
    return not LADDERS[occasion].is_urgent
