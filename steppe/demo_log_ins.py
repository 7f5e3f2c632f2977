"""The log-ins of a demo or test: accounts with the codes of the moment, shops with their tokens."""

from pathlib import Path

import pyotp
from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct, structs

from core.auth.guards import public
from steppe.city.issued import read_issued, tried_shop


class DemoLogIn(Struct, frozen=True, kw_only=True, rename="camel"):
    """One synthetic account; ``totp`` is the code of the present half minute."""

    username: str
    password: str
    totp: str
    role: str
    name: str


def demo_log_ins(data_dir: Path) -> HTTPRouteHandler:
    """Return the route that tells the accounts; mounted in the environments ``demo`` and ``test`` alone."""

    @get("/api/demo/log-ins", operation_id="demoLogIns", guards=[public], tags=["demo"], sync_to_thread=True)
    def tell() -> list[DemoLogIn]:
        """Return every account of the demo with its present code: nobody real is behind any of them."""
        issued = read_issued(data_dir)
        return [
            DemoLogIn(
                username=log_in.username,
                password=log_in.password,
                totp=pyotp.TOTP(log_in.totp_secret).now(),
                role=log_in.role,
                name=log_in.name,
            )
            for log_in in (issued.staff if issued else ())
        ]

    return tell


class DemoShop(Struct, frozen=True, kw_only=True, rename="camel"):
    """One synthetic shop and the token that opens its page."""

    merchant: str
    district: str
    name: str
    token: str
    is_tried: bool
    """Its simulated shopkeeper waits, so that whoever opens its page can act first."""


def demo_shops(data_dir: Path) -> HTTPRouteHandler:
    """Return the route that tells the shops; mounted in the environments ``demo`` and ``test`` alone."""

    @get("/api/demo/shops", operation_id="demoShops", guards=[public], tags=["demo"], sync_to_thread=True)
    def tell() -> list[DemoShop]:
        """Return every shop of the demo with its token: nobody real is behind any of them."""
        issued = read_issued(data_dir)
        if issued is None:
            return []
        tried = tried_shop(issued)
        return [
            DemoShop(**structs.asdict(each), is_tried=each == tried)
            for each in sorted(issued.merchants, key=lambda shop: shop != tried)
        ]

    return tell
