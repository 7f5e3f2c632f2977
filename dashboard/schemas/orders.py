"""Orders as a board and as a drawer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from core.privacy.masks import mask_name
from dashboard.cursors import write_cursor
from dashboard.order_sheets import OrderDossier, OrderSheet
from dashboard.schemas.decisions import DecisionView, decision_view
from dashboard.schemas.order_substitutions import OrderSubstitution, order_substitutions
from dashboard.schemas.vehicles import TaskView, task_view
from services.orders.recover_order import Outcome
from services.orders.store import HistoryLine

Reason = Annotated[str, Meta(min_length=1, max_length=500)]


class _View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Common shape of every answer."""


class WhyCancel(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Why an operator calls an order off."""

    reason: Reason


class Rescue(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a person found at the vehicle, and what was done."""

    outcome: Outcome
    reason: Reason


class OrderBrief(_View, frozen=True):
    """A card of the board. ``etaAt`` is what is expected now, from where the vehicle is; ``phone`` is
    masked."""

    order_id: str
    version: int
    state: str
    district: str
    operator: str
    merchant_name_zh: str
    merchant_name_en: str
    pickup_point_name_zh: str
    pickup_point_name_en: str
    vehicle_no: int | None
    vehicle_code: str | None
    placed_at: datetime
    ready_at: datetime | None
    promised_p50_at: datetime
    promised_p90_at: datetime
    eta_at: datetime | None
    remaining_m: float | None
    closed_at: datetime | None
    reason: str
    phone: str | None


class OrderPage(_View, frozen=True):
    """A page of orders; ``nextCursor`` is null on the last one."""

    items: tuple[OrderBrief, ...]
    next_cursor: str | None


class OrderLineView(_View, frozen=True):
    """One line of goods; ``fen`` is what it costs, at most while weighed goods are not weighed."""

    name_zh: str
    name_en: str
    quantity: int
    price_fen: int
    fen: int


class OrderStep(_View, frozen=True):
    """One event of an order; ``actor`` is ``kind:id`` of who caused it."""

    version: int
    event: str
    state: str
    at: datetime
    epoch: int
    actor: str
    by_name: str | None
    vehicle_no: int | None
    detail: str | None


class CollectedView(_View, frozen=True):
    """Who took the goods out: ``by`` customer, delegate, staff, crew, merchant or somebody (not known).

    ``how`` page, link, keypad, hand or remote; null when nobody kept it. Name and phone are a delegate's,
    masked.
    """

    by: str
    how: str | None
    at: datetime | None
    name: str | None
    phone: str | None


class OrderDetail(OrderBrief, frozen=True):
    """An order with its goods, history and decisions; ``decision`` is the newest one."""

    lines: tuple[OrderLineView, ...]
    substitutions: tuple[OrderSubstitution, ...]
    placed_by: str
    """Who ordered on the recipient's behalf; empty when she did herself."""
    fee_fen: int
    total_fen: int
    note: str
    epoch: int
    compartment: int | None
    loaded_at: datetime | None
    arrived_at: datetime | None
    collect_by: datetime | None
    collected: CollectedView | None
    """Null until it is delivered."""
    history: tuple[OrderStep, ...]
    decision: DecisionView | None
    decisions: tuple[DecisionView, ...]
    task: TaskView | None


def order_brief(sheet: OrderSheet) -> OrderBrief:
    """Return a card of the board."""
    return OrderBrief(**_brief_fields(sheet))


def order_page(sheets: Sequence[OrderSheet], limit: int) -> OrderPage:
    """Return a page out of one sheet more than it holds, if there are that many."""
    shown = sheets[:limit]
    last = shown[-1].order if len(sheets) > limit else None
    return OrderPage(
        items=tuple(order_brief(sheet) for sheet in shown),
        next_cursor=None if last is None else write_cursor((last.placed_at, last.order_id)),
    )


def order_detail(dossier: OrderDossier) -> OrderDetail:
    """Return the drawer of an order."""
    order = dossier.sheet.order
    decisions = tuple(decision_view(decision) for decision in dossier.decisions)
    return OrderDetail(
        **_brief_fields(dossier.sheet),
        lines=tuple(
            OrderLineView(
                name_zh=line.name_zh,
                name_en=line.name_en,
                quantity=line.quantity,
                price_fen=line.price_fen,
                fen=line.fen,
            )
            for line in order.lines
        ),
        substitutions=order_substitutions(dossier.substitutions, dossier.lacking),
        placed_by=order.placed_by.removeprefix("staff:"),
        fee_fen=order.fee_fen,
        total_fen=order.total_fen,
        note=order.note,
        epoch=order.epoch,
        compartment=order.compartment,
        loaded_at=order.loaded_at,
        arrived_at=order.arrived_at,
        collect_by=order.collect_by,
        collected=_collected(dossier),
        history=tuple(_step(line, dossier) for line in dossier.history),
        decision=decisions[0] if decisions else None,
        decisions=decisions,
        task=None if dossier.task is None else task_view(dossier.task),
    )


def _collected(dossier: OrderDossier) -> CollectedView | None:
    found = dossier.collected
    if found is None:
        return None
    return CollectedView(
        by=found.by.value,
        how=None if found.how is None else found.how.value,
        at=found.at,
        name=None if found.delegate is None else mask_name(found.delegate.name),
        phone=dossier.collector_phone,
    )


def _brief_fields(sheet: OrderSheet) -> dict[str, Any]:
    order, now = sheet.order, sheet.now
    return {
        "order_id": order.order_id,
        "version": order.version,
        "state": order.state.value,
        "district": order.district,
        "operator": order.operator,
        "merchant_name_zh": sheet.merchant.name_zh,
        "merchant_name_en": sheet.merchant.name_en,
        "pickup_point_name_zh": sheet.point.name_zh,
        "pickup_point_name_en": sheet.point.name_en,
        "vehicle_no": order.vehicle_no,
        "vehicle_code": sheet.vehicle_code,
        "placed_at": order.placed_at,
        "ready_at": order.ready_at,
        "promised_p50_at": order.promised_p50_at,
        "promised_p90_at": order.promised_p90_at,
        "eta_at": now.eta_at,
        "remaining_m": None if now.remaining_m is None else round(now.remaining_m, 1),
        "closed_at": order.closed_at,
        "reason": order.reason,
        "phone": sheet.phone,
    }


def _step(line: HistoryLine, dossier: OrderDossier) -> OrderStep:
    return OrderStep(
        version=line.version,
        event=line.event,
        state=line.to_state.value,
        at=line.at,
        epoch=line.epoch,
        actor=line.actor,
        by_name=_by_name(line, dossier),
        vehicle_no=line.vehicle_no,
        detail=next((str(line.detail[key]) for key in ("reason", "cause") if key in line.detail), None),
    )


def _by_name(line: HistoryLine, dossier: OrderDossier) -> str | None:
    """Return who did it in words: the vehicle's code, the merchant, the masked phone; None for the
    platform."""
    kind, _, who = line.actor.partition(":")
    sheet = dossier.sheet
    match kind:
        case "vehicle":
            is_present = sheet.order.vehicle_no is not None and who == str(sheet.order.vehicle_no)
            return sheet.vehicle_code if is_present else f"#{who}"
        case "merchant":
            return sheet.merchant.name_zh
        case "resident" | "link":
            return sheet.phone
        case "staff":
            return who
        case _:
            return None
