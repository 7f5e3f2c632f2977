"""A rehearsed day as data: moments of a scenario, what is wrong with a file, what the end must be."""

import itertools
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import h3
import msgspec
import pytest

from core.errors import Invalid
from core.ids import (
    DistrictCode,
    MerchantId,
    OperatorId,
    OrderId,
    PickupPointId,
    ResidentId,
    TaskId,
    VehicleNo,
)
from fleet.vehicles.kinds import Condition, Connection, ControlMode
from fleet.vehicles.last_heard import LastHeard
from fleet.weather.feed import FeedDocument
from services.delivery.compartments import Parcel
from services.orders.order import Order
from services.orders.states import OrderState
from simulator.script import Script
from steppe.city.issued import Issued, StaffLogIn
from steppe.rehearsal.open_work import Begun
from steppe.rehearsal.page import Day, page
from steppe.rehearsal.sample import Batteries, Sample
from steppe.rehearsal.scenario import read_scenario, script_of, weather_of, window_of
from steppe.rehearsal.swept import SweptRun
from steppe.rehearsal.verdict import Ended, OrderLife, judge

ZONE = "Asia/Shanghai"
WINDOW = window_of(date(2026, 12, 1), time(6), 24, ZONE)
WINTER = Path(__file__).parents[3] / "steppe" / "ordos" / "winter-day.toml"
EVENING = datetime(2026, 12, 1, 22, tzinfo=UTC)
ONE_OPERATOR = Issued(
    city="ordos",
    staff=(StaffLogIn(username="op-1", name="op", role="remote_operator", password="p", totp_secret="s"),),
)


def an_order(state: OrderState, **changes: object) -> Order:
    order = Order(
        order_id=OrderId("o-1"),
        state=state,
        district=DistrictCode("KB"),
        operator=OperatorId("op"),
        resident_id=ResidentId("r"),
        merchant_id=MerchantId("m"),
        pickup_point_id=PickupPointId("p"),
        lines=(),
        fee_fen=300,
        total_fen=2860,
        parcel=Parcel(litres=1, mass_kg=1),
        placed_at=EVENING,
        promised_p50_at=EVENING,
        promised_p90_at=EVENING,
    )
    return msgspec.structs.replace(order, **changes)


def the_end(**changes: object) -> Ended:
    quiet = Ended(
        at=EVENING,
        orders=(),
        slots=(),
        heard={},
        helped=frozenset(),
        waiting_for_person={},
        book_findings=(),
        book_entries=0,
    )
    return msgspec.structs.replace(quiet, **changes)


def a_vehicle_heard(number: int, **changes: object) -> LastHeard:
    last = LastHeard(
        vehicle_no=VehicleNo(number),
        lat=39.6,
        lng=109.8,
        measured_at=EVENING,
        speed_mps=0.0,
        heading_deg=0.0,
        battery_ratio=0.6,
        control_mode=ControlMode.AUTONOMOUS,
        connection=Connection.ONLINE,
        condition=Condition.IDLE,
    )
    return msgspec.structs.replace(last, **changes)


def failing(end: Ended) -> dict[str, tuple[str, ...]]:
    return {check.name: check.rows for check in judge(end) if not check.is_met}


def test_a_time_before_the_beginning_is_the_next_mornings() -> None:
    assert WINDOW.moment("06:00").isoformat() == "2026-12-01T06:00:00+08:00"
    assert WINDOW.moment("23:59").isoformat() == "2026-12-01T23:59:00+08:00"
    assert WINDOW.moment("02:00").isoformat() == "2026-12-02T02:00:00+08:00"
    assert WINDOW.ends.isoformat() == "2026-12-02T06:00:00+08:00"


def test_a_day_that_ended_has_to_be_closed() -> None:
    assert WINDOW.days_over() == (date(2026, 12, 1),)
    assert msgspec.structs.replace(WINDOW, ends=WINDOW.moment("23:00")).days_over() == ()
    assert failing(the_end(days_over=WINDOW.days_over())) == {}
    left = the_end(days_over=WINDOW.days_over(), open_days=WINDOW.days_over())
    assert failing(left) == {"every day that ended is closed": ("2026-12-01 has no vehicle-days",)}


