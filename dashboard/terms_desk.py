"""What staff of an operating company reads of merchants' terms and agrees with them."""

from core.auth.principal import Principal
from core.database import Transaction
from core.errors import Conflict
from core.ids import MerchantId
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.terms import MerchantName, TermsBoard, TermsBody
from services.delivery.store import CatalogueStore
from services.settlement.agree_terms import agree_terms, must_reach_merchant
from services.settlement.store import TermsStore
from services.settlement.take_money import own_operator
from services.settlement.terms import EVERY_MERCHANT, Terms, begin_of, with_standing
from services.settlement.terms_views import TermsView, terms_view

CREATED = 201


async def terms_listed(
    parts: DashboardParts, principal: Principal, merchant_id: MerchantId | None
) -> TermsBoard:
    """Return the terms of one's own company with every merchant, or all that concern one; raise NotFound."""
    operator = own_operator(principal)
    async with parts.database.read() as tx:
        if merchant_id is not None:
            await must_reach_merchant(tx, principal, merchant_id)
        found = await TermsStore(tx).listed(frozenset({operator}), merchant_id=merchant_id or EVERY_MERCHANT)
        merchants = await CatalogueStore(tx).merchants()
    within = [one for one in merchants if principal.districts is None or one.district in principal.districts]
    return TermsBoard(
        items=tuple(terms_view(one, standing) for one, standing in with_standing(found, parts.clock.now())),
        merchants=tuple(
            MerchantName(
                merchant_id=one.merchant_id, name_zh=one.name_zh, name_en=one.name_en, district=one.district
            )
            for one in sorted(within, key=lambda each: (each.name_zh, each.merchant_id))
        ),
    )


async def agree(
    parts: DashboardParts, principal: Principal, body: TermsBody, repeated: Repeated
) -> TermsView:
    """Agree terms from a local day to come; what was agreed and what orders keep does not change."""

    async def write(tx: Transaction) -> TermsView:
        at = parts.clock.now()
        terms = Terms(
            operator=own_operator(principal),
            merchant_id=EVERY_MERCHANT if body.merchant_id is None else MerchantId(body.merchant_id),
            from_at=begin_of(body.from_day, parts.city.zone, at=at),
            platform_fee_bp=body.platform_fee_bp,
            subsidy_fen=body.subsidy_fen,
            keeps_fee_when_missed=body.keeps_fee_when_missed,
        )
        agreed = await agree_terms(tx, principal, terms, reason=body.reason, at=at)
        if agreed is None:
            raise Conflict("already-exists", "terms were agreed at this very moment")
        return terms_view(*with_standing([agreed], at)[0])

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, TermsView, write, status=CREATED, wall=wall)
