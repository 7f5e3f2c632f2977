"""RQ jobs of identity. A job reads the facts, does what is left to do, and may run twice or never."""

from core.auth.tell_staff import StaffNoticeSender
from core.queue import WorkerContext


async def send_staff_notices(context: WorkerContext) -> dict[str, int]:
    """Send staff what they are to be told by now."""
    return await context.part(StaffNoticeSender).send_due()
