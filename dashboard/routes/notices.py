"""What recipients were told: by which channel, whether it reached them, what it cost."""

from datetime import datetime
from typing import Annotated, Literal

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.residents import ResidentStore
from core.auth.roles import Scope
from core.auth.services import AuthServices
from core.problem_http import problem_responses
from dashboard.cursors import read_cursor
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import Cursor
from dashboard.schemas.notices import NoticeCosts, NoticePage, notice_costs, notice_page
from services.notices.kinds import Channel, NoticeState
from services.notices.store import NoticeStore

Shown = Literal["waiting", "trouble", "all"]
STATES: dict[Shown, tuple[NoticeState, ...]] = {
    "waiting": (NoticeState.WAITING, NoticeState.SENT),
    "trouble": (NoticeState.UNDELIVERED, NoticeState.GIVEN_UP),
    "all": (),
}
"""waiting: to be sent, or without a receipt yet; trouble: reached nobody."""
_READS = ("not-authenticated", "forbidden", "unavailable")


class Notices(Controller):
    """What recipients were told."""

    path = "/api/notices"
    tags = ("notices",)

    @get(
        "/",
        operation_id="listNotices",
        guards=[requires(Scope.ORDERS_READ)],
        responses=problem_responses(*_READS, "invalid-input", "cursor-invalid"),
    )
    async def list_notices(
        self,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        auth: NamedDependency[AuthServices],
        shown: Annotated[Shown, QueryParameter(name="state")] = "all",
        channel: Annotated[Channel | None, QueryParameter()] = None,
        order_id: Annotated[str | None, QueryParameter(name="orderId", max_length=40)] = None,
        cursor: Cursor = None,
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> NoticePage:
        """Return notices, newest first, phones masked."""
        async with dashboard.database.read() as tx:
            found = await NoticeStore(tx).page(
                reach_of(principal),
                states=STATES[shown],
                channel=channel,
                subject=None if order_id is None else f"order:{order_id}",
                before=read_cursor(cursor, tuple[datetime, str]),
                limit=limit + 1,
            )
            residents = frozenset(notice.resident_id for notice in found)
            phones = await ResidentStore(tx, auth.keys).phones_of(residents)
        return notice_page(found, phones, limit)

    @get(
        "/costs",
        operation_id="readNoticeCosts",
        guards=[requires(Scope.ORDERS_READ)],
        responses=problem_responses(*_READS),
    )
    async def read_costs(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> NoticeCosts:
        """Return what each channel did and cost since the day began."""
        since = dashboard.day_began()
        async with dashboard.database.read() as tx:
            return notice_costs(await NoticeStore(tx).costs(reach_of(principal), since=since), since)
