"""The child process in which a scheduler closes days."""

import asyncio

from steppe.supervisor import steppe_program, stop_process


async def close_pending_days(stop: asyncio.Event) -> int:
    """Run ``steppe days close --pending`` to its end, or end it at ``stop``; return its exit code.

    It gets our environment, and the kernel ends it when we are killed; what it prints goes to our log.
    """
    process = await asyncio.create_subprocess_exec(
        *steppe_program(), "days", "close", "--pending", start_new_session=True
    )
    ended, stopping = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
    await asyncio.wait({ended, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not ended.done():
        await stop_process(process)
    return await ended