def test_the_winter_day_of_the_city_is_what_the_simulator_reads() -> None:
    told = script_of(read_scenario(WINTER), WINDOW, ONE_OPERATOR)
    script = msgspec.json.decode(msgspec.json.encode(told), type=Script)
    two = round(WINDOW.moment("02:00").timestamp() * 1000)
    assert script.air_c(two) == -25.0
    assert [one.service for one in script.breakdowns] == ["delivery", "sweeping", "vending"]
    assert [one.part for one in script.breakdowns] == ["drive", "drive", "heater"]
    assert script.is_away("op-1", round(WINDOW.moment("13:30").timestamp() * 1000))
    hole = script.holes[0]
    assert script.is_cut_off((hole.lat, hole.lng), hole.from_ms)


def test_the_city_is_told_the_weather_that_the_vehicles_feel() -> None:
    scenario = read_scenario(WINTER)
    told = weather_of(scenario, WINDOW, ["KB", "DS"])
    facts = msgspec.convert(msgspec.to_builtins(told), FeedDocument).facts
    assert {fact.district for fact in facts} == {"KB", "DS"}
    two = WINDOW.moment("02:00")
    of_kb = [fact for fact in facts if fact.district == "KB" and fact.valid_from <= two < fact.valid_to]
    assert [fact.air_c for fact in of_kb if fact.air_c is not None] == [pytest.approx(-24.9, abs=0.2)]
    assert [fact.snow_cm for fact in of_kb if fact.snow_cm is not None] == [9.0]
    at_six = WINDOW.ends + timedelta(minutes=5)
    (after,) = [f for f in facts if f.district == "KB" and f.valid_from <= at_six < f.valid_to and f.road]
    assert (after.snow_cm, after.precipitation, after.visibility_m) == (0.0, "none", 15_000.0)
    lying = sorted((f.valid_from, f.valid_to) for f in facts if f.district == "KB" and f.snow_cm is not None)
    assert lying[0][0] == WINDOW.begins
    assert all(before[1] == after[0] for before, after in itertools.pairwise(lying)), "always told, once"
    air = [fact for fact in facts if fact.district == "DS" and fact.air_c is not None]
    assert len(air) == 24
    assert all(before.valid_to == after.valid_from for before, after in itertools.pairwise(air))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name_zh = ", "Invalid value"),
        ('name_zh = "x"', "name_en"),
        (
            'name_zh = "x"\nname_en = "x"\n[[air]]\nat = "24:00"\nair_c = 1.0',
            r"at.*air\[0\]\.at|air\[0\]\.at",
        ),
        ('name_zh = "x"\nname_en = "x"\nstorm = 1', "storm"),
    ],
)
def test_a_wrong_scenario_is_refused_with_file_and_field(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "day.toml"
    path.write_text(text)
    with pytest.raises(Invalid, match=said) as refused:
        read_scenario(path)
    assert "day.toml" in str(refused.value)


def test_somebody_without_an_account_cannot_leave() -> None:
    with pytest.raises(Invalid, match="no account number 1 of the role remote_operator"):
        script_of(read_scenario(WINTER), WINDOW, msgspec.structs.replace(ONE_OPERATOR, staff=()))


def test_a_day_on_which_everything_ended_well_passes() -> None:
    lives = (
        OrderLife(order=an_order(OrderState.DELIVERED, vehicle_no=VehicleNo(1)), is_explained=True),
        OrderLife(order=an_order(OrderState.CANCELLED, reason="merchant_closed"), is_explained=False),
    )
    slots = (("patrol_beat", "beat-1", "met", ""), ("sweeping_run", "zone-1", "excused", "snow"))
    heard = {VehicleNo(1): a_vehicle_heard(1)}
    assert failing(the_end(orders=lives, slots=slots, heard=heard)) == {}


def test_an_order_that_hangs_or_ended_without_a_word_is_found() -> None:
    lives = (
        OrderLife(order=an_order(OrderState.ARRIVED), is_explained=True),
        OrderLife(order=an_order(OrderState.FAILED, reason=""), is_explained=True),
        OrderLife(order=an_order(OrderState.DELIVERED, vehicle_no=VehicleNo(1)), is_explained=False),
    )
    found = failing(the_end(orders=lives))
    assert list(found) == ["every order is over", "every order is explained"]
    assert "arrived" in found["every order is over"][0]
    assert [row.split(" ", 1)[1] for row in found["every order is explained"]] == [
        "failed without a reason",
        "has a vehicle without a decision",
    ]


def test_work_that_hangs_is_found_unless_it_waits_for_a_person() -> None:
    def begun(kind: str, thing_id: str, state: str, *, is_over: bool) -> Begun:
        return Begun(kind=kind, thing_id=thing_id, state=state, is_over=is_over, since=EVENING)

    work = (
        begun("call", "c-1", "served", is_over=True),
        begun("call", "c-2", "on_the_way", is_over=False),
        begun("task", "t-1", "needs_person", is_over=False),
    )
    end = the_end(begun=work, waiting_for_person={VehicleNo(4): TaskId("t-1")})
    found = {check.name: check for check in judge(end)}["everything else that was begun is over"]
    assert found.rows == ("call c-2: on_the_way since 22:00 UTC",)
    assert found.found == "call: 1 on_the_way, 1 served; task: 1 needs_person"


def test_a_slot_that_nobody_met_or_excused_is_found() -> None:
    slots = (("patrol_beat", "beat-1", "met", ""), ("patrol_beat", "beat-2", "missed", "nobody_free"))
    assert failing(the_end(slots=slots)) == {
        "every schedule is met or excused": ("patrol_beat beat-2: missed nobody_free",)
    }


def test_a_vehicle_that_gets_nowhere_is_stranded_unless_somebody_is_on_the_way() -> None:
    heard = {
        VehicleNo(1): a_vehicle_heard(1, battery_ratio=0.02),
        VehicleNo(2): a_vehicle_heard(2, battery_ratio=0.02, is_charging=True),
        VehicleNo(3): a_vehicle_heard(
            3, connection=Connection.OFFLINE, measured_at=EVENING - timedelta(hours=1)
        ),
        VehicleNo(4): a_vehicle_heard(4),
        VehicleNo(5): a_vehicle_heard(5, battery_ratio=0.01),
    }
    end = the_end(
        heard=heard, waiting_for_person={VehicleNo(4): TaskId("t-4")}, helped=frozenset({VehicleNo(5)})
    )
    assert failing(end) == {
        "no vehicle is stranded": (
            "vehicle 1: battery at 2%",
            "vehicle 3: not heard since 21:00 UTC",
            "vehicle 4: task t-4 needs a person",
        )
    }


def test_books_that_do_not_balance_fail_the_day() -> None:
    assert failing(the_end(book_findings=("sum-not-zero ledger: 5 fen",))) == {
        "the books balance": ("sum-not-zero ledger: 5 fen",)
    }


def test_the_report_says_what_was_found_and_draws_the_day() -> None:
    day = Day(
        name_zh="寒潮日",
        name_en="Cold snap",
        begins=WINDOW.begins,
        ends=WINDOW.ends,
        seed=7,
        rate=20.0,
        vehicles=206,
        wall_s=4_320.0,
    )
    samples = [
        Sample(
            at=EVENING + timedelta(minutes=10 * number),
            orders={"delivered": number},
            occurrences={"met": number},
            working={"delivery": 3},
            work_orders_open=0,
            online=200,
            heard=206,
            outside_c=-20.0,
            behind_s=30.0 + 10 * number,
            batteries={"delivery": Batteries(least=0.2, median=0.5, most=0.9)},
        )
        for number in range(3)
    ]
    cells = tuple((h3.str_to_int(cell), 0.5) for cell in h3.grid_disk(h3.latlng_to_cell(39.6, 109.8, 13), 2))
    swept = (SweptRun(zone="Yard", planned_m2=800, verified_m2=640, missed_m2=160, cells=cells),)
    end = the_end(
        slots=(("patrol_beat", "<beat>", "missed", ""),),
        swept=swept,
        held_back=(("wet sweeping refused", 3),),
    )
    text = page(day, samples, end, judge(end))
    assert "The day does not pass" in text
    assert "patrol_beat &lt;beat&gt;: missed" in text
    assert "synthetic" in text
    assert "640 of 800 m²" in text
    assert "2.0 s of the wall old in the middle, 2.5 s at worst" in text
    assert "3 × wet sweeping refused" in text
    assert text.count("<svg") == 5, "no waits are drawn of a day without deliveries"
