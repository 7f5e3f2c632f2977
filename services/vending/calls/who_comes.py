"""Which vehicle answers a called stop: an idle one, or one that is called away from its round. Pure.

A vehicle on a round leaves it only for a stated gain against the nearest idle one, and twice at most; every
vehicle that stays out of it does so for a named rule.
"""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from services.vending.calls.choose_call import CalledStop, reach_m, waited_s
from services.vending.calls.decision import GAIN_S, CallDecision, CallOutcome, Seller

MOST_DIVERSIONS = 2
"""Times that one round is left for callers: its own stops count too."""


def decide_call(stop: CalledStop, sellers: Sequence[Seller], *, at: datetime) -> CallDecision:
    """Return who comes to a called stop: the nearest idle vehicle, unless one on a round is there so much
    sooner that it is called away."""
    waited, offered_m = waited_s(stop, at), reach_m(stop, at)
    able = [one for one in sellers if not one.rules and one.way_s is not None]
    idle = min((one for one in able if not one.is_on_round), key=_order, default=None)
    roaming = [one for one in able if one.is_on_round]
    near = min((one for one in roaming if (one.away_m or 0.0) <= offered_m), key=_order, default=None)
    needed_s = GAIN_S - waited
    gain_s = None if near is None or idle is None else _way_s(idle) - _way_s(near)
    is_worth_it = near is not None and (gain_s is None or gain_s >= needed_s)
    ordered = tuple(sorted(sellers, key=lambda one: (bool(one.rules), *_order(one))))
    plain = CallDecision(
        at=at, outcome=CallOutcome.NOBODY, needed_s=needed_s, reach_m=offered_m, sellers=ordered
    )
    if near is not None and is_worth_it:
        return msgspec.structs.replace(
            plain, outcome=CallOutcome.CALLED_AWAY, vehicle_no=near.vehicle_no, gain_s=gain_s
        )
    if idle is not None:
        return msgspec.structs.replace(
            plain, outcome=CallOutcome.IDLE, vehicle_no=idle.vehicle_no, gain_s=gain_s
        )
    return msgspec.structs.replace(plain, outcome=CallOutcome.NOT_YET) if roaming else plain


def _order(one: Seller) -> tuple[float, int]:
    return _way_s(one), one.vehicle_no


def _way_s(one: Seller) -> float:
    return float("inf") if one.way_s is None else one.way_s
