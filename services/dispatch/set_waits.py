"""Staff set how long vehicles of a zone wait for recipients: a further version, with who and why."""

from datetime import datetime

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import VersionMismatch
from core.ids import DistrictCode, StaffId
from services.delivery.wait_rule import WaitRule, must_be_a_wait
from services.delivery.wait_rule_store import WaitRuleStore
from services.dispatch.set_weights import must_say_why
from services.dispatch.zone_reach import must_steer_zone


async def set_waits(
    tx: Transaction,
    principal: Principal,
    district: DistrictCode,
    *,
    first_s: float | None,
    second_s: float,
    version: int,
    reason: str,
    at: datetime,
) -> WaitRule:
    """Return the rule that holds for orders placed from now on; ``first_s`` None is each point's own wait.

    Raises Invalid with field and limit, NotFound and Forbidden as ``must_steer_zone`` does, VersionMismatch
    when ``version`` is not the one that holds.
    """
    said = must_say_why(reason)
    if first_s is not None:
        must_be_a_wait(first_s, "firstS")
    must_be_a_wait(second_s, "secondS")
    await must_steer_zone(tx, district, reach_of(principal))
    held = await WaitRuleStore(tx).of(district)
    made = WaitRule(
        district=district,
        version=held.version + 1,
        first_s=first_s,
        second_s=second_s,
        at=at,
        staff_id=StaffId(principal.id),
        by_name=principal.name,
        reason=said,
    )
    if held.version != version or not await WaitRuleStore(tx).add(made):
        raise VersionMismatch(district=district, version=held.version)
    fields = {
        "version": made.version,
        "before": [held.first_s, held.second_s],
        "after": [made.first_s, made.second_s],
    }
    await audit.record(tx, principal, "waits.set", f"zone:{district}", fields, said, at=at)
    return made
