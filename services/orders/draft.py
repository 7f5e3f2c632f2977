"""What somebody wants to order, checked against shelf, hours, boxes and zone before anything is promised."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.errors import Conflict, Invalid, NotFound, SteppeError
from core.ids import DistrictCode, GoodsId, MerchantId, OperatorId, PickupPointId
from services.delivery.catalogue import Goods, Merchant, PickupPoint
from services.delivery.compartments import Compartment, Parcel, common_band, takes
from services.delivery.store import CatalogueStore
from services.delivery.wait_rule import WaitRule
from services.delivery.wait_rule_store import WaitRuleStore
from services.merchants.desk import Desk, must_take_orders
from services.merchants.forbidden import Forbidden, forbidden_among
from services.merchants.forbidden_store import ForbiddenStore
from services.merchants.store import DeskStore
from services.orders.lines import CAP_RATIO, OrderLine, goods_fen_of, line_of
from services.orders.zone import LoadOf, ZoneLoad, zone_load

MOST_OF_ONE = 20
"""Most pieces of one kind of goods in an order: more is a business customer and a person's job."""
DELIVERY_FEE_FEN = 300
"""What bringing an order costs, whatever its size: a figure of the demonstration, not a tariff."""
MOST_LINES = 30
"""Most lines of an order."""


class DraftLine(msgspec.Struct, frozen=True, kw_only=True):
    """So many pieces of one kind of goods."""

    goods_id: GoodsId
    quantity: int


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted, from whom, to where."""

    merchant_id: MerchantId
    pickup_point_id: PickupPointId
    lines: tuple[DraftLine, ...]
    note: str = ""


class DraftFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a draft is judged by. ``shelf`` holds those of the wanted goods that the merchant has on sale."""

    merchant: Merchant
    desk: Desk
    pickup_point: PickupPoint
    load: ZoneLoad
    shelf: Mapping[GoodsId, Goods]
    forbidden: tuple[Forbidden, ...]
    waits: WaitRule


class CheckedDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A draft that can be served: its lines with names and prices, the box it needs, and what it was judged
    by. ``ready_s`` is the preparing with what busy mode adds."""

    draft: Draft
    facts: DraftFacts
    operator: OperatorId
    lines: tuple[OrderLine, ...]
    fee_fen: int
    total_fen: int
    parcel: Parcel
    ready_s: float

    @property
    def merchant(self) -> Merchant:
        """Return who sells."""
        return self.facts.merchant

    @property
    def pickup_point(self) -> PickupPoint:
        """Return where it is handed over."""
        return self.facts.pickup_point

    @property
    def district(self) -> DistrictCode:
        """Return the zone that serves it."""
        return self.facts.merchant.district

    @property
    def load(self) -> ZoneLoad:
        """Return how busy its zone was."""
        return self.facts.load


async def check_draft(
    tx: Transaction, draft: Draft, *, at: datetime, load_of: LoadOf = zone_load
) -> CheckedDraft:
    """Return the draft with everything looked up. Raises NotFound for an unknown merchant or pickup point,
    and what ``judge_draft`` raises."""
    [checked] = await check_drafts(tx, [draft], at=at, load_of=load_of)
    if isinstance(checked, SteppeError):
        raise checked
    return checked


async def check_drafts(
    tx: Transaction, drafts: Sequence[Draft], *, at: datetime, load_of: LoadOf = zone_load
) -> list[CheckedDraft | SteppeError]:
    """Do the same with several drafts: each as it can be served, or what ``check_draft`` would raise."""
    if not drafts:
        return []
    catalogue = CatalogueStore(tx)
    merchants = await catalogue.merchants_by_id([draft.merchant_id for draft in drafts], EVERYTHING)
    points = await catalogue.pickup_points_by_id([draft.pickup_point_id for draft in drafts])
    desks = await DeskStore(tx).of(list(merchants))
    goods = await catalogue.goods_by_id(goods_of(drafts))
    forbidden = tuple(await ForbiddenStore(tx).all())
    zones = sorted({merchant.district for merchant in merchants.values()})
    loads = {zone: await load_of(tx, zone, at=at) for zone in zones}
    waits = {zone: await WaitRuleStore(tx).of(zone) for zone in zones}

    def check(draft: Draft) -> CheckedDraft:
        merchant, point = merchants.get(draft.merchant_id), points.get(draft.pickup_point_id)
        if merchant is None or not merchant.is_active:
            raise NotFound("not-found", "no such merchant", merchant_id=draft.merchant_id)
        if point is None or not point.is_active:
            raise NotFound("not-found", "no such pickup point", pickup_point_id=draft.pickup_point_id)
        facts = DraftFacts(
            merchant=merchant,
            desk=desks[merchant.merchant_id],
            pickup_point=point,
            load=loads[merchant.district],
            shelf=shelf_of(draft, goods),
            forbidden=forbidden,
            waits=waits[merchant.district],
        )
        return judge_draft(draft, facts, at=at)

    return [or_refusal(check, draft) for draft in drafts]


def or_refusal[T, R](judge: Callable[[T], R], thing: T) -> R | SteppeError:
    """Return what is judged, or why it is refused: one of several costs the others nothing."""
    try:
        return judge(thing)
    except SteppeError as refusal:
        return refusal


def goods_of(drafts: Iterable[Draft]) -> list[GoodsId]:
    """Return what is wanted by any of them."""
    return [line.goods_id for draft in drafts for line in draft.lines]


def shelf_of(draft: Draft, goods: Mapping[GoodsId, Goods]) -> dict[GoodsId, Goods]:
    """Return those of the goods that are wanted and that the merchant has on sale."""
    wanted = [goods[line.goods_id] for line in draft.lines if line.goods_id in goods]
    return {g.goods_id: g for g in wanted if g.is_on_sale and g.merchant_id == draft.merchant_id}


def judge_draft(draft: Draft, facts: DraftFacts, *, at: datetime) -> CheckedDraft:
    """Return the draft with its lines and prices.

    Raises Invalid for quantities outside 1–20 or no lines, NotFound for goods that are not on sale, Conflict
    ``merchant-closed``, ``merchant-paused``, ``licence-expired``, ``area-not-served``, ``out-of-stock``,
    ``goods-forbidden``, ``goods-not-together`` or ``order-too-large``.
    """
    shelf = facts.shelf
    stands = must_take_orders(facts.merchant, facts.desk, at)
    operator = _must_be_served(facts)
    wanted = _wanted(draft.lines, shelf)
    _must_be_allowed(facts.forbidden, [shelf[goods_id] for goods_id in wanted])
    parcel = parcel_of(wanted, shelf)
    _must_fit(parcel, facts.load.boxes)
    lines = tuple(line_of(shelf[goods_id], quantity) for goods_id, quantity in wanted.items())
    return CheckedDraft(
        draft=draft,
        facts=facts,
        operator=operator,
        lines=lines,
        fee_fen=DELIVERY_FEE_FEN,
        total_fen=DELIVERY_FEE_FEN + goods_fen_of(lines),
        parcel=parcel,
        ready_s=max(shelf[goods_id].ready_s for goods_id in wanted) + stands.extra_s,
    )


def _must_be_served(facts: DraftFacts) -> OperatorId:
    """Return who runs the zone that merchant and pickup point share."""
    merchant, point = facts.merchant, facts.pickup_point
    if point.district != merchant.district:
        raise Conflict(
            "area-not-served",
            "the merchant and the pickup point lie in different districts",
            merchant_district=merchant.district,
            pickup_district=point.district,
        )
    if facts.load.operator is None:
        raise Conflict("area-not-served", district=merchant.district)
    return facts.load.operator


def _wanted(lines: Sequence[DraftLine], shelf: Mapping[GoodsId, Goods]) -> dict[GoodsId, int]:
    """Return quantities by goods; two lines of the same goods are added up."""
    if not 1 <= len(lines) <= MOST_LINES:
        raise Invalid(
            "invalid-input", f"an order has 1 to {MOST_LINES} lines", field="lines", limit=MOST_LINES
        )
    wanted: dict[GoodsId, int] = {}
    for line in lines:
        wanted[line.goods_id] = wanted.get(line.goods_id, 0) + line.quantity
    for goods_id, quantity in wanted.items():
        if goods_id not in shelf:
            raise NotFound("not-found", "the merchant does not sell this", goods_id=goods_id)
        if not 1 <= quantity <= MOST_OF_ONE:
            raise Invalid(
                "invalid-input", f"1 to {MOST_OF_ONE} pieces of one kind", field="quantity", limit=MOST_OF_ONE
            )
        if shelf[goods_id].left < quantity:
            left = shelf[goods_id].left
            raise Conflict("out-of-stock", goods_id=goods_id, left=left, wanted=quantity)
    return wanted


def _must_be_allowed(rules: Sequence[Forbidden], goods: Sequence[Goods]) -> None:
    found = forbidden_among(rules, goods)
    if found is not None:
        thing, rule = found
        raise Conflict(
            "goods-forbidden",
            rule.reason_en,
            goods_id=thing.goods_id,
            category=rule.category,
            reason_zh=rule.reason_zh,
            reason_en=rule.reason_en,
        )


def parcel_of(wanted: Mapping[GoodsId, int], shelf: Mapping[GoodsId, Goods]) -> Parcel:
    """Return what the goods ask of one compartment; raise Conflict when chilled and warm goods are mixed."""
    band = common_band(shelf[goods_id].temperature for goods_id in wanted)
    if band is None:
        raise Conflict("goods-not-together")
    most = {g: q * (CAP_RATIO if shelf[g].is_weighed else 1.0) for g, q in wanted.items()}
    return Parcel(
        litres=round(sum(shelf[g].litres * q for g, q in wanted.items()), 3),
        mass_kg=round(sum(shelf[g].mass_g * q for g, q in most.items()) / 1000.0, 3),
        temperature=band,
    )


def _must_fit(parcel: Parcel, boxes: Sequence[Compartment]) -> None:
    if any(takes(box, parcel) for box in boxes):
        return
    raise Conflict(
        "order-too-large",
        litres=parcel.litres,
        mass_kg=parcel.mass_kg,
        largest_litres=max((box.litres for box in boxes), default=0.0),
        largest_kg=max((box.max_kg for box in boxes), default=0.0),
    )
