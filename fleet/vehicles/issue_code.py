"""A code is drafted, applied for, issued; a vehicle that moves gets a new one and the old points to it."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, Reach
from core.database import Transaction
from core.ids import DistrictCode, OperatorId, VehicleCode, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.codes import (
    CodeEvent,
    CodeLayout,
    CodeRecord,
    CodeStatus,
    advance_code,
    format_code,
    replace_code,
)
from fleet.vehicles.paper_store import CodeStore
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle


class NewHome(msgspec.Struct, frozen=True, kw_only=True):
    """Where and what for a vehicle is from now on."""

    district: DistrictCode
    service: ServiceKind
    operator: OperatorId


async def draft_code(
    tx: Transaction,
    by: Principal | None,
    layout: CodeLayout,
    vehicle_no: VehicleNo,
    reach: Reach,
    *,
    serial: int | None = None,
    at: datetime,
) -> CodeRecord:
    """Return a drafted code for the vehicle's 旗区 and service; None takes the next serial.

    Raises Conflict when the serial is taken or the vehicle carries a living code.
    """
    vehicle = await VehicleStore(tx).get(vehicle_no, reach)
    return await _draft(tx, by, layout, vehicle, serial, at)


async def move_code(
    tx: Transaction,
    by: Principal | None,
    code: VehicleCode,
    event: CodeEvent,
    reach: Reach,
    *,
    valid_to: datetime | None = None,
    reason: str | None = None,
    at: datetime,
) -> CodeRecord:
    """Return the code after a step of its status; raises IllegalTransition.

    ``valid_to`` is read by ISSUED and RENEWED only.
    """
    store = CodeStore(tx)
    record = await store.get(code)
    await VehicleStore(tx).get(record.vehicle_no, reach)
    moved = await store.save(record, advance_code(record, event, at=at, valid_to=valid_to))
    shown = {"from": record.status.value, "to": moved.status.value, "event": event.value}
    await audit.record(tx, by, "code.moved", f"code:{code}", shown, reason, at=at)
    return moved


async def issue_code(
    tx: Transaction,
    by: Principal | None,
    layout: CodeLayout,
    vehicle_no: VehicleNo,
    reach: Reach,
    *,
    serial: int | None = None,
    valid_to: datetime | None = None,
    at: datetime,
) -> CodeRecord:
    """Return an issued code in one go: drafted, applied for, issued; for an agency that does all three."""
    record = await draft_code(tx, by, layout, vehicle_no, reach, serial=serial, at=at)
    await move_code(tx, by, record.code, CodeEvent.APPLIED, reach, at=at)
    return await move_code(tx, by, record.code, CodeEvent.ISSUED, reach, valid_to=valid_to, at=at)


async def recode_vehicle(
    tx: Transaction,
    by: Principal | None,
    layout: CodeLayout,
    vehicle_no: VehicleNo,
    home: NewHome,
    reach: Reach,
    *,
    reason: str,
    at: datetime,
) -> CodeRecord:
    """Return the new issued code of a vehicle that moves to another 旗区 or service.

    The old code is revoked and points to the new one; ``vehicle_no`` stays. The permit is another matter:
    it does not follow.
    """
    vehicles, codes = VehicleStore(tx), CodeStore(tx)
    vehicle = await vehicles.get(vehicle_no, reach)
    serial = await codes.next_serial(home.district, home.service.value)
    new_code = format_code(layout, district=home.district, service=home.service.value, serial=serial)
    old = (await codes.living_of([vehicle_no])).get(vehicle_no)
    if old is not None:
        await codes.save(old, replace_code(old, new_code, at=at))
        await audit.record(tx, by, "code.replaced", f"code:{old.code}", {"by": new_code}, reason, at=at)
    moved = await vehicles.save(
        vehicle,
        msgspec.structs.replace(
            vehicle,
            district=home.district,
            service=home.service,
            operator=home.operator,
            changed_at=at,
            version=vehicle.version + 1,
        ),
    )
    record = await _draft(tx, by, layout, moved, serial, at)
    await move_code(tx, by, record.code, CodeEvent.APPLIED, reach_after(reach), at=at)
    return await move_code(tx, by, record.code, CodeEvent.ISSUED, reach_after(reach), at=at)


def reach_after(reach: Reach) -> Reach:
    """Return the reach without 旗区 and company: whoever may move a vehicle away may finish the move."""
    return msgspec.structs.replace(reach, districts=None, operators=None)


async def _draft(
    tx: Transaction,
    by: Principal | None,
    layout: CodeLayout,
    vehicle: Vehicle,
    serial: int | None,
    at: datetime,
) -> CodeRecord:
    codes = CodeStore(tx)
    number = serial or await codes.next_serial(vehicle.district, vehicle.service.value)
    code = format_code(layout, district=vehicle.district, service=vehicle.service.value, serial=number)
    record = CodeRecord(
        code=code,
        vehicle_no=vehicle.vehicle_no,
        district=vehicle.district,
        service=vehicle.service.value,
        serial=number,
        status=CodeStatus.DRAFT,
        changed_at=at,
    )
    await codes.add(record)
    carried = msgspec.structs.replace(vehicle, code=code, changed_at=at, version=vehicle.version + 1)
    await VehicleStore(tx).save(vehicle, carried)
    shown = {"vehicle_no": vehicle.vehicle_no}
    await audit.record(tx, by, "code.drafted", f"code:{code}", shown, at=at)
    return record
