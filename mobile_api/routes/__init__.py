"""HTTP and WebSocket of residents, links, merchants and the field crew: parse, call one use case, convert."""

from litestar.types import ControllerRouterHandler

from mobile_api.routes.crew_jobs import CrewJobs
from mobile_api.routes.merchant_desk import MerchantDesk
from mobile_api.routes.merchant_goods import MerchantGoods
from mobile_api.routes.merchant_orders import MerchantOrders
from mobile_api.routes.merchant_sessions import MerchantSessions
from mobile_api.routes.merchant_statements import MerchantStatements
from mobile_api.routes.merchant_terms import list_own_terms
from mobile_api.routes.merchant_waybills import MerchantWaybills
from mobile_api.routes.notice_receipts import take_notice_receipt
from mobile_api.routes.resident_balance import read_balance
from mobile_api.routes.resident_catalogue import ResidentCatalogue
from mobile_api.routes.resident_consents import ResidentConsents
from mobile_api.routes.resident_data import ResidentData
from mobile_api.routes.resident_delegate import ResidentDelegate
from mobile_api.routes.resident_order_live import resident_order_live
from mobile_api.routes.resident_orders import ResidentOrders
from mobile_api.routes.resident_sessions import ResidentSessions
from mobile_api.routes.resident_vending import ResidentSales, ResidentVending
from mobile_api.routes.resident_wishes import ResidentWishes
from mobile_api.routes.waybill_offers import WaybillOffers

MOBILE_ROUTES: tuple[ControllerRouterHandler, ...] = (
    ResidentSessions,
    ResidentCatalogue,
    ResidentOrders,
    ResidentDelegate,
    read_balance,
    ResidentWishes,
    ResidentConsents,
    ResidentData,
    take_notice_receipt,
    resident_order_live,
    ResidentVending,
    ResidentSales,
    MerchantOrders,
    MerchantGoods,
    MerchantDesk,
    MerchantStatements,
    list_own_terms,
    MerchantWaybills,
    WaybillOffers,
    MerchantSessions,
    CrewJobs,
)
"""Every route of this surface; one line a noun. The demo's phone is mounted apart (demo_phone)."""
