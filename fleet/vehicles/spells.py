"""What a vehicle was until a moment: a row for every spell of one duty, service, 旗区 and company, written
when it ends. With the vehicle as it is now they tell what it was at any time."""

from collections.abc import Collection
from datetime import datetime

import msgspec
from sqlalchemy import insert, select

from core.database import Transaction
from core.database.kept import append
from core.database.rows import read_row
from core.ids import DistrictCode, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Duty
from fleet.vehicles.tables import vehicle_spells
from fleet.vehicles.vehicle import Vehicle

_FIELDS = ("duty", "service", "district", "operator")
_INSERT = insert(vehicle_spells)


class PastSpell(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle was until ``until_at``."""

    vehicle_no: VehicleNo
    version: int
    until_at: datetime
    duty: Duty
    service: ServiceKind
    district: DistrictCode
    operator: OperatorId


async def end_spell(tx: Transaction, before: Vehicle, after: Vehicle) -> None:
    """Keep what a vehicle was when one of the four changes, in the transaction that changes it."""
    if all(getattr(before, field) == getattr(after, field) for field in _FIELDS):
        return
    await append(
        tx,
        _INSERT,
        {
            "vehicle_no": before.vehicle_no,
            "version": before.version,
            "until_at": after.changed_at,
            **{field: getattr(before, field) for field in _FIELDS},
        },
    )


async def spells_since(
    tx: Transaction, numbers: Collection[VehicleNo], moment: datetime
) -> dict[VehicleNo, tuple[PastSpell, ...]]:
    """Return the spells of vehicles that ended after a moment, oldest first; a vehicle without is absent."""
    query = (
        select(vehicle_spells)
        .where(vehicle_spells.c.vehicle_no.in_(sorted(set(numbers))), vehicle_spells.c.until_at > moment)
        .order_by(vehicle_spells.c.vehicle_no, vehicle_spells.c.version)
    )
    found: dict[VehicleNo, tuple[PastSpell, ...]] = {}
    for row in (await tx.execute(query)).mappings():
        spell = read_row(row, PastSpell)
        found[spell.vehicle_no] = (*found.get(spell.vehicle_no, ()), spell)
    return found
