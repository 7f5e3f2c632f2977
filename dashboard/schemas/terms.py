"""Agreeing terms with merchants, on the wire."""

from datetime import date
from typing import Annotated

import msgspec
from msgspec import Meta

from dashboard.schemas.settlement import Reason
from services.settlement.terms import BasisPoints, Fen
from services.settlement.terms_views import TermsView


class TermsBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Rates from the beginning of a local day to come; without a merchant for every one without its own."""

    merchant_id: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    from_day: date
    platform_fee_bp: BasisPoints
    subsidy_fen: Fen
    keeps_fee_when_missed: bool
    reason: Reason


class MerchantName(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A merchant that terms can be agreed with."""

    merchant_id: str
    name_zh: str
    name_en: str
    district: str


class TermsBoard(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The company's terms with every merchant, or those that concern one, the newest first."""

    items: tuple[TermsView, ...]
    merchants: tuple[MerchantName, ...]
    """Those within reach, by name; each without terms of its own has the common ones."""
