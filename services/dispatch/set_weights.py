"""Staff set the weights of a zone: a further version, with who and why."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Database
from core.errors import Invalid, VersionMismatch
from core.ids import DistrictCode, StaffId
from services.dispatch.weights import Weights, WeightsVersion, check_weights
from services.dispatch.zone_reach import must_steer_zone
from services.dispatch.zone_store import ZoneStore

LONGEST_REASON = 500


def must_say_why(reason: str) -> str:
    """Return the reason without blanks around it; raise Invalid for none, or for one that is too long."""
    said = reason.strip()
    if not 1 <= len(said) <= LONGEST_REASON:
        raise Invalid("reason-missing", "say why", field="reason", limit=LONGEST_REASON)
    return said


async def set_weights(
    database: Database,
    principal: Principal,
    district: DistrictCode,
    weights: Weights,
    *,
    version: int,
    reason: str,
    at: datetime,
) -> WeightsVersion:
    """Return the version that was added; every round that reads after it decides by it.

    Raises Invalid with field and limit, NotFound and Forbidden as ``must_steer_zone`` does, VersionMismatch
    when ``version`` is not the one that holds.
    """
    check_weights(weights)
    said = must_say_why(reason)
    async with database.write() as tx:
        await must_steer_zone(tx, district, reach_of(principal))
        held = await ZoneStore(tx).weights(district)
        if held.version != version:
            raise VersionMismatch(district=district, version=held.version)
        made = WeightsVersion(
            district=district,
            version=held.version + 1,
            at=at,
            staff_id=StaffId(principal.id),
            by_name=principal.name,
            reason=said,
            weights=weights,
        )
        await ZoneStore(tx).add_weights(made)
        about = f"zone:{district}"
        fields = {"version": made.version, "changed": changes(held.weights, weights)}
        await audit.record(tx, principal, "weights.set", about, fields, said, at=at)
    return made


def changes(before: Weights, after: Weights) -> dict[str, list[object]]:
    """Return what differs, as field → [before, after]."""
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return {name: [old[name], new[name]] for name in old if old[name] != new[name]}
