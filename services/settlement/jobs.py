"""RQ jobs of settlement. A job reads the facts, does what is left to do, and may run twice or never."""

from core.queue import WorkerContext
from services.settlement.clearing.close_clearings import ClearingKeeper
from services.settlement.close_statements import StatementKeeper


async def close_statements_due(context: WorkerContext) -> dict[str, int]:
    """Close the statements of every local day that is over."""
    return {"closed": await context.part(StatementKeeper).look_once()}


async def clear_companies_due(context: WorkerContext) -> dict[str, int]:
    """Do the next step of clearing between companies the last local day that ended."""
    return {"closed": await context.part(ClearingKeeper).look_once()}
