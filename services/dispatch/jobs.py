"""RQ jobs of dispatch. A job reads the facts, does what is left to do, and may run twice or never."""

from core.ids import DistrictCode
from core.queue import WorkerContext
from services.dispatch.dispatch_zone import ZoneDispatcher
from services.dispatch.settle_idle import IdleKeeper


async def dispatch_zone(context: WorkerContext, zone: str) -> dict[str, int]:
    """Run a dispatch round of a zone and settle its idle vehicles, though not more often than every few
    seconds."""
    district = DistrictCode(zone)
    counts = await context.part(ZoneDispatcher).run_round(district)
    keeper = context.part(IdleKeeper)
    if not keeper.is_due(district):
        return counts
    return {**counts, **await keeper.settle(district)}
