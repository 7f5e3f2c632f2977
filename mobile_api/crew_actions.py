"""What the field crew does with its jobs, each a use case with the job as its answer; a key acts once."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from core import audit
from core.auth.principal import EVERYTHING, Principal, reach_of
from core.auth.residents import ResidentStore
from core.database import Transaction
from core.ids import StaffId, VehicleNo, WorkOrderId
from core.privacy.masks import mask_phone
from core.repeatable import Repeated, answer_once
from fleet.vehicles.last_heard import LastHeard
from fleet.vehicles.store import VehicleStore
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.move_work_order import arrive, finish, give_up, hand_back, set_out, take_job
from fleet.work_orders.store import WorkOrderStore
from fleet.work_orders.work_order import Place, WorkOrder, rank_jobs
from mobile_api.parts import MobileParts
from mobile_api.schemas.crew_jobs import Call, CrewJob, JobDone, JobImpossible, crew_job, places_of, proof_of
from services.delivery.effects import DeliveryEffects
from services.orders.recover_goods import recover_goods, stranded_in


async def jobs_of_crew(parts: MobileParts, principal: Principal, here: Place | None) -> list[CrewJob]:
    """Return the reader's jobs and the open ones, as they should be taken; ``here`` is kept nowhere."""
    async with parts.database.read() as tx:
        orders = await WorkOrderStore(tx).jobs_of(StaffId(principal.id), reach_of(principal))
    heard = await parts.heard_of([order.vehicle_no for order in orders])
    async with parts.database.read() as tx:
        return await _views(tx, parts, principal, orders, heard, here)


async def one_job(parts: MobileParts, principal: Principal, work_order_id: WorkOrderId) -> CrewJob:
    """Return one job of the reader's reach. Raises NotFound."""
    async with parts.database.read() as tx:
        order = await WorkOrderStore(tx).get(work_order_id, reach_of(principal))
    heard = await parts.heard_of([order.vehicle_no])
    async with parts.database.read() as tx:
        return (await _views(tx, parts, principal, [order], heard, None))[0]


class CrewHands:
    """Acts on one job for one of the crew."""

    def __init__(
        self, parts: MobileParts, principal: Principal, work_order_id: str, repeated: Repeated
    ) -> None:
        """Take the stores, who acts, on which job, and what makes two requests the same."""
        self._parts = parts
        self._principal = principal
        self._id = WorkOrderId(work_order_id)
        self._repeated = repeated

    async def take(self) -> CrewJob:
        """Take an open job. Raises Conflict when somebody else has it."""
        at, wall = self._parts.clock.now(), self._parts.clock.wall()
        return await self._once(lambda tx: take_job(tx, self._principal, self._id, at=at, wall=wall))

    async def hand_back(self, reason: str) -> CrewJob:
        """Let others have it."""
        at = self._parts.clock.now()
        return await self._once(lambda tx: hand_back(tx, self._principal, self._id, reason=reason, at=at))

    async def set_out(self) -> CrewJob:
        """Be on the way."""
        at = self._parts.clock.now()
        return await self._once(lambda tx: set_out(tx, self._principal, self._id, at=at))

    async def arrive(self) -> CrewJob:
        """Stand at the vehicle."""
        at = self._parts.clock.now()
        return await self._once(lambda tx: arrive(tx, self._principal, self._id, at=at))

    async def finish(self, data: JobDone) -> CrewJob:
        """Prove it done; what became of goods that waited in the vehicle is said in the same breath."""
        at = self._parts.clock.now()

        async def write(tx: Transaction) -> WorkOrder:
            done = await finish(tx, self._principal, self._id, proof_of(data), at=at)
            if data.goods is None or done.kind is not WorkKind.RESCUE:
                return done
            recovered = await recover_goods(
                tx, done.vehicle_no, data.goods, DeliveryEffects(), actor=self._actor, at=at
            )
            fields = {"outcome": data.goods.value, "work_order_id": self._id}
            for order_id in recovered:
                about = f"order:{order_id}"
                await audit.record(
                    tx, self._principal, "order.rescued", about, fields, data.note or None, at=at
                )
            return done

        return await self._once(write)

    async def give_up(self, data: JobImpossible) -> CrewJob:
        """Say why it cannot be done."""
        at = self._parts.clock.now()
        return await self._once(
            lambda tx: give_up(tx, self._principal, self._id, reason=data.reason, instead=data.instead, at=at)
        )

    @property
    def _actor(self) -> str:
        return f"staff:{self._principal.name}"

    async def _once(self, write: Callable[[Transaction], Awaitable[WorkOrder]]) -> CrewJob:
        async def work(tx: Transaction) -> CrewJob:
            return (await _views(tx, self._parts, self._principal, [await write(tx)], {}, None))[0]

        database, wall = self._parts.database, self._parts.clock.wall()
        return await answer_once(database, self._repeated, CrewJob, work, status=200, wall=wall)


async def _views(
    tx: Transaction,
    parts: MobileParts,
    principal: Principal,
    orders: Sequence[WorkOrder],
    heard: Mapping[VehicleNo, LastHeard],
    here: Place | None,
) -> list[CrewJob]:
    vehicles = await VehicleStore(tx).of_numbers({order.vehicle_no for order in orders}, EVERYTHING)
    return [
        crew_job(
            job,
            principal.id,
            vehicles[job.order.vehicle_no],
            heard.get(job.order.vehicle_no),
            await _calls(tx, parts, job.order, principal),
        )
        for job in rank_jobs(orders, places_of(heard), here)
    ]


async def _calls(tx: Transaction, parts: MobileParts, order: WorkOrder, principal: Principal) -> list[Call]:
    """Return who waits for goods in the vehicle of a rescue that is the reader's own."""
    if order.kind is not WorkKind.RESCUE or order.assignee != principal.id or order.is_over:
        return []
    stranded = await stranded_in(tx, order.vehicle_no)
    phones = await ResidentStore(tx, parts.keys).phones_of(frozenset(one.resident_id for one in stranded))
    return [
        Call(
            order_id=one.order_id,
            state=one.state.value,
            phone=mask_phone(phones.get(one.resident_id, "")),
            compartment=one.compartment,
        )
        for one in stranded
    ]
