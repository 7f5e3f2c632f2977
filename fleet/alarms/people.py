"""Who can be given an alarm, and who is told when nobody takes it."""

from collections.abc import Collection
from typing import Final

from core.auth.colleagues import StaffPerson, colleagues
from core.auth.roles import ROLE_SCOPES, STAFF_ROLES, Role, Scope
from core.database import Transaction
from core.errors import Invalid
from core.ids import StaffId
from fleet.alarms.alarm import Alarm, Person

ACTING_ROLES: Final = frozenset(role for role in STAFF_ROLES if Scope.ALARMS_ACT in ROLE_SCOPES[role])


def reaches(person: StaffPerson, alarm: Alarm) -> bool:
    """Return whether an alarm lies within what a person sees."""
    in_district = person.districts is None or alarm.district in person.districts
    return in_district and person.operator in (None, alarm.operator)


async def people_for(
    tx: Transaction, alarm: Alarm, roles: Collection[Role] = ACTING_ROLES
) -> list[StaffPerson]:
    """Return the people of these roles who see an alarm, by name."""
    return [person for person in await colleagues(tx, roles) if reaches(person, alarm)]


async def person_to_act(tx: Transaction, alarm: Alarm, staff_id: StaffId) -> Person:
    """Return somebody who may act on an alarm; raise Invalid for anybody else, known or not."""
    for person in await people_for(tx, alarm):
        if person.staff_id == staff_id:
            return Person(staff_id=staff_id, name=person.name)
    raise Invalid(
        "invalid-input", "nobody of this id may act on this alarm", field="assignee", limit=staff_id
    )
