"""The live page of one order over WebSocket."""

import asyncio
from contextlib import suppress
from typing import Any

from litestar import WebSocket, websocket
from litestar.di import NamedDependency
from litestar.exceptions import WebSocketDisconnect

from core.auth.guards import requires
from core.auth.principal import Principal
from core.auth.roles import Scope
from core.errors import SteppeError
from core.ids import OrderId
from core.problem_http import close_exception
from core.problems import close_code
from mobile_api.order_live import OrderPageFeed
from mobile_api.parts import MobileParts
from mobile_api.routes.parameters import IdPath


@websocket("/api/resident/orders/{order_id:str}/live", guards=[requires(Scope.ORDERS_OWN)])
async def resident_order_live(
    socket: WebSocket[Any, Any, Any],
    order_id: IdPath,
    principal: NamedDependency[Principal],
    mobile: NamedDependency[MobileParts],
) -> None:
    """Send the order's page, then the page again whenever it or its vehicle changed."""
    feed = OrderPageFeed(mobile, principal, OrderId(order_id))
    try:
        facts = await feed.first()
    except SteppeError as error:
        raise close_exception(error) from error
    await socket.accept()
    feeding = asyncio.ensure_future(feed.run(facts, socket.send_text))
    gone = asyncio.ensure_future(_until_gone(socket))
    await _first_of(feeding, gone)
    if not gone.cancelled():
        return
    # a send to a page that has just gone is no fault; anything else that ended the feed is told as a bug
    with suppress(WebSocketDisconnect, OSError):
        code = feeding.result()
        await socket.close(code=close_code(code) if code else 1000, reason=code)


async def _first_of(*tasks: "asyncio.Future[Any]") -> None:
    """Wait until one of the tasks ends, then end the others."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _until_gone(socket: WebSocket[Any, Any, Any]) -> None:
    """Read and ignore whatever the page sends until it goes away."""
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_data(mode="text")
