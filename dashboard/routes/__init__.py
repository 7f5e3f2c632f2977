"""HTTP and WebSocket of operators, agencies and supervision: parse, call one use case, convert."""

from litestar.types import ControllerRouterHandler

from dashboard.routes.phone_reveals import reveal_phone_of_order
from dashboard.routes.staff_sessions import StaffSessions

DASHBOARD_ROUTES: tuple[ControllerRouterHandler, ...] = (
    StaffSessions,
    reveal_phone_of_order,
)
"""Every route of this surface; one line a noun."""
