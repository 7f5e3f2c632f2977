"""RQ jobs of sweeping. A job reads the facts, does what is left to do, and may run twice or never."""

from core.queue import WorkerContext
from services.sweeping.work_on import SweepingWaker, SweepingWorker


async def work_on_sweeping(context: WorkerContext) -> dict[str, int]:
    """Make one preview or plan or measure one run, and have another job do the next."""
    counts = await context.part(SweepingWorker).go_on()
    if any(counts.values()):
        await SweepingWaker(context.database, context.queue, context.clock).reconcile_once()
    return counts
