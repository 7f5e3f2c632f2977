"""Saying what the weather is like."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal
from core.database import Transaction
from core.errors import Forbidden
from core.ids import DistrictCode
from fleet.weather.fact import WeatherFact, check_span
from fleet.weather.store import WeatherStore


async def record_facts(
    tx: Transaction, principal: Principal | None, facts: Sequence[WeatherFact], *, at: datetime
) -> int:
    """Keep facts and return how many are new; a person's are audited, a feed is named in the fact itself.

    Raises Invalid for a span that is no weather, Forbidden for a 旗区 that is not the person's.
    """
    store, new = WeatherStore(tx), 0
    for fact in facts:
        if principal is not None:
            must_be_within(principal, fact.district)
        check_span(fact, at=at)
        new += await store.put(fact)
        if principal is not None:
            shown = msgspec.to_builtins(fact.weather)
            fields = {name: value for name, value in shown.items() if value is not None}
            about = f"weather:{fact.district}"
            await audit.record(tx, principal, "weather.recorded", about, fields, at=at)
    return new


def must_be_within(principal: Principal, district: DistrictCode) -> None:
    """Raise Forbidden for a 旗区 that the person has no say in."""
    if principal.districts is not None and district not in principal.districts:
        raise Forbidden("forbidden", "this 旗区 is another person's", field="district")
