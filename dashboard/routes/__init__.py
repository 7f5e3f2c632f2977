"""HTTP and WebSocket of operators, agencies and supervision: parse, call one use case, convert."""

from litestar.types import ControllerRouterHandler

from dashboard.live import live
from dashboard.routes.alarms import Alarms
from dashboard.routes.area_stops import AreaStopRoutes
from dashboard.routes.chargers import Chargers
from dashboard.routes.city import City
from dashboard.routes.claims import Claims
from dashboard.routes.clearings import Clearings
from dashboard.routes.codes import scan
from dashboard.routes.commands import Commands
from dashboard.routes.decommission import Decommission
from dashboard.routes.desk_shifts import DeskShifts
from dashboard.routes.dispatch_plans import DispatchPlans
from dashboard.routes.dispatch_zones import DispatchZones
from dashboard.routes.dues import Dues
from dashboard.routes.evidence import Evidence
from dashboard.routes.feedback import FeedbackRoutes, StreetFeedback
from dashboard.routes.fence_events import list_fence_events
from dashboard.routes.fence_rules import read_fence_rule
from dashboard.routes.fences import Fences
from dashboard.routes.flows import OrderFlows
from dashboard.routes.history import HistoryRoutes
from dashboard.routes.hotline import Callers, order_on_behalf
from dashboard.routes.incidents import Incidents
from dashboard.routes.inspection_rules import InspectionRuleRoutes
from dashboard.routes.interventions import Interventions
from dashboard.routes.live_cells import LiveCells
from dashboard.routes.near import list_near_vehicles
from dashboard.routes.notices import Notices
from dashboard.routes.orders import Orders
from dashboard.routes.patrol import PatrolBeats, PatrolRuns, go_and_look, nearest_road
from dashboard.routes.phone_reveals import reveal_phone_of_order
from dashboard.routes.phone_sales import VendingSales
from dashboard.routes.police import StreetPolice, give_police_code
from dashboard.routes.positions import PositionRoutes
from dashboard.routes.quality import QualityRoutes
from dashboard.routes.readiness import ReadinessRoutes
from dashboard.routes.remote_operators import RemoteOperators
from dashboard.routes.schedules import Occurrences, Schedules
from dashboard.routes.settlement import Counters, MerchantAccounts, list_order_entries
from dashboard.routes.staff_sessions import StaffSessions
from dashboard.routes.statements import Statements
from dashboard.routes.sweeping import Sweeping
from dashboard.routes.sweeping_previews import SweepingPreviews
from dashboard.routes.sweeping_runs import SweepingRuns
from dashboard.routes.terms import MerchantTerms
from dashboard.routes.vehicle_days import VehicleDays, read_kpis
from dashboard.routes.vehicle_money import VehicleMoney
from dashboard.routes.vehicles import Vehicles
from dashboard.routes.vending import Vending
from dashboard.routes.vending_calls import VendingCalls
from dashboard.routes.vending_stock import VendingLots, VendingStock
from dashboard.routes.violations import Violations
from dashboard.routes.weather import WeatherRoutes
from dashboard.routes.webhooks import Webhooks
from dashboard.routes.work_orders import WorkOrders

DASHBOARD_ROUTES: tuple[ControllerRouterHandler, ...] = (
    StaffSessions,
    City,
    scan,
    StreetFeedback,
    FeedbackRoutes,
    give_police_code,
    StreetPolice,
    PositionRoutes,
    HistoryRoutes,
    QualityRoutes,
    VehicleDays,
    read_kpis,
    Vehicles,
    list_near_vehicles,
    Commands,
    AreaStopRoutes,
    DeskShifts,
    Alarms,
    Violations,
    Fences,
    Incidents,
    Evidence,
    read_fence_rule,
    list_fence_events,
    Orders,
    list_order_entries,
    Counters,
    MerchantAccounts,
    Dues,
    order_on_behalf,
    Callers,
    OrderFlows,
    Notices,
    Statements,
    VehicleMoney,
    MerchantTerms,
    Clearings,
    Claims,
    DispatchZones,
    DispatchPlans,
    Schedules,
    Occurrences,
    RemoteOperators,
    Interventions,
    WorkOrders,
    InspectionRuleRoutes,
    ReadinessRoutes,
    Decommission,
    Sweeping,
    SweepingPreviews,
    SweepingRuns,
    Vending,
    VendingCalls,
    VendingSales,
    VendingStock,
    VendingLots,
    WeatherRoutes,
    PatrolBeats,
    PatrolRuns,
    go_and_look,
    nearest_road,
    Chargers,
    Webhooks,
    reveal_phone_of_order,
    LiveCells,
    live,
)
"""Every route of this surface; one line a noun."""
