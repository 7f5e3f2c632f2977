"""Who is told of an area stop outside the pages."""

from collections.abc import Collection
from datetime import datetime

from core.auth.colleagues import colleagues
from core.auth.roles import Role
from core.auth.staff_notices import want_staff_notices
from core.database import Transaction
from fleet.area_stops.area_stop import AreaStop


async def tell_staff(
    tx: Transaction,
    stop: AreaStop,
    roles: Collection[Role],
    *,
    reason: str,
    zh: str,
    en: str,
    at: datetime,
    wall: datetime,
) -> int:
    """Tell the people of these roles whom it concerns, anywhere in the city; return how many.

    A drill says so. Whoever placed it knows.
    """
    people = [
        person.staff_id
        for person in await colleagues(tx, roles)
        if (person.operator is None or set(stop.operators) <= {person.operator})
        and person.staff_id != stop.placed_by
    ]
    return await want_staff_notices(
        tx,
        people,
        subject=f"area_stop:{stop.area_stop_id}",
        reason=reason,
        zh=f"【演练】{zh}" if stop.is_drill else zh,
        en=f"DRILL: {en}" if stop.is_drill else en,
        at=at,
        wall=wall,
    )
