"""A vehicle enters the register, gets its papers and its code, and is put in service."""

from datetime import datetime

import msgspec

from core import audit
from core.auth.principal import Principal, Reach
from core.database import Transaction
from core.errors import Conflict
from core.ids import DeviceId, DistrictCode, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.kinds import Lifecycle
from fleet.vehicles.lifecycle import LifecycleEvent
from fleet.vehicles.paper_store import CodeStore, PaperStore
from fleet.vehicles.papers import Insurance, Permit, is_current
from fleet.vehicles.store import VehicleStore
from fleet.vehicles.vehicle import Vehicle, advance_lifecycle


class NewVehicle(msgspec.Struct, frozen=True, kw_only=True):
    """What is known when a vehicle is registered."""

    service: ServiceKind
    district: DistrictCode
    operator: OperatorId
    maker: MakerId
    device_id: DeviceId
    maker_serial: str
    hardware_model: str
    software_version: str | None = None
    link_profile: str = "native-1hz"
    link_loss_version: int = 1
    """Version of the link-loss policy that its profile tells it (fleet.links.profile)."""
    is_demo: bool = False
    vehicle_no: VehicleNo | None = None
    """None takes the next free number."""


async def register_vehicle(
    tx: Transaction, by: Principal | None, new: NewVehicle, *, partitions: int, at: datetime
) -> Vehicle:
    """Return the registered vehicle; raise Conflict for a number, device or serial that is registered.

    partitions: of the city's telemetry stream; a vehicle's partition is its number modulo that.
    """
    store = VehicleStore(tx)
    number = new.vehicle_no or await store.next_number()
    vehicle = Vehicle(
        vehicle_no=number,
        service=new.service,
        district=new.district,
        operator=new.operator,
        maker=new.maker,
        device_id=new.device_id,
        maker_serial=new.maker_serial,
        hardware_model=new.hardware_model,
        software_version=new.software_version,
        link_profile=new.link_profile,
        link_loss_wanted=new.link_loss_version,
        partition=number % partitions,
        is_demo=new.is_demo,
        registered_at=at,
        changed_at=at,
    )
    await store.add(vehicle)
    shown = {"service": new.service.value, "district": new.district, "operator": new.operator}
    await audit.record(tx, by, "vehicle.registered", f"vehicle:{number}", shown, at=at)
    return vehicle


async def grant_permit(
    tx: Transaction, by: Principal | None, permit: Permit, reach: Reach, *, at: datetime
) -> Vehicle:
    """Return the vehicle with one permit more; a registered one is permitted by it.

    Raises Conflict when the permit's number exists.
    """
    store = VehicleStore(tx)
    vehicle = await store.get(permit.vehicle_no, reach)
    if not await PaperStore(tx).add_permit(permit):
        raise Conflict("already-exists", f"permit {permit.permit_no} exists", permit_no=permit.permit_no)
    await audit.record(
        tx,
        by,
        "permit.granted",
        f"vehicle:{permit.vehicle_no}",
        {"permit_no": permit.permit_no, "stage": permit.stage.value, "valid_to": permit.valid_to.isoformat()},
        at=at,
    )
    if vehicle.lifecycle is not Lifecycle.REGISTERED or not is_current(permit, at):
        return vehicle
    return await store.save(vehicle, advance_lifecycle(vehicle, LifecycleEvent.PERMIT_GRANTED, at=at))


async def insure_vehicle(
    tx: Transaction, by: Principal | None, insurance: Insurance, reach: Reach, *, at: datetime
) -> None:
    """Keep a policy of a vehicle; raise Conflict when its number exists."""
    await VehicleStore(tx).get(insurance.vehicle_no, reach)
    if not await PaperStore(tx).add_insurance(insurance):
        raise Conflict(
            "already-exists", f"policy {insurance.policy_no} exists", policy_no=insurance.policy_no
        )
    await audit.record(
        tx,
        by,
        "insurance.kept",
        f"vehicle:{insurance.vehicle_no}",
        {"policy_no": insurance.policy_no, "valid_to": insurance.valid_to.isoformat()},
        at=at,
    )


async def put_in_service(
    tx: Transaction, by: Principal | None, vehicle_no: VehicleNo, reach: Reach, *, at: datetime
) -> Vehicle:
    """Return the vehicle in service; raise Conflict while a valid permit, insurance or code is missing."""
    vehicle = await VehicleStore(tx).get(vehicle_no, reach)
    await _check_papers(tx, vehicle, at)
    is_new = vehicle.lifecycle is not Lifecycle.SUSPENDED
    event = LifecycleEvent.PUT_IN_SERVICE if is_new else LifecycleEvent.RESUMED
    return await _move(tx, by, vehicle, event, reason=None, at=at)


async def suspend_vehicle(
    tx: Transaction, by: Principal | None, vehicle_no: VehicleNo, reach: Reach, *, reason: str, at: datetime
) -> Vehicle:
    """Return the suspended vehicle: it takes no work until it is put in service again."""
    vehicle = await VehicleStore(tx).get(vehicle_no, reach)
    return await _move(tx, by, vehicle, LifecycleEvent.SUSPENDED, reason=reason, at=at)


async def decommission_vehicle(
    tx: Transaction, by: Principal | None, vehicle_no: VehicleNo, reach: Reach, *, reason: str, at: datetime
) -> Vehicle:
    """Return the vehicle out of the fleet for good; its number and code are never used again."""
    vehicle = await VehicleStore(tx).get(vehicle_no, reach)
    return await _move(tx, by, vehicle, LifecycleEvent.DECOMMISSIONED, reason=reason, at=at)


async def _move(
    tx: Transaction,
    by: Principal | None,
    vehicle: Vehicle,
    event: LifecycleEvent,
    *,
    reason: str | None,
    at: datetime,
) -> Vehicle:
    moved = await VehicleStore(tx).save(vehicle, advance_lifecycle(vehicle, event, at=at))
    shown = {"from": vehicle.lifecycle.value, "to": moved.lifecycle.value, "event": event.value}
    await audit.record(tx, by, "vehicle.moved", f"vehicle:{vehicle.vehicle_no}", shown, reason, at=at)
    return moved


async def _check_papers(tx: Transaction, vehicle: Vehicle, at: datetime) -> None:
    number = vehicle.vehicle_no
    permits = (await PaperStore(tx).permits_of([number])).get(number, ())
    policies = (await PaperStore(tx).insurances_of([number])).get(number, ())
    living = await CodeStore(tx).living_of([number])
    missing = [
        name
        for name, is_there in (
            ("permit", any(is_current(permit, at) for permit in permits)),
            ("insurance", any(is_current(policy, at) for policy in policies)),
            ("code", number in living),
        )
        if not is_there
    ]
    if missing:
        raise Conflict(
            "vehicle-not-dispatchable",
            f"vehicle {number} has no valid {', '.join(missing)}",
            vehicle_no=number,
            missing=missing,
        )
