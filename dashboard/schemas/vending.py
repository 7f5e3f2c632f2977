"""Vending vehicles on the wire: planograms, stock, the ledger, lots, shrinkage."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from core.ids import GoodsId, VehicleNo
from fleet.vehicles.vehicle import Vehicle
from services.delivery.compartments import Temperature
from services.dispatch.rules import Exclusion
from services.vending.calls.call import VendingCall
from services.vending.calls.decision import CALL_RULE_NAMES, CallDecision, told
from services.vending.keep_stock import Batch
from services.vending.ledger import MOVEMENT_NAMES, Lot, Movement, StockLine
from services.vending.planogram import MOST_IN_A_SLOT, MOST_PRICE_FEN, MOST_SLOTS, Slot
from services.vending.recall_lot import Recalled
from services.vending.restock.need import RestockNeed, Urgency
from services.vending.shrinkage import Shrinkage

SlotNo = Annotated[int, Meta(ge=1, le=MOST_SLOTS, description="Number of the slot and of its door")]
Quantity = Annotated[int, Meta(ge=1, le=MOST_IN_A_SLOT)]
Word = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Text = Annotated[str, Meta(min_length=1, max_length=120)]


class SlotBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a slot is to hold."""

    slot: SlotNo
    goods_id: Word
    name_zh: Text
    name_en: Text
    price_fen: Annotated[int, Meta(ge=1, le=MOST_PRICE_FEN)]
    capacity: Quantity
    temperature: Temperature = Temperature.AMBIENT


class PlanogramBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The slots of a vehicle; with ``wholeModel`` of every vehicle of its model within reach."""

    slots: Annotated[tuple[SlotBody, ...], Meta(min_length=1, max_length=MOST_SLOTS)]
    whole_model: bool = False


class LoadBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Pieces of a batch that were put into a slot."""

    slot: SlotNo
    batch: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9._-]+$")]
    expires_at: Annotated[datetime, Meta(tz=True)]
    quantity: Quantity
    temperature: Temperature = Temperature.AMBIENT


class CountBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How many pieces lie in a slot."""

    slot: SlotNo
    counted: Annotated[int, Meta(ge=0, le=MOST_IN_A_SLOT)]


class SpoilBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Pieces of a lot that were taken out because nobody may buy them."""

    slot: SlotNo
    lot_id: Annotated[str, Meta(min_length=1, max_length=110)]
    quantity: Quantity
    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class RecallBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why a lot may not be sold any more."""

    reason: Annotated[str, Meta(min_length=1, max_length=200)]


class LotView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A lot; ``recalledAt`` blocks its sale everywhere."""

    lot_id: str
    goods_id: str
    expires_at: datetime
    temperature: str
    recalled_at: datetime | None
    recall_reason: str


