"""SQL of codes, permits, insurances and the companies beside them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Table, func, select, update

from core.database import Transaction, insert_new
from core.database.rows import read_row
from core.errors import Conflict, NotFound, VersionMismatch
from core.ids import DistrictCode, MakerId, OperatorId, VehicleCode, VehicleNo
from fleet.vehicles.codes import CodeRecord, CodeStatus
from fleet.vehicles.papers import Insurance, Permit
from fleet.vehicles.tables import insurances, makers, operators, permits, vehicle_codes, vehicle_models


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """Who runs vehicles, with the telephone that a bystander is given."""

    operator_id: OperatorId
    name_zh: str
    name_en: str
    telephone: str


class Maker(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes vehicles."""

    maker_id: MakerId
    name_zh: str
    name_en: str


class VehicleModel(msgspec.Struct, frozen=True, kw_only=True):
    """What a maker's data sheet says of one model."""

    model: str
    maker: MakerId
    battery_wh: float
    """Capacity of the battery when new."""


class CodeStore:
    """Codes: one row each, kept for ever. Public facts: reads take no reach."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def next_serial(self, district: DistrictCode, service: str) -> int:
        """Return the serial after the highest ever drafted in a district for a service; 1 for the first."""
        query = select(func.max(vehicle_codes.c.serial)).where(
            vehicle_codes.c.district == district, vehicle_codes.c.service == service
        )
        return int((await self._tx.execute(query)).scalar() or 0) + 1

    async def add(self, record: CodeRecord) -> None:
        """Store a new code; raise Conflict when the code exists or the vehicle still has a living one."""
        if not await insert_new(self._tx, vehicle_codes, msgspec.structs.asdict(record)):
            raise Conflict(
                "already-exists",
                f"{record.code} exists, or vehicle {record.vehicle_no} carries another code",
                value=record.code,
            )

    async def get(self, code: VehicleCode) -> CodeRecord:
        """Return a code, whatever its status; raise NotFound when it was never drafted."""
        query = select(vehicle_codes).where(vehicle_codes.c.code == code)
        row = (await self._tx.execute(query)).mappings().one_or_none()
        if row is None:
            raise NotFound("not-found", f"no vehicle has the code {code}", value=code)
        return read_row(row, CodeRecord)

    async def living_of(self, numbers: Collection[VehicleNo]) -> dict[VehicleNo, CodeRecord]:
        """Return the code that each vehicle carries; a vehicle without one is absent."""
        query = select(vehicle_codes).where(
            vehicle_codes.c.vehicle_no.in_(sorted(set(numbers))),
            vehicle_codes.c.status != CodeStatus.REVOKED.value,
        )
        rows = (await self._tx.execute(query)).mappings()
        return {VehicleNo(row["vehicle_no"]): read_row(row, CodeRecord) for row in rows}

    async def past_end(self, at: datetime) -> list[CodeRecord]:
        """Return issued and suspended codes whose validity has ended."""
        query = select(vehicle_codes).where(
            vehicle_codes.c.valid_to <= at,
            vehicle_codes.c.status.in_([CodeStatus.ISSUED.value, CodeStatus.SUSPENDED.value]),
        )
        rows = (await self._tx.execute(query)).mappings()
        return [read_row(row, CodeRecord) for row in rows]

    async def save(self, before: CodeRecord, after: CodeRecord) -> CodeRecord:
        """Write `after` over exactly `before`; raise VersionMismatch when somebody was faster."""
        written = await self._tx.execute(
            update(vehicle_codes)
            .where(vehicle_codes.c.code == before.code, vehicle_codes.c.version == before.version)
            .values(msgspec.structs.asdict(after))
        )
        if written.rowcount != 1:
            raise VersionMismatch("version-mismatch", f"{before.code} was changed in between")
        return after


class PaperStore:
    """Permits and insurances of vehicles, read with the vehicle whose reach was checked."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def add_permit(self, permit: Permit) -> bool:
        """Store a permit; return False when its number exists."""
        return await insert_new(self._tx, permits, msgspec.structs.asdict(permit))

    async def add_insurance(self, insurance: Insurance) -> bool:
        """Store a policy; return False when its number exists."""
        return await insert_new(self._tx, insurances, msgspec.structs.asdict(insurance))

    async def permits_of(self, numbers: Collection[VehicleNo]) -> dict[VehicleNo, tuple[Permit, ...]]:
        """Return the permits of each vehicle, the latest end first; a vehicle without any is absent."""
        return await self._by_vehicle(permits, Permit, numbers)

    async def insurances_of(self, numbers: Collection[VehicleNo]) -> dict[VehicleNo, tuple[Insurance, ...]]:
        """Return the policies of each vehicle, the latest end first; a vehicle without any is absent."""
        return await self._by_vehicle(insurances, Insurance, numbers)

    async def _by_vehicle[T](
        self, table: Table, kind: type[T], numbers: Collection[VehicleNo]
    ) -> dict[VehicleNo, tuple[T, ...]]:
        query = (
            select(table)
            .where(table.c.vehicle_no.in_(sorted(set(numbers))))
            .order_by(table.c.valid_to.desc())
        )
        found: dict[VehicleNo, tuple[T, ...]] = {}
        for row in (await self._tx.execute(query)).mappings():
            number = VehicleNo(row["vehicle_no"])
            found[number] = (*found.get(number, ()), read_row(row, kind))
        return found


class CompanyStore:
    """Makers, their models and operators, loaded with the city."""

    def __init__(self, tx: Transaction) -> None:
        """Work inside one transaction; never commits."""
        self._tx = tx

    async def put_company(self, company: Company) -> None:
        """Store or rename an operating company."""
        await self._put(operators, operators.c.operator_id, company.operator_id, company)

    async def put_maker(self, maker: Maker) -> None:
        """Store or rename a maker."""
        await self._put(makers, makers.c.maker_id, maker.maker_id, maker)

    async def put_model(self, model: VehicleModel) -> None:
        """Store a model or what its data sheet says now."""
        await self._put(vehicle_models, vehicle_models.c.model, model.model, model)

    async def models(self) -> dict[str, VehicleModel]:
        """Return every model by name."""
        rows = (await self._tx.execute(select(vehicle_models))).mappings()
        return {row["model"]: read_row(row, VehicleModel) for row in rows}

    async def companies(self) -> dict[OperatorId, Company]:
        """Return every operating company by id."""
        rows = (await self._tx.execute(select(operators))).mappings()
        return {OperatorId(row["operator_id"]): read_row(row, Company) for row in rows}

    async def makers(self) -> dict[MakerId, Maker]:
        """Return every maker by id."""
        rows = (await self._tx.execute(select(makers))).mappings()
        return {MakerId(row["maker_id"]): read_row(row, Maker) for row in rows}

    async def _put(self, table: Table, key: Any, value: str, thing: msgspec.Struct) -> None:
        values = msgspec.structs.asdict(thing)
        if not await insert_new(self._tx, table, values):
            await self._tx.execute(update(table).where(key == value).values(values))
