"""Drawing a sweeping zone, drawing it anew, and retiring it."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Invalid, NotFound, VersionMismatch
from core.ids import DistrictCode, OperatorId, SweepingZoneId
from services.sweeping.zone import SweepingZone, check_zone
from services.sweeping.zone_store import ZoneStore


async def save_zone(
    tx: Transaction, principal: Principal, zone: SweepingZone, *, version: int, at: datetime
) -> SweepingZone:
    """Return the zone as it is stored: new for ``version`` 0, else the next version; the same is the same.

    A new drawing wants a new plan; runs under way go on by theirs. Raises Invalid naming the field,
    NotFound for a zone or a tenant out of reach, VersionMismatch when it was changed in between.
    """
    check_zone(zone)
    check_tenant(principal, zone.district, zone.operator)
    store = ZoneStore(tx)
    known = await store.find(zone.zone_id)
    if known is not None:
        known = await store.get(zone.zone_id, reach_of(principal))
    if (0 if known is None else known.version) != version:
        if known is not None and _is_same(known, zone):
            return known
        raise VersionMismatch(
            "version-mismatch", zone_id=zone.zone_id, version=0 if known is None else known.version
        )
    saved = msgspec.structs.replace(
        zone, version=version + 1, changed_at=at, changed_by_name=principal.name, is_retired=False
    )
    if known is None:
        await store.add(saved)
    elif _is_same(known, zone):
        return known
    else:
        saved = msgspec.structs.replace(saved, is_synthetic=known.is_synthetic)
        await store.change(known, saved)
    fields = {"version": saved.version, "district": saved.district, "kind": saved.drawing.kind.value}
    await audit.record(tx, principal, "sweeping_zone.saved", f"sweeping_zone:{zone.zone_id}", fields, at=at)
    return saved


async def retire_zone(
    tx: Transaction, principal: Principal, zone_id: SweepingZoneId, *, at: datetime
) -> SweepingZone:
    """Return the zone that is swept no more; runs under way go on. Raises NotFound out of reach."""
    store = ZoneStore(tx)
    known = await store.get(zone_id, reach_of(principal))
    if known.is_retired:
        return known
    retired = msgspec.structs.replace(known, is_retired=True, changed_at=at, changed_by_name=principal.name)
    await store.change(known, retired)
    await audit.record(tx, principal, "sweeping_zone.retired", f"sweeping_zone:{zone_id}", {}, at=at)
    return retired


def check_tenant(principal: Principal, district: DistrictCode, operator: OperatorId) -> None:
    """Raise NotFound for a 旗区 or an operator out of reach, Invalid for none."""
    reach = reach_of(principal)
    if reach.districts is not None and district not in reach.districts:
        raise NotFound("not-found", "this district is out of reach", field="district")
    if reach.operators is not None and operator not in reach.operators:
        raise NotFound("not-found", "this operator is out of reach", field="operator")
    if not operator or not district:
        raise Invalid("invalid-input", "a zone belongs to an operator", field="operator", limit="one of them")


def _is_same(known: SweepingZone, zone: SweepingZone) -> bool:
    """Return whether nothing of what a person says differs."""
    said = ("name_zh", "name_en", "district", "operator", "drawing")
    return not known.is_retired and all(getattr(known, each) == getattr(zone, each) for each in said)
