"""Terms of merchants on the wire: as their operating company reads them, and as the merchant does."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from services.settlement.terms import EVERY_MERCHANT, Standing, Terms


class TermsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Rates from a moment on, who agreed them and why. Null merchant: every one without terms of its own.

    ``standing`` is past, in_force, to_come or replaced (before it came). Empty ``agreedBy``: from before it
    was kept.
    """

    operator: str
    merchant_id: str | None
    from_at: datetime
    platform_fee_bp: int
    subsidy_fen: int
    keeps_fee_when_missed: bool
    standing: str
    agreed_at: datetime | None
    agreed_by: str
    reason: str


class OwnTermsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a company takes from the merchant from a moment on: hundredths of a per cent of the goods.

    ``isOwn``: agreed with this merchant, not with every one. Subsidies are the city's and not told here.
    """

    from_at: datetime
    platform_fee_bp: int
    keeps_fee_when_missed: bool
    is_own: bool
    standing: str
    reason: str


class OwnTermsOfOperator(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that one company agreed with the merchant, the newest first; empty: nothing is taken."""

    operator: str
    name_zh: str
    name_en: str
    items: tuple[OwnTermsView, ...]


def terms_view(one: Terms, standing: Standing) -> TermsView:
    """Return terms as the company reads them."""
    return TermsView(
        operator=one.operator,
        merchant_id=None if one.merchant_id == EVERY_MERCHANT else one.merchant_id,
        from_at=one.from_at,
        platform_fee_bp=one.platform_fee_bp,
        subsidy_fen=one.subsidy_fen,
        keeps_fee_when_missed=one.keeps_fee_when_missed,
        standing=standing.value,
        agreed_at=one.agreed_at,
        agreed_by=one.agreed_by,
        reason=one.reason,
    )


def own_terms_view(found: Iterable[tuple[Terms, Standing]]) -> tuple[OwnTermsView, ...]:
    """Return terms as the merchant reads them."""
    return tuple(
        OwnTermsView(
            from_at=one.from_at,
            platform_fee_bp=one.platform_fee_bp,
            keeps_fee_when_missed=one.keeps_fee_when_missed,
            is_own=one.merchant_id != EVERY_MERCHANT,
            standing=standing.value,
            reason=one.reason,
        )
        for one, standing in found
    )
