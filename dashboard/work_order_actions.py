"""What operators do about work orders, with the order's sheet as the answer; the same key acts once."""

from collections.abc import Awaitable, Callable

from core.auth.principal import Principal
from core.database import Transaction
from core.ids import StaffId, WorkOrderId
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.work_orders import AssignWork, OpenWork, WorkOrderView, new_work, work_order_view
from fleet.vehicles.store import VehicleStore
from fleet.work_orders.move_work_order import assign_work, call_off
from fleet.work_orders.open_work_order import open_work
from fleet.work_orders.work_order import WorkOrder


class WorkOrderHands:
    """Acts on work orders for one person."""

    def __init__(self, parts: DashboardParts, principal: Principal, repeated: Repeated) -> None:
        """Take the stores, who acts, and what makes two requests the same."""
        self._parts = parts
        self._principal = principal
        self._repeated = repeated

    async def open(self, data: OpenWork) -> WorkOrderView:
        """Open a work order. Raises NotFound, Invalid."""
        at = self._parts.clock.now()
        return await self._once(lambda tx: open_work(tx, self._principal, new_work(data), at=at), status=201)

    async def assign(self, work_order_id: WorkOrderId, data: AssignWork) -> WorkOrderView:
        """Give a work order to one of the crew. Raises NotFound, Invalid, VersionMismatch,
        IllegalTransition."""
        clock = self._parts.clock

        async def write(tx: Transaction) -> WorkOrder:
            return await assign_work(
                tx,
                self._principal,
                work_order_id,
                assignee=StaffId(data.assignee),
                version=data.version,
                at=clock.now(),
                wall=clock.wall(),
            )

        return await self._once(write)

    async def call_off(self, work_order_id: WorkOrderId, reason: str) -> WorkOrderView:
        """Let nobody do it any more. Raises NotFound, Invalid, IllegalTransition."""
        at = self._parts.clock.now()
        return await self._once(lambda tx: call_off(tx, self._principal, work_order_id, reason=reason, at=at))

    async def _once(
        self, write: Callable[[Transaction], Awaitable[WorkOrder]], *, status: int = 200
    ) -> WorkOrderView:
        async def work(tx: Transaction) -> WorkOrderView:
            order = await write(tx)
            codes = await VehicleStore(tx).codes_of([order.vehicle_no])
            return work_order_view(order, codes.get(order.vehicle_no))

        database, wall = self._parts.database, self._parts.clock.wall()
        return await answer_once(database, self._repeated, WorkOrderView, work, status=status, wall=wall)
