"""SQL of daily checks and of the rules about them."""

from collections.abc import Sequence
from datetime import date, datetime, tzinfo

import msgspec
from sqlalchemy import and_, func, or_, select

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, VersionMismatch
from core.ids import VehicleNo
from fleet.readiness.check import Readiness, ReadinessCheck, ReadinessRule, check_day, rule_of
from fleet.readiness.tables import readiness_checks, readiness_rules
from fleet.vehicles.vehicle import Vehicle


class ReadinessStore:
    """Reads and writes inside one transaction; never commits."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction."""
        self._tx = tx

    async def rules(self) -> list[ReadinessRule]:
        """Return the rule that holds for each company that has one."""
        table = readiness_rules.c
        last = (
            select(table.operator, func.max(table.version).label("version"))
            .group_by(table.operator)
            .subquery()
        )
        query = select(readiness_rules).join(
            last, and_(table.operator == last.c.operator, table.version == last.c.version)
        )
        rows = (await self._tx.execute(query.order_by(table.operator))).mappings()
        return [read_row(row, ReadinessRule) for row in rows]

    async def add_rule(self, rule: ReadinessRule) -> None:
        """Add the next version; raise VersionMismatch when somebody added it in between."""
        if not await insert_new(self._tx, readiness_rules, msgspec.structs.asdict(rule)):
            raise VersionMismatch(operator=rule.operator, version=rule.version)

    async def add(self, check: ReadinessCheck) -> None:
        """Keep a check; raise Conflict when somebody kept one of the same number in between."""
        if not await insert_new(self._tx, readiness_checks, msgspec.structs.asdict(check)):
            raise Conflict("conflict", "somebody checked it at the same moment", vehicle_no=check.vehicle_no)

    async def of(
        self, vehicles: Sequence[Vehicle], *, at: datetime, zone: tzinfo
    ) -> dict[VehicleNo, Readiness]:
        """Return where each vehicle stands today: two queries for any number of vehicles."""
        rules = await self.rules()
        by_vehicle = {vehicle.vehicle_no: rule_of(vehicle.operator, rules) for vehicle in vehicles}
        days = {number: check_day(at, zone, rule) for number, rule in by_vehicle.items()}
        last = await self._last_of(days)
        return {
            number: Readiness(is_required=rule.is_required, day=days[number], last=last.get(number))
            for number, rule in by_vehicle.items()
        }

    async def history(self, vehicle_no: VehicleNo, *, most: int) -> list[ReadinessCheck]:
        """Return the newest checks of a vehicle, the newest first; read it with a reach before."""
        table = readiness_checks.c
        query = select(readiness_checks).where(table.vehicle_no == vehicle_no)
        query = query.order_by(table.day.desc(), table.number.desc()).limit(most)
        return [read_row(row, ReadinessCheck) for row in (await self._tx.execute(query)).mappings()]

    async def _last_of(self, days: dict[VehicleNo, date]) -> dict[VehicleNo, ReadinessCheck]:
        by_day: dict[date, list[VehicleNo]] = {}
        for number, day in days.items():
            by_day.setdefault(day, []).append(number)
        if not by_day:
            return {}
        table = readiness_checks.c
        own = or_(*(and_(table.day == day, table.vehicle_no.in_(sorted(by_day[day]))) for day in by_day))
        rows = (await self._tx.execute(select(readiness_checks).where(own).order_by(table.number))).mappings()
        return {check.vehicle_no: check for check in (read_row(row, ReadinessCheck) for row in rows)}
