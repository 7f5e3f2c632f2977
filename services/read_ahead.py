"""What reports from vehicles are about, read for many of them at once."""

from collections.abc import Sequence

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import TaskId
from core.inbox import InboxItem
from fleet.vehicles.store import VehicleStore
from services.orders.store import OrderStore
from services.tasks.store import TaskStore


async def read_ahead(tx: Transaction, items: Sequence[InboxItem], /) -> None:
    """Read the vehicles, the tasks and the tasks' orders of a group of reports: four statements, of which
    the handlers would else ask some each. For a transaction that keeps rows (core.database.kept)."""
    await VehicleStore(tx).of_numbers({item.vehicle_no for item in items}, EVERYTHING)
    ids = sorted({TaskId(item.task_id) for item in items if item.task_id is not None})
    tasks = await TaskStore(tx).of_ids(ids, EVERYTHING)
    carried = sorted({order for task in tasks.values() for order in task.orders()})
    await OrderStore(tx).of_ids(carried, EVERYTHING)
