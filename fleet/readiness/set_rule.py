"""A company says what it asks for before a vehicle works: a further version, with who and why."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal
from core.database import Database
from core.errors import Forbidden, Invalid, VersionMismatch
from core.kinds import ServiceKind
from fleet.readiness.check import BY_SYSTEM, CheckItem, ReadinessRule
from fleet.readiness.store import ReadinessStore


async def set_rule(
    database: Database, principal: Principal, rule: ReadinessRule, *, at: datetime
) -> ReadinessRule:
    """Return the version that was added in place of ``rule.version`` (0 for none); it holds at once.

    Raises Invalid with field and limit, Forbidden for another company's rule, VersionMismatch when another
    version holds.
    """
    _check_looks(rule.looks)
    if principal.operator is not None and principal.operator != rule.operator:
        raise Forbidden("forbidden", "a company sets the checks of its own vehicles", field="operator")
    if not rule.reason.strip():
        raise Invalid("reason-missing", "say why", field="reason", limit=500)
    async with database.write() as tx:
        store = ReadinessStore(tx)
        held = {each.operator: each for each in await store.rules()}.get(rule.operator)
        version = 0 if held is None else held.version
        if version != rule.version:
            raise VersionMismatch(operator=rule.operator, version=version)
        made = msgspec.structs.replace(
            rule, version=version + 1, by_name=principal.name, reason=rule.reason.strip(), at=at
        )
        await store.add_rule(made)
        about = f"readiness_rule:{rule.operator or 'every'}"
        fields = {"version": made.version, "is_required": made.is_required, "from_hour": made.day_starts_hour}
        await audit.record(tx, principal, "readiness_rule.set", about, fields, made.reason, at=at)
    return made


def _check_looks(looks: Mapping[ServiceKind, tuple[CheckItem, ...]]) -> None:
    allowed = frozenset(CheckItem) - BY_SYSTEM
    for service, items in looks.items():
        foreign = sorted(set(items) - allowed)
        if foreign or len(set(items)) < len(items) or not items:
            limit = f"one or more of {', '.join(sorted(allowed))}, each once"
            raise Invalid("invalid-input", f"a list of {service.value}", field="looks", limit=limit)
