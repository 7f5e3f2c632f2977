"""Somebody scans the code on a vehicle: the facts, and whether the vehicle is his to open in the console."""

import msgspec

from core.auth.principal import EVERYTHING, Principal, reach_of
from core.auth.roles import Scope
from core.database import Database, Transaction
from core.errors import NotFound
from core.ids import VehicleCode
from core.kinds import ServiceKind
from fleet.vehicles.codes import CodeLayout, CodeRecord, CodeStatus, parse_code
from fleet.vehicles.last_heard import LastHeard, LastHeardReader
from fleet.vehicles.paper_store import CodeStore, Company, CompanyStore, Maker, PaperStore
from fleet.vehicles.papers import Insurance, Permit
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle

NEVER_ON_A_BODY = frozenset({CodeStatus.DRAFT, CodeStatus.APPLIED})
"""Codes that were not issued yet are nobody's business: scanning one finds nothing."""


class ScannedCode(msgspec.Struct, frozen=True, kw_only=True):
    """A code with its vehicle and papers; `heard` is None unless the caller may open the vehicle."""

    record: CodeRecord
    vehicle: Vehicle
    service: ServiceKind
    permits: tuple[Permit, ...]
    insurances: tuple[Insurance, ...]
    company: Company | None
    maker: Maker | None
    is_within_reach: bool
    heard: LastHeard | None


async def find_vehicle(tx: Transaction, layout: CodeLayout, text: str) -> tuple[CodeRecord, Vehicle]:
    """Return the record of a code that is on a body, and its vehicle.

    Raises Invalid("vehicle-code-wrong") for what is no code and NotFound for one that was never issued.
    """
    parse_code(layout, text)
    code = VehicleCode("".join(text.upper().split()))
    record = await CodeStore(tx).get(code)
    if record.status in NEVER_ON_A_BODY:
        raise NotFound("not-found", f"no vehicle has the code {code}", value=code)
    return record, await VehicleStore(tx).get(record.vehicle_no, EVERYTHING)


async def scan_code(
    database: Database, last_heard: LastHeardReader, layout: CodeLayout, caller: Principal | None, text: str
) -> ScannedCode:
    """Return what a code stands for; anybody may ask.

    Raises Invalid("vehicle-code-wrong") for what is no code and NotFound for one that was never issued.
    """
    parts = parse_code(layout, text)
    async with database.read() as tx:
        record, vehicle = await find_vehicle(tx, layout, text)
        papers = PaperStore(tx)
        permits = (await papers.permits_of([vehicle.vehicle_no])).get(vehicle.vehicle_no, ())
        insurances = (await papers.insurances_of([vehicle.vehicle_no])).get(vehicle.vehicle_no, ())
        companies = await CompanyStore(tx).companies()
        makers = await CompanyStore(tx).makers()
        is_mine = caller is not None and caller.may(Scope.VEHICLES_READ)
        if is_mine and caller is not None:
            is_mine = vehicle.vehicle_no in await VehicleStore(tx).of_numbers(
                [vehicle.vehicle_no], reach_of(caller)
            )
    heard = await last_heard.last_heard([vehicle.vehicle_no]) if is_mine else {}
    return ScannedCode(
        record=record,
        vehicle=vehicle,
        service=ServiceKind(parts.service),
        permits=permits,
        insurances=insurances,
        company=companies.get(vehicle.operator),
        maker=makers.get(vehicle.maker),
        is_within_reach=is_mine,
        heard=heard.get(vehicle.vehicle_no),
    )