class LotStock(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Pieces of a lot in a slot: free, and held for buyers."""

    lot_id: str
    expires_at: datetime
    is_sellable: bool
    shelf: int
    held: int


class SlotView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A slot with what lies in it; ``sellable`` leaves out what is recalled or past its date."""

    slot: int
    goods_id: str
    name_zh: str
    name_en: str
    price_fen: int
    capacity: int
    temperature: str
    sellable: int
    held: int
    lots: tuple[LotStock, ...]


class VendingVehicle(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vending vehicle with its slots. ``full`` is what it can sell against what it could hold.

    ``restock`` says when goods are wanted: none, with_charging, now; ``runningOut`` names slots that are
    sold out or will be within three hours.
    """

    vehicle_no: int
    code: str | None
    district: str
    model: str
    full: float
    restock: str
    running_out: tuple[int, ...]
    slots: tuple[SlotView, ...]


class CallRuleView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule that kept a vehicle from a call: the value that decided, the value that was needed."""

    rule: str
    zh: str
    en: str
    value: str | None
    needed: str | None


class CallSeller(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A vehicle that was weighed for a call, by road and in a straight line; ``rules`` excluded it."""

    vehicle_no: int
    code: str
    is_on_round: bool
    away_m: float | None
    way_s: float | None
    rules: tuple[CallRuleView, ...]


class CallDecisionView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Who comes and why. ``gainS`` is how much sooner than the nearest idle vehicle the chosen one is there,
    ``neededS`` what it takes to leave a round."""

    at: datetime
    outcome: str
    vehicle_no: int | None
    gain_s: float | None
    needed_s: float
    text_zh: str
    text_en: str
    sellers: tuple[CallSeller, ...]


class OpenCall(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A resident's call as the operator reads it: where to and which vehicle comes, never who."""

    call_id: str
    district: str
    state: str
    place_id: str
    place_zh: str
    place_en: str
    vehicle_no: int | None
    vehicle_code: str | None
    placed_at: datetime
    expires_at: datetime
    eta_at: datetime | None
    arrived_at: datetime | None
    reason: str
    decision: CallDecisionView | None


class DeclineBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why a call is not served."""

    reason: Annotated[str, Meta(min_length=1, max_length=64)]


class PlanogramSet(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Which vehicles got a planogram."""

    vehicles: tuple[int, ...]


class MovementView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A line of the ledger. ``shelf`` and ``held`` are signed pieces."""

    vehicle_no: int
    slot: int
    lot_id: str
    goods_id: str
    kind: str
    kind_zh: str
    kind_en: str
    shelf: int
    held: int
    actor: str
    at: datetime


class ShrinkageRow(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One slot over a span: pieces loaded, sold, spoiled; what counts found against the ledger."""

    vehicle_no: int
    code: str | None
    slot: int
    goods_id: str
    loaded: int
    sold: int
    spoiled: int
    counts: int
    difference: int
    lost_fen: int
    spoiled_fen: int


class RecalledLot(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A recalled lot, and the slots that pieces of it still lie in."""

    lot: LotView
    pieces: int
    vehicles: tuple[int, ...]


def slots_of(body: PlanogramBody) -> tuple[Slot, ...]:
    """Return the domain's slots."""
    return tuple(
        Slot(
            slot=each.slot,
            goods_id=GoodsId(each.goods_id),
            name_zh=each.name_zh,
            name_en=each.name_en,
            price_fen=each.price_fen,
            capacity=each.capacity,
            temperature=each.temperature,
        )
        for each in body.slots
    )


def batch_of(body: LoadBody) -> Batch:
    """Return the domain's batch."""
    return Batch(batch=body.batch, expires_at=body.expires_at, temperature=body.temperature)


def open_call(call: VendingCall, code: str | None) -> OpenCall:
    """Return a call without whoever made it."""
    return OpenCall(
        call_id=call.call_id,
        district=call.district,
        state=call.state.value,
        place_id=call.place_id,
        place_zh=call.name_zh,
        place_en=call.name_en,
        vehicle_no=call.vehicle_no,
        vehicle_code=code,
        placed_at=call.placed_at,
        expires_at=call.expires_at,
        eta_at=call.eta_at,
        arrived_at=call.arrived_at,
        reason=call.reason,
        decision=None if call.decision is None else _decision_view(call.decision),
    )


def _decision_view(decision: CallDecision) -> CallDecisionView:
    zh, en = told(decision)
    return CallDecisionView(
        at=decision.at,
        outcome=decision.outcome.value,
        vehicle_no=decision.vehicle_no,
        gain_s=decision.gain_s,
        needed_s=decision.needed_s,
        text_zh=zh,
        text_en=en,
        sellers=tuple(
            CallSeller(
                vehicle_no=one.vehicle_no,
                code=one.code,
                is_on_round=one.is_on_round,
                away_m=one.away_m,
                way_s=one.way_s,
                rules=tuple(_rule_view(rule) for rule in one.rules),
            )
            for one in decision.sellers
        ),
    )


def _rule_view(rule: Exclusion) -> CallRuleView:
    zh, en = CALL_RULE_NAMES[rule.rule]
    return CallRuleView(rule=rule.rule, zh=zh, en=en, value=rule.value, needed=rule.needed)


def vending_vehicle_view(
    vehicle: Vehicle,
    slots: Sequence[Slot],
    lines: Iterable[StockLine],
    need: RestockNeed | None,
    *,
    at: datetime,
) -> VendingVehicle:
    """Return a vehicle with its slots; ``lines`` of other vehicles are left out."""
    inside: dict[int, list[StockLine]] = {}
    for line in lines:
        if line.vehicle_no == vehicle.vehicle_no:
            inside.setdefault(line.slot, []).append(line)
    return VendingVehicle(
        vehicle_no=vehicle.vehicle_no,
        code=vehicle.code,
        district=vehicle.district,
        model=vehicle.hardware_model,
        full=0.0 if need is None else need.full,
        restock=Urgency.NONE.value if need is None else need.urgency.value,
        running_out=() if need is None else need.running_out,
        slots=tuple(_slot_view(slot, inside.get(slot.slot, []), at) for slot in slots),
    )


def _slot_view(slot: Slot, lines: Sequence[StockLine], at: datetime) -> SlotView:
    return SlotView(
        slot=slot.slot,
        goods_id=slot.goods_id,
        name_zh=slot.name_zh,
        name_en=slot.name_en,
        price_fen=slot.price_fen,
        capacity=slot.capacity,
        temperature=slot.temperature.value,
        sellable=sum(line.shelf for line in lines if line.lot.may_be_sold(at)),
        held=sum(line.held for line in lines),
        lots=tuple(
            LotStock(
                lot_id=line.lot.lot_id,
                expires_at=line.lot.expires_at,
                is_sellable=line.lot.may_be_sold(at),
                shelf=line.shelf,
                held=line.held,
            )
            for line in lines
        ),
    )


def movement_view(movement: Movement) -> MovementView:
    """Return a line of the ledger."""
    zh, en = MOVEMENT_NAMES[movement.kind]
    return MovementView(
        vehicle_no=movement.vehicle_no,
        slot=movement.slot,
        lot_id=movement.lot_id,
        goods_id=movement.goods_id,
        kind=movement.kind.value,
        kind_zh=zh,
        kind_en=en,
        shelf=movement.shelf,
        held=movement.held,
        actor=movement.actor,
        at=movement.at,
    )


def lot_view(lot: Lot) -> LotView:
    """Return a lot."""
    return LotView(
        lot_id=lot.lot_id,
        goods_id=lot.goods_id,
        expires_at=lot.expires_at,
        temperature=lot.temperature.value,
        recalled_at=lot.recalled_at,
        recall_reason=lot.recall_reason,
    )


def recalled_view(recalled: Recalled) -> RecalledLot:
    """Return a recalled lot and where it lies."""
    return RecalledLot(
        lot=lot_view(recalled.lot),
        pieces=sum(line.pieces for line in recalled.lying),
        vehicles=tuple(sorted({int(line.vehicle_no) for line in recalled.lying})),
    )


def shrinkage_row(row: Shrinkage, codes: Mapping[VehicleNo, str | None]) -> ShrinkageRow:
    """Return a row of the shrinkage report."""
    return ShrinkageRow(code=codes.get(row.vehicle_no), **msgspec.structs.asdict(row))
