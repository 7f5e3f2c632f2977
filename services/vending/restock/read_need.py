"""Reading what decides whether vending vehicles need goods."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from core.database import Transaction
from core.ids import VehicleNo
from services.vending.ledger import MovementKind, StockLine
from services.vending.restock.need import RestockNeed, restock_need, wanted_now
from services.vending.restock.visit_store import VisitStore
from services.vending.stock_store import StockStore

LOOKS_BACK_H = 48.0
"""Hours of sales from which the speed of selling is taken."""


async def needs_of(
    tx: Transaction, vehicles: Sequence[VehicleNo], *, at: datetime
) -> dict[VehicleNo, RestockNeed]:
    """Return the need of each vehicle that has a planogram; one that a schedule wants restocked needs it
    now."""
    store = StockStore(tx)
    slots, lines = await store.planograms(vehicles), await store.lines(vehicles)
    since = at - timedelta(hours=LOOKS_BACK_H)
    sold = await store.movements(vehicles, since=since, until=at, kinds=[MovementKind.SELL])
    held: dict[VehicleNo, list[StockLine]] = defaultdict(list)
    for line in lines:
        held[line.vehicle_no].append(line)
    per_h: dict[VehicleNo, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for each in sold:
        per_h[each.vehicle_no][each.slot] -= (each.shelf + each.held) / LOOKS_BACK_H
    due = {visit.vehicle_no for visit in await VisitStore(tx).open_ones(vehicles)}
    needs = {number: restock_need(own, held[number], per_h[number], at=at) for number, own in slots.items()}
    return {number: wanted_now(need) if number in due else need for number, need in needs.items()}
