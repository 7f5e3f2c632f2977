"""HTTP and WebSocket of residents, links and merchants: parse, call one use case, convert."""

from litestar.types import ControllerRouterHandler

from mobile_api.routes.resident_sessions import ResidentSessions

MOBILE_ROUTES: tuple[ControllerRouterHandler, ...] = (ResidentSessions,)
"""Every route of this surface; one line a noun. The demo's phone is mounted apart (demo_phone)."""
