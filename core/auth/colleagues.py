"""The people who work here, as colleagues know them: no secret of an account is read."""

from collections.abc import Collection

from msgspec import Struct
from sqlalchemy import select

from core.auth.roles import Role
from core.auth.tables import staff
from core.database import Transaction
from core.ids import DistrictCode, OperatorId, StaffId


class StaffPerson(Struct, frozen=True, kw_only=True):
    """Somebody with an account that works, as colleagues know him."""

    staff_id: StaffId
    name: str
    role: Role
    operator: OperatorId | None = None
    districts: frozenset[DistrictCode] | None = None


async def colleagues(tx: Transaction, roles: Collection[Role]) -> list[StaffPerson]:
    """Return everybody of these roles whose account works, by name."""
    known = (staff.c.id, staff.c.name, staff.c.role, staff.c.operator, staff.c.districts)
    query = select(*known).where(staff.c.is_active, staff.c.role.in_(sorted(role.value for role in roles)))
    return [
        StaffPerson(
            staff_id=StaffId(row.id),
            name=row.name,
            role=Role(row.role),
            operator=None if row.operator is None else OperatorId(row.operator),
            districts=None if row.districts is None else frozenset(map(DistrictCode, row.districts)),
        )
        for row in await tx.execute(query.order_by(staff.c.name, staff.c.id))
    ]
