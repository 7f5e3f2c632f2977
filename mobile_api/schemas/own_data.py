"""Everything that is kept of a resident, as the file that she takes with her."""

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct

from mobile_api.schemas.balance import Balance
from mobile_api.schemas.wishes import WishesView
from services.residents.consents import Consent, Purpose


class OwnLine(Struct, frozen=True, kw_only=True, rename="camel"):
    """So many pieces of one thing."""

    name_zh: str
    name_en: str
    quantity: int
    price_fen: int


class OwnOrder(Struct, frozen=True, kw_only=True, rename="camel"):
    """One order, to which point it went and who collected it for her."""

    order_id: str
    placed_at: datetime
    closed_at: datetime | None
    state: str
    reason: str
    merchant_id: str
    pickup_point_id: str
    lines: tuple[OwnLine, ...]
    total_fen: int
    note: str
    placed_by: str
    delegates: tuple[str, ...]


class OwnCall(Struct, frozen=True, kw_only=True, rename="camel"):
    """A vending vehicle called, and to where."""

    call_id: str
    state: str
    placed_at: datetime
    lat: float
    lng: float


class OwnSale(Struct, frozen=True, kw_only=True, rename="camel"):
    """A purchase at a vending vehicle."""

    sale_id: str
    state: str
    reserved_at: datetime
    name_zh: str
    name_en: str
    quantity: int
    sold: int | None
    sold_fen: int
    lat: float
    lng: float


class OwnNotice(Struct, frozen=True, kw_only=True, rename="camel"):
    """That she was told something; what it said is kept nowhere."""

    subject: str
    occasion: str
    channel: str
    state: str
    wanted_at: datetime


class OwnConsent(Struct, frozen=True, kw_only=True, rename="camel"):
    """What she said about one purpose."""

    purpose: Purpose
    is_given: bool
    at: datetime


class SaidConsent(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What somebody says about one purpose."""

    purpose: Purpose
    is_given: bool


class OwnData(Struct, frozen=True, kw_only=True, rename="camel"):
    """All of it. ``keepsFromLeaving`` names what would have to end first: order, call, purchase, parcel,
    balance, due."""

    phone: str
    taken_at: datetime
    keeps_from_leaving: tuple[str, ...]
    wishes: WishesView
    balance: Balance
    orders: tuple[OwnOrder, ...]
    calls: tuple[OwnCall, ...]
    sales: tuple[OwnSale, ...]
    notices: tuple[OwnNotice, ...]
    consents: tuple[OwnConsent, ...]
    """Everything that she said, the oldest first."""


def consent_views(consents: Iterable[Consent]) -> tuple[OwnConsent, ...]:
    """Return consents in the api's words."""
    return tuple(OwnConsent(purpose=one.purpose, is_given=one.is_given, at=one.at) for one in consents)
