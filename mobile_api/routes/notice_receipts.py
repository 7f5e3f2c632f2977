"""Receipts of the provider of messages: signed by it, taken once."""

from typing import Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from core.auth.guards import public
from core.problem_http import problem_responses
from mobile_api.parts import MobileParts
from services.notices.take_receipt import read_receipt, take_receipt


class ReceiptTaken(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a receipt: `noted`, or `already` when it says nothing new."""

    outcome: str


@post(
    "/api/notices/receipts",
    operation_id="takeNoticeReceipt",
    status_code=HTTP_200_OK,
    guards=[public],
    tags=["notices"],
    responses=problem_responses("invalid-input", "not-authenticated", "not-found", "unavailable"),
)
async def take_notice_receipt(
    request: Request[Any, Any, Any], mobile: NamedDependency[MobileParts]
) -> ReceiptTaken:
    """Take a receipt signed as Standard Webhooks 1 says with the secret that city and provider share."""
    wall = mobile.clock.wall()
    receipt = read_receipt(await request.body(), dict(request.headers), mobile.receipt_secret, wall=wall)
    return ReceiptTaken(outcome=await take_receipt(mobile.database, receipt, at=mobile.clock.now()))
