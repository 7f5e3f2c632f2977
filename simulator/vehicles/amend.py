"""An order that joins the plan under way: the stops to come are replaced, the present one first."""

import msgspec

from fleet.links.wire.commands import StopPlan
from simulator.vehicles.memory import TaskMemory
from simulator.vehicles.work import rides_in


def amend(task: TaskMemory, stops: tuple[StopPlan, ...], plan_version: int) -> str | None:
    """Take the stops in place of the present one and those behind it; return why not, or None.

    The present stop keeps its leg, because the vehicle is on it or has it behind. Goods on board stay in the
    box in which they are, whatever the stops say.
    """
    present = task.stop
    if not stops or stops[0].stop_id != present.stop_id:
        return "the first stop is not the present one"
    named = {order.order_id: order.compartment for stop in stops for order in stop.orders}
    if any(task.cargo[order] in ("expected", "on_board") for order in task.cargo.keys() - named.keys()):
        return "an order of the plan is left out"
    riding = {
        order.order_id: order.compartment
        for stop in task.plan.stops
        for order in stop.orders
        if task.cargo.get(order.order_id) == "on_board"
    }
    new = {order: box for order, box in named.items() if order not in task.cargo}
    if set(new.values()) & set(riding.values()):
        return "another order rides in the compartment"
    first = msgspec.structs.replace(present, orders=stops[0].orders, wait_s=stops[0].wait_s)
    before = task.plan.stops[: task.stop_index]
    task.plan = msgspec.structs.replace(task.plan, stops=(*before, first, *stops[1:]))
    for order, box in riding.items():
        task.plan = rides_in(task.plan, order, box)
    for order in new:
        task.cargo[order] = "expected"
    task.plan_version = plan_version
    return None
