"""Staff freeze a zone or let it work again: a further version, with who, when and why."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Database
from core.errors import Conflict, VersionMismatch
from core.ids import DistrictCode, StaffId
from services.dispatch.freeze import ZoneFreeze
from services.dispatch.set_weights import must_say_why
from services.dispatch.zone_reach import must_steer_zone
from services.dispatch.zone_store import ZoneStore
from services.orders.zone import want_dispatch


async def freeze_zone(
    database: Database,
    principal: Principal,
    district: DistrictCode,
    *,
    is_frozen: bool,
    version: int,
    reason: str,
    at: datetime,
) -> ZoneFreeze:
    """Return the version that was added; no claim that begins after it gives new work in a frozen zone.

    What vehicles have goes on; they still charge and drive home. Thawing wakes dispatch in the same
    transaction. Raises Invalid without a reason, NotFound and Forbidden as ``must_steer_zone`` does,
    VersionMismatch, and Conflict when the zone is so already.
    """
    said = must_say_why(reason)
    async with database.write() as tx:
        await must_steer_zone(tx, district, reach_of(principal))
        store = ZoneStore(tx)
        held = await store.freeze(district)
        held_version = 0 if held is None else held.version
        if held_version != version:
            raise VersionMismatch(district=district, version=held_version)
        if is_frozen is (held is not None and held.is_frozen):
            raise Conflict("conflict", "the zone is so already", district=district, is_frozen=is_frozen)
        made = ZoneFreeze(
            district=district,
            version=version + 1,
            at=at,
            staff_id=StaffId(principal.id),
            by_name=principal.name,
            reason=said,
            is_frozen=is_frozen,
        )
        await store.add_freeze(made)
        if not is_frozen:
            await want_dispatch(tx, district, at=at)
        action = "zone.frozen" if is_frozen else "zone.thawed"
        await audit.record(tx, principal, action, f"zone:{district}", {"version": made.version}, said, at=at)
    return made
