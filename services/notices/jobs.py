"""RQ jobs of notices. A job reads the facts, does what is left to do, and may run twice or never."""

from core.queue import WorkerContext
from services.notices.send_notices import NoticeSender


async def send_notices(context: WorkerContext) -> dict[str, int]:
    """Send what people are to be told by now."""
    return await context.part(NoticeSender).send_due()
