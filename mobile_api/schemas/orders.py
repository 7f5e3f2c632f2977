"""Orders as their recipient writes and reads them: her own vehicle, her own code, nobody else's anything."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from core.ids import GoodsId, MerchantId, PickupPointId
from core.privacy.masks import mask_name
from services.delegation.collected import Collected
from services.delegation.name_delegate import MOST_NAME_CHARS
from services.delivery.pickup_code import PickupCode
from services.flows.do_step import MOST_REFERENCE_CHARS
from services.orders.draft import MOST_LINES, MOST_OF_ONE, CheckedDraft, Draft, DraftLine
from services.orders.estimate import Estimate
from services.orders.lines import OrderLine, goods_fen_of
from services.settlement.terms import PaidBy
from services.substitutions.substitution import Substitution, lines_after

Id = Annotated[str, Meta(min_length=1, max_length=64)]
Quantity = Annotated[int, Meta(ge=1, le=MOST_OF_ONE)]
SixDigits = Annotated[str, Meta(pattern=r"^[0-9]{6}$")]


class BasketLine(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """So many pieces of one kind of goods."""

    goods_id: Id
    quantity: Quantity


class Basket(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is wanted, from whom, to where."""

    merchant_id: Id
    pickup_point_id: Id
    lines: Annotated[tuple[BasketLine, ...], Meta(min_length=1, max_length=MOST_LINES)]
    note: Annotated[str, Meta(max_length=200)] = ""
    paid_by: PaidBy = PaidBy.AT_PICKUP
    """From the balance, held when the order is placed, or at pickup."""


