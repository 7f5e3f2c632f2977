"""When limits hold vehicles back: now and as far as anybody has said the weather. Pure."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import msgspec

from fleet.weather.conditions import Broken, WeatherLimits, broken_limits
from fleet.weather.fact import WeatherFact, weather_at


class HeldSpan(msgspec.Struct, frozen=True, kw_only=True):
    """Limits that are broken from a moment until another, not included. ``is_new``: by others none was."""

    begins_at: datetime
    ends_at: datetime
    broken: tuple[Broken, ...]
    is_new: bool


def held_spans(
    limits: WeatherLimits,
    present: WeatherLimits,
    facts: Sequence[WeatherFact],
    *,
    at: datetime,
    until: datetime,
) -> tuple[HeldSpan, ...]:
    """Return when limits hold back what they are for in [at, until), the earliest first.

    ``facts`` are of one 旗区; what nobody says breaks nothing. ``present`` are the limits of now, against
    which a span is new.
    """
    edges = {at, until}
    for fact in facts:
        edges |= {moment for moment in (fact.valid_from, fact.valid_to) if at < moment < until}
    spans: list[HeldSpan] = []
    for begins_at, ends_at in pairwise(sorted(edges)):
        weather = weather_at(facts, begins_at)
        broken = broken_limits(limits, weather)
        if not broken:
            continue
        is_new = not broken_limits(present, weather)
        last = spans[-1] if spans else None
        if last is not None and (last.ends_at, last.broken, last.is_new) == (begins_at, broken, is_new):
            spans[-1] = msgspec.structs.replace(last, ends_at=ends_at)
        else:
            spans.append(HeldSpan(begins_at=begins_at, ends_at=ends_at, broken=broken, is_new=is_new))
    return tuple(spans)
