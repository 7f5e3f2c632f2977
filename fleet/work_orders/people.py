"""Who of the field crew can be given a work order."""

from core.auth.colleagues import StaffPerson, colleagues
from core.auth.roles import Role
from core.database import Transaction
from core.errors import Invalid
from core.ids import StaffId
from fleet.work_orders.work_order import WorkOrder


async def crew_for(tx: Transaction, order: WorkOrder) -> list[StaffPerson]:
    """Return the crew that reaches a work order, by name."""
    return [person for person in await colleagues(tx, [Role.CREW]) if _reaches(person, order)]


async def crew_member(tx: Transaction, order: WorkOrder, staff_id: StaffId) -> StaffPerson:
    """Return one of the crew; raise Invalid for anybody who cannot be given the work order."""
    for person in await crew_for(tx, order):
        if person.staff_id == staff_id:
            return person
    raise Invalid(
        "invalid-input", "nobody of this id is crew for this vehicle", field="assignee", limit=staff_id
    )


def _reaches(person: StaffPerson, order: WorkOrder) -> bool:
    in_district = person.districts is None or order.district in person.districts
    return in_district and person.operator in (None, order.operator)