class OpenDoor(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The pickup code and a reference of a photo, when the page asked for them."""

    code: SixDigits | None = None
    photo: Annotated[str, Meta(min_length=1, max_length=MOST_REFERENCE_CHARS)] | None = None


class WeighedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What weighed goods weigh in grams: usually, at most; ``weightG`` null until they were on the scale."""

    estimate_g: int
    cap_g: int
    weight_g: int | None


class LineView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One line of goods; ``fen`` is what it costs, at most while weighed goods are not weighed.

    Of weighed goods ``priceFen`` is for a kilogram.
    """

    goods_id: str
    name_zh: str
    name_en: str
    quantity: int
    price_fen: int
    fen: int
    weighed: WeighedView | None


class QuoteView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What an order would cost (at most, with weighed goods) and be promised now; ``isRough`` while no route
    could be asked for."""

    p50_at: datetime
    p90_at: datetime
    lines: tuple[LineView, ...]
    goods_fen: int
    fee_fen: int
    total_fen: int
    distance_m: float
    is_rough: bool
    wait_s: float
    """How long the vehicle waits at the pickup point, city seconds."""


class SubstitutionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """``missing`` pieces of a line that the shop lacks, and what it offers; ``offer`` null leaves them out.

    ``moreFen`` is what saying yes changes the price by, ``lessFen`` what saying no takes off it.
    """

    goods_id: str
    name_zh: str
    name_en: str
    state: str
    missing: int
    offer: LineView | None
    more_fen: int
    less_fen: int
    answer_by: datetime


class Answer(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Whether what is offered may come in place of what is missing."""

    is_taken: bool


class Where(Struct, frozen=True, kw_only=True, rename="camel"):
    """A position in degrees, WGS 84."""

    lat: float
    lng: float


class OwnVehicle(Struct, frozen=True, kw_only=True, rename="camel"):
    """The vehicle that carries this order, as it was last heard at ``measuredAt``."""

    code: str
    lat: float
    lng: float
    heading_deg: float
    speed_mps: float
    measured_at: datetime
    is_stopped: bool


class Step(Struct, frozen=True, kw_only=True, rename="camel"):
    """A state that the order came to."""

    state: str
    at: datetime


class CollectedBy(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who took the goods out: ``by`` customer, delegate, staff, crew, merchant or somebody (not known).

    ``how`` page, link, keypad, hand or remote; null when nobody kept it. ``name`` is a delegate's, masked:
    the page may be open by a link.
    """

    by: str
    how: str | None
    name: str | None


class ResidentOrder(Struct, frozen=True, kw_only=True, rename="camel"):
    """An order with everything its page shows.

    ``reason`` is a stable word for why it waits, was cancelled or failed; empty when nothing is wrong.
    ``polyline6`` is the way left to the pickup point, present while the goods are on it.
    """

    order_id: str
    version: int
    state: str
    reason: str
    merchant_id: str
    pickup_point_id: str
    merchant_name_zh: str
    merchant_name_en: str
    pickup_point_name_zh: str
    pickup_point_name_en: str
    pickup: Where
    lines: tuple[LineView, ...]
    fee_fen: int
    total_fen: int
    paid_by: str | None = None
    """Null for an order from before there were payments."""
    charged_fen: int | None = None
    """What she has paid for it or owes, once it is over: 0 when nothing is asked of her."""
    back_fen: int = 0
    """What was held of her balance and went back when it ended."""
    note: str
    placed_at: datetime
    promised_p50_at: datetime
    promised_p90_at: datetime
    wait_s: float
    """How long the vehicle waits for her at the pickup point, city seconds; after a first missed collection
    at the one that it goes to then."""
    ready_at: datetime | None
    eta_at: datetime | None
    delay_s: float
    remaining_m: float | None
    stops_before: int
    arrived_at: datetime | None
    collect_by: datetime | None
    collected: CollectedBy | None
    """Null until it is delivered."""
    closed_at: datetime | None
    compartment: int | None
    compartment_label: str | None
    vehicle_code: str | None
    vehicle: OwnVehicle | None
    polyline6: str | None
    code_generation: int
    is_code_locked: bool
    history: tuple[Step, ...]
    substitutions: tuple[SubstitutionView, ...]
    can_cancel: bool
    can_open: bool
    door_steps: tuple[str, ...]
    """What the operator's flow asks for before the door opens: ``code_at_door``, ``photo_at_collection``."""


class DelegateView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Who may collect in the recipient's place until ``expiresAt``; never her code.

    ``isLocked`` says that a fresh code is needed, ``canRefresh`` that there is one.
    """

    name: str
    phone_masked: str
    expires_at: datetime
    is_locked: bool
    can_refresh: bool


class NameDelegate(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Who collects, and for how many hours her code is good."""

    name: Annotated[str, Meta(min_length=1, max_length=MOST_NAME_CHARS)]
    phone: Annotated[str, Meta(min_length=1, max_length=32)]
    hours: Annotated[int, Meta(ge=1, le=48)] = 6


class CodeView(Struct, frozen=True, kw_only=True, rename="camel"):
    """The pickup code; null once this generation is locked. ``canRefresh`` says that a fresh one can be
    had."""

    code: str | None
    generation: int
    tries_left: int
    is_locked: bool
    can_refresh: bool


class DoorOpening(Struct, frozen=True, kw_only=True, rename="camel"):
    """The command that opens the door, on its way to the vehicle until ``expiresAt``."""

    command_id: str
    state: str
    expires_at: datetime | None


class LinksRevoked(Struct, frozen=True, kw_only=True, rename="camel"):
    """How many links of the order were ended."""

    revoked: int


class OrderLink(Struct, frozen=True, kw_only=True, rename="camel"):
    """The token of a link that lets somebody else follow and collect the order; shown this once."""

    order_id: str
    token: str


def draft_of(basket: Basket) -> Draft:
    """Return the domain's draft of a basket."""
    return Draft(
        merchant_id=MerchantId(basket.merchant_id),
        pickup_point_id=PickupPointId(basket.pickup_point_id),
        lines=tuple(
            DraftLine(goods_id=GoodsId(line.goods_id), quantity=line.quantity) for line in basket.lines
        ),
        note=basket.note,
    )


def quote_view(checked: CheckedDraft, made: Estimate, *, at: datetime) -> QuoteView:
    """Return what a draft would be promised at a moment."""
    return QuoteView(
        p50_at=at + timedelta(seconds=made.promise.p50_s),
        p90_at=at + timedelta(seconds=made.promise.p90_s),
        lines=tuple(line_view(line) for line in checked.lines),
        goods_fen=checked.total_fen - checked.fee_fen,
        fee_fen=checked.fee_fen,
        total_fen=checked.total_fen,
        distance_m=round(made.way.length_m, 1),
        is_rough=made.is_rough,
        wait_s=checked.facts.waits.first_at(checked.pickup_point),
    )


def line_view(line: OrderLine) -> LineView:
    """Return one line of goods."""
    return LineView(
        goods_id=line.goods_id,
        name_zh=line.name_zh,
        name_en=line.name_en,
        quantity=line.quantity,
        price_fen=line.price_fen,
        fen=line.fen,
        weighed=None if line.weighed is None else WeighedView(**msgspec.structs.asdict(line.weighed)),
    )


def substitution_view(one: Substitution, lines: Sequence[OrderLine]) -> SubstitutionView:
    """Return an offer beside the lines of its order."""
    line = next((each for each in lines if each.goods_id == one.goods_id), None)
    goods_fen = goods_fen_of(lines)
    return SubstitutionView(
        goods_id=one.goods_id,
        name_zh="" if line is None else line.name_zh,
        name_en="" if line is None else line.name_en,
        state=one.state.value,
        missing=one.missing,
        offer=None if one.offer is None else line_view(one.offer),
        more_fen=goods_fen_of(lines_after(lines, one, is_taken=True)) - goods_fen,
        less_fen=goods_fen - goods_fen_of(lines_after(lines, one, is_taken=False)),
        answer_by=one.answer_by,
    )


def collected_view(found: Collected | None) -> CollectedBy | None:
    """Return who collected an order; None before."""
    if found is None:
        return None
    return CollectedBy(
        by=found.by.value,
        how=None if found.how is None else found.how.value,
        name=None if found.delegate is None else mask_name(found.delegate.name),
    )


def code_view(code: PickupCode) -> CodeView:
    """Return a code to whoever may see it. Raises Conflict ``gone`` when the order is over."""
    return CodeView(
        code=None if code.is_locked and not code.is_dead else code.code(),
        generation=code.generation,
        tries_left=code.tries_left,
        is_locked=code.is_locked,
        can_refresh=code.can_refresh,
    )
