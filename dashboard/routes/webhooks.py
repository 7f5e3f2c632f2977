"""Webhooks: subscribed, switched, looked at, sent again, given another secret, removed."""

from datetime import datetime
from typing import Annotated

from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.errors import Invalid
from core.ids import DistrictCode
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import IdPath, moment_of
from dashboard.schemas.webhooks import (
    DeliveryList,
    NewWebhook,
    ReplayDeliveries,
    Replayed,
    SwitchWebhook,
    WebhookList,
    WebhookView,
    delivery_list,
    webhook_view,
)
from fleet.webhooks.manage_webhooks import renew_secret, replay, subscribe, switch, unsubscribe
from fleet.webhooks.store import WebhookStore

MANAGING = problem_responses("invalid-input", "not-authenticated", "forbidden", "not-found", "unavailable")


class Webhooks(Controller):
    """Other systems that are told of facts."""

    path = "/api/webhooks"
    tags = ("webhooks",)

    @get(
        "/",
        operation_id="listWebhooks",
        guards=[requires(Scope.WEBHOOKS_MANAGE)],
        responses=problem_responses("not-authenticated", "forbidden", "unavailable"),
    )
    async def list_webhooks(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> WebhookList:
        """Return the subscriptions whose reach lies within the caller's."""
        async with dashboard.database.read() as tx:
            found = await WebhookStore(tx).all(reach_of(principal))
        return WebhookList(items=tuple(webhook_view(webhook) for webhook in found))

    @post(
        "/",
        operation_id="subscribeWebhook",
        guards=[requires(Scope.WEBHOOKS_MANAGE)],
        responses=MANAGING,
    )
    async def subscribe(
        self,
        data: JSONBody[NewWebhook],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> WebhookView:
        """Subscribe an address; the answer holds the secret, which is not shown again."""
        districts = None if data.districts is None else frozenset(map(DistrictCode, data.districts))
        webhook, secret = await subscribe(
            dashboard.database,
            principal,
            url=data.url,
            kinds=frozenset(data.kinds),
            districts=districts,
            private=dashboard.private_addresses,
            at=dashboard.clock.now(),
        )
        return webhook_view(webhook, secret)

    @post(
        "/{webhook_id:str}/switch",
        operation_id="switchWebhook",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.WEBHOOKS_MANAGE)],
        responses=MANAGING,
    )
    async def switch(
        self,
        webhook_id: IdPath,
        data: JSONBody[SwitchWebhook],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> WebhookView:
        """Switch a subscription off, or on again."""
        at = dashboard.clock.now()
        changed = await switch(dashboard.database, principal, webhook_id, active=data.is_active, at=at)
        return webhook_view(changed)

    @post(
        "/{webhook_id:str}/secret",
        operation_id="renewWebhookSecret",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.WEBHOOKS_MANAGE)],
        responses=MANAGING,
    )
    async def renew_secret(
        self,
        webhook_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> WebhookView:
        """Give a subscription another secret, at once; the answer holds it, and it is not shown again."""
        at = dashboard.clock.now()
        webhook, secret = await renew_secret(dashboard.database, principal, webhook_id, at=at)
        return webhook_view(webhook, secret)

    @delete(
        "/{webhook_id:str}",
        operation_id="removeWebhook",
        guards=[requires(Scope.WEBHOOKS_MANAGE)],
        responses=MANAGING,
    )
    async def remove(
        self,
        webhook_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> None:
        """Remove a subscription, with its secret and its deliveries."""
        await unsubscribe(dashboard.database, principal, webhook_id, at=dashboard.clock.now())

    @get(
        "/{webhook_id:str}/deliveries",
        operation_id="listDeliveries",
        guards=[requires(Scope.WEBHOOKS_MANAGE)],
        responses=MANAGING,
    )
    async def list_deliveries(
        self,
        webhook_id: IdPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
        limit: Annotated[int, QueryParameter(ge=1, le=500)] = 100,
    ) -> DeliveryList:
        """Return the newest deliveries with their status, tries and the last answer."""
        async with dashboard.database.read() as tx:
            webhook = await WebhookStore(tx).get(webhook_id, reach_of(principal))
            return delivery_list(await WebhookStore(tx).page(webhook.webhook_id, limit=limit))

    @post(
        "/{webhook_id:str}/replays",
        operation_id="replayDeliveries",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.WEBHOOKS_MANAGE)],
        responses=MANAGING,
    )
    async def replay(
        self,
        webhook_id: IdPath,
        data: JSONBody[ReplayDeliveries],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> Replayed:
        """Send one delivery, or those of a span of city time, again."""
        again = await replay(
            dashboard.database,
            principal,
            webhook_id,
            delivery_id=data.delivery_id,
            span=_span(data, dashboard),
            at=dashboard.clock.now(),
            wall=dashboard.clock.wall(),
        )
        return Replayed(deliveries=again)


def _span(data: ReplayDeliveries, dashboard: DashboardParts) -> tuple[datetime, datetime] | None:
    if data.from_at is None and data.to_at is None:
        return None
    if data.from_at is None:
        raise Invalid("invalid-input", "a span has a beginning", field="fromAt")
    begins = moment_of(data.from_at, dashboard.clock, field="fromAt")
    return begins, moment_of(data.to_at, dashboard.clock, field="toAt")
