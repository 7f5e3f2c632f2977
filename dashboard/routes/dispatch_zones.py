"""Zones of dispatch: looked at, and tuned by those who run them."""

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK

from core.auth.guards import requires
from core.auth.principal import Principal, reach_of
from core.auth.roles import Scope
from core.ids import DistrictCode
from core.problem_http import problem_responses
from dashboard.parts import DashboardParts
from dashboard.routes.parameters import DistrictPath
from dashboard.schemas.dispatch_zones import (
    FreezeView,
    NewFreeze,
    NewWaits,
    NewWeights,
    PickupWaitsView,
    WeightsVersionView,
    ZoneDetail,
    ZoneList,
    freeze_view,
    version_view,
    waits_view,
    weights_of,
    zone_brief,
    zone_detail,
)
from services.delivery.store import CatalogueStore
from services.delivery.wait_rule_store import WaitRuleStore
from services.dispatch.freeze_zone import freeze_zone
from services.dispatch.set_waits import set_waits
from services.dispatch.set_weights import set_weights
from services.dispatch.zone_reach import must_see_zone, zones_within
from services.dispatch.zone_store import ZoneStore

READ = ("invalid-input", "not-authenticated", "forbidden", "not-found", "database-unavailable")


class DispatchZones(Controller):
    """By what the dispatcher of a 旗区 decides."""

    path = "/api/dispatch/zones"
    tags = ("dispatch",)

    @get(
        "/",
        operation_id="listDispatchZones",
        guards=[requires(Scope.DISPATCH_READ)],
        responses=problem_responses("not-authenticated", "forbidden", "database-unavailable"),
    )
    async def list_zones(
        self, principal: NamedDependency[Principal], dashboard: NamedDependency[DashboardParts]
    ) -> ZoneList:
        """Return the zones in which vehicles within the caller's reach deliver."""
        async with dashboard.database.read() as tx:
            zones = await zones_within(tx, reach_of(principal))
            newest = await ZoneStore(tx).newest_weights(zones)
            frozen = await ZoneStore(tx).newest_freezes(zones)
        return ZoneList(items=tuple(zone_brief(zone, newest.get(zone), frozen.get(zone)) for zone in zones))

    @get(
        "/{district:str}",
        operation_id="readDispatchZone",
        guards=[requires(Scope.DISPATCH_READ)],
        responses=problem_responses(*READ),
    )
    async def read_zone(
        self,
        district: DistrictPath,
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> ZoneDetail:
        """Return one zone with every version of its weights."""
        zone = DistrictCode(district)
        async with dashboard.database.read() as tx:
            await must_see_zone(tx, zone, reach_of(principal))
            store = ZoneStore(tx)
            return zone_detail(
                zone,
                await store.weights_history(zone),
                await store.freezes(zone),
                await WaitRuleStore(tx).of(zone),
                await CatalogueStore(tx).merchant_kinds(zone),
            )

    @post(
        "/{district:str}/weights",
        operation_id="setDispatchWeights",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DISPATCH_TUNE)],
        responses=problem_responses(*READ, "reason-missing", "version-mismatch", "database-busy"),
    )
    async def set_weights(
        self,
        district: DistrictPath,
        data: JSONBody[NewWeights],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> WeightsVersionView:
        """Set the weights of a zone; the next round decides by them."""
        made = await set_weights(
            dashboard.database,
            principal,
            DistrictCode(district),
            weights_of(data.weights),
            version=data.version,
            reason=data.reason,
            at=dashboard.clock.now(),
        )
        return version_view(made)

    @post(
        "/{district:str}/freezes",
        operation_id="freezeDispatchZone",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DISPATCH_STEER)],
        responses=problem_responses(*READ, "reason-missing", "version-mismatch", "conflict", "database-busy"),
    )
    async def freeze(
        self,
        district: DistrictPath,
        data: JSONBody[NewFreeze],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> FreezeView:
        """Freeze a zone or let it work again: frozen, it gives no new work; what vehicles have goes on."""
        made = await freeze_zone(
            dashboard.database,
            principal,
            DistrictCode(district),
            is_frozen=data.is_frozen,
            version=data.version,
            reason=data.reason,
            at=dashboard.clock.now(),
        )
        return freeze_view(made)

    @post(
        "/{district:str}/waits",
        operation_id="setPickupWaits",
        status_code=HTTP_200_OK,
        guards=[requires(Scope.DISPATCH_TUNE)],
        responses=problem_responses(
            *READ, "reason-missing", "time-out-of-range", "version-mismatch", "database-busy"
        ),
    )
    async def set_waits(
        self,
        district: DistrictPath,
        data: JSONBody[NewWaits],
        principal: NamedDependency[Principal],
        dashboard: NamedDependency[DashboardParts],
    ) -> PickupWaitsView:
        """Set how long vehicles wait for recipients; it holds for orders placed from now on."""
        at = dashboard.clock.now()
        async with dashboard.database.write() as tx:
            made = await set_waits(
                tx,
                principal,
                DistrictCode(district),
                first_s=data.first_s,
                second_s=data.second_s,
                version=data.version,
                reason=data.reason,
                at=at,
            )
        return waits_view(made)
