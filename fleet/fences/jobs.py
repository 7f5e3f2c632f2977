"""RQ jobs of fences. A job reads the facts, does what is left to do, and may run twice or never."""

from core.queue import WorkerContext
from fleet.fences.finish_previews import PreviewFinisher, PreviewWaker


async def finish_previews(context: WorkerContext) -> dict[str, int]:
    """Go on with the week of one preview for some seconds, and have another job do the same after it."""
    counts = await context.part(PreviewFinisher).go_on()
    await PreviewWaker(context.database, context.queue, context.clock).reconcile_once()
    return counts
