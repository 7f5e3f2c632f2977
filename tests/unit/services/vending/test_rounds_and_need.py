"""Where a roaming vehicle goes and when it needs goods: pure."""

from datetime import UTC, datetime, timedelta

import msgspec

from core.ids import DistrictCode, GoodsId, OccurrenceId, OperatorId, VehicleNo
from fleet.work_orders.kinds import WorkState
from services.places.place import Place, PlaceKind
from services.vending.ledger import Lot, LotId, StockLine
from services.vending.planogram import Slot
from services.vending.restock.need import Urgency, restock_need
from services.vending.restock.visit import RestockVisit, VisitState, became
from services.vending.rounds.choose_round import STOPS, TRIED_ANEW, choose_round
from services.vending.rounds.heat import Demand, heat_at, heat_of

AT = datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
KM = 1_000 / 111_195.0
VEHICLE = VehicleNo(50)


def a_place(name: str, north_km: float) -> Place:
    return Place(
        place_id=name,
        kind=PlaceKind.VISIT,
        district=DistrictCode("KB"),
        name_zh="示例点位",
        name_en="Sample spot",
        lat=39.6 + north_km * KM,
        lng=109.78,
    )


PLACES = [a_place(f"s-{n:02d}", n) for n in range(12)]


def wanted(north_km: float, weight: float = 1.0, days_ago: float = 0.0, hours_off: float = 0.0) -> Demand:
    at = AT - timedelta(days=days_ago, hours=hours_off)
    return Demand(lat=39.6 + north_km * KM, lng=109.78, at=at, weight=weight)


def names(*demands: Demand, taken: frozenset[str] = frozenset(), turn: int = 1) -> list[str]:
    heat = heat_of(demands, at=AT)
    chosen = choose_round(PLACES, heat, taken, VEHICLE, turn, 39.6, 109.78)
    return [stop.place.place_id for stop in chosen]


def test_a_round_goes_where_demand_was_and_tries_one_place_more() -> None:
    chosen = names(*(wanted(n) for n in (2, 5, 7, 9)))
    assert {"s-02", "s-05", "s-07", "s-09"} < set(chosen)
    assert len(chosen) == STOPS
    assert chosen == sorted(chosen), "nearest first from where it stands"


def test_recent_demand_at_this_hour_counts_more() -> None:
    def at(demand: Demand) -> float:
        return heat_at(heat_of([demand], at=AT), 39.6, 109.78)

    fresh = at(wanted(0))
    assert fresh == 1.0
    assert at(wanted(0, days_ago=7)) == 0.5
    assert at(wanted(0, hours_off=8)) < fresh / 2
    assert at(wanted(0, days_ago=1, hours_off=23.5)) > at(wanted(0, days_ago=1, hours_off=12))


def test_what_other_vehicles_visit_is_left_to_them() -> None:
    assert "s-02" not in names(wanted(2), taken=frozenset({"s-02"}))


def test_without_demand_rounds_differ_by_vehicle_turn_and_repeat_alike() -> None:
    assert names() == names()
    assert names() != names(turn=2)
    assert len(set(names())) == STOPS > TRIED_ANEW


SLOTS = tuple(
    Slot(slot=n, goods_id=GoodsId(f"g-{n}"), name_zh="水", name_en="Water", price_fen=200, capacity=10)
    for n in range(1, 5)
)


def a_line(slot: int, shelf: int, *, recalled: bool = False) -> StockLine:
    lot = Lot(
        lot_id=LotId(f"op-a:{slot}{recalled}"),
        operator=OperatorId("op-a"),
        goods_id=GoodsId(f"g-{slot}"),
        expires_at=AT + timedelta(days=9),
        recalled_at=AT if recalled else None,
    )
    return StockLine(vehicle_no=VEHICLE, slot=slot, lot=lot, shelf=shelf, held=0)


def test_a_vehicle_is_restocked_before_it_is_sold_out() -> None:
    stock = [a_line(n, 8) for n in range(1, 5)]
    assert restock_need(SLOTS, stock, {}, at=AT).urgency is Urgency.NONE
    soon = restock_need(SLOTS, stock, {1: 3.0}, at=AT)
    assert (soon.urgency, soon.running_out) == (Urgency.NOW, (1,)), "8 pieces last less than three hours"


def test_a_half_empty_vehicle_takes_goods_along_when_it_charges_and_an_empty_one_goes_for_them() -> None:
    half = restock_need(SLOTS, [a_line(n, 5) for n in range(1, 5)], {}, at=AT)
    assert (half.urgency, half.full, half.missing[1]) == (Urgency.WITH_CHARGING, 0.5, 5)
    low = restock_need(SLOTS, [a_line(n, 2) for n in range(1, 5)], {}, at=AT)
    assert low.urgency is Urgency.NOW


def test_recalled_pieces_are_no_stock_but_take_room() -> None:
    need = restock_need(SLOTS, [a_line(1, 9, recalled=True), *(a_line(n, 9) for n in (2, 3, 4))], {}, at=AT)
    assert (need.running_out, need.missing[1]) == ((1,), 1)


def test_a_scheduled_restock_ends_with_its_crew_or_after_three_hours() -> None:
    visit = RestockVisit(occurrence_id=OccurrenceId("o"), vehicle_no=VehicleNo(7), made_at=AT)
    asked = msgspec.structs.replace(visit, state=VisitState.ASKED)

    def after(one: RestockVisit, work: WorkState | None, hours: float = 1, *, has_room: bool = True) -> str:
        return became(one, work, has_room=has_room, at=AT + timedelta(hours=hours)).value

    assert after(visit, None) == "waiting"
    assert after(visit, None, has_room=False) == "done", "somebody filled it meanwhile"
    assert after(asked, WorkState.ON_SITE, has_room=False) == "asked", "the crew says when it is done"
    assert after(asked, WorkState.DONE) == "done"
    assert after(asked, WorkState.CANNOT) == "given_up"
    assert after(asked, WorkState.EN_ROUTE, hours=3) == "given_up"
