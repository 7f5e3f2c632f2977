"""A vehicle-day in money: by hand, unknown never as a zero, parts that add up."""

from datetime import UTC, date, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from core.ids import DistrictCode, MakerId, OperatorId, TakeoverId, VehicleNo
from fleet.alarms.kinds import AlarmKind, Severity
from fleet.takeovers.operator_minutes import operator_minutes
from fleet.takeovers.takeover import Takeover
from services.settlement.vehicle_money import CostRates, DayFigures, Earned, money_of_day, sums_of_days

T0 = datetime(2026, 7, 1, tzinfo=UTC)
RATES = CostRates(
    operator=OperatorId("op"),
    from_at=T0,
    energy_fen_per_kwh=80,
    operator_fen_per_hour=6000,
    crew_fen_per_hour=9000,
    vehicle_fen_per_day=4000,
    agreed_by="staff:s",
)
FIGURES = DayFigures(
    vehicle_no=VehicleNo(7),
    day=date(2026, 7, 1),
    metres=50_000,
    orders=20,
    m2=None,
    kwh=5.0,
    operator_min=15.0,
    crew_min=20.0,
)
EARNED = Earned(delivery_fees_fen=9000, platform_fees_fen=1500, sales_fen=200, loss_fen=300)


def test_a_day_in_money_by_hand() -> None:
    money = money_of_day(FIGURES, EARNED, RATES)
    assert (money.energy_fen, money.operator_fen, money.crew_fen, money.vehicle_fen) == (
        400,
        1500,
        3000,
        4000,
    )
    assert money.cost_fen == 8900
    assert (money.per_order_fen, money.per_km_fen, money.per_m2_fen) == (445.0, 178.0, None)
    swept = money_of_day(msgspec.structs.replace(FIGURES, m2=4450.0), EARNED, RATES)
    assert swept.per_m2_fen == 2.0
    assert money.earned.revenue_fen == 10_700
    assert money.unknown == ()


def test_what_nobody_measured_is_unknown_and_never_a_zero() -> None:
    without_energy = money_of_day(msgspec.structs.replace(FIGURES, kwh=None), EARNED, RATES)
    assert (without_energy.cost_fen, without_energy.per_km_fen) == (None, None)
    assert (without_energy.unknown, without_energy.crew_fen) == (("energy",), 3000)
    assert money_of_day(FIGURES, EARNED, None).unknown == ("rates",)
    idle = money_of_day(msgspec.structs.replace(FIGURES, metres=0.0, orders=0), Earned(), RATES)
    assert (idle.cost_fen, idle.per_order_fen, idle.per_km_fen) == (8900, None, None)
    sums = sums_of_days([without_energy, idle, money_of_day(FIGURES, EARNED, RATES)])
    assert (sums.vehicle_days, sums.costed, sums.cost_fen) == (3, 2, 17_800)
    assert (sums.per_order_fen, sums.per_m2_fen) == (445.0, None)
    assert sums_of_days([without_energy]).cost_fen is None


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(0, 200), st.booleans()), max_size=6),
    st.integers(0, 500),
)
def test_operator_minutes_of_neighbouring_spans_add_up(served: list[tuple[int, int, bool]], cut: int) -> None:
    def minute(number: int) -> datetime:
        return T0 + timedelta(minutes=number)

    sessions = [
        Takeover(
            takeover_id=TakeoverId(str(number)),
            vehicle_no=VehicleNo(7),
            maker=MakerId("m"),
            district=DistrictCode("KB"),
            operator=OperatorId("op"),
            severity=Severity.MAJOR,
            cause=AlarmKind.STUCK,
            requested_at=minute(began),
            requested_wall=minute(began),
            claimed_at=minute(began),
            ended_at=minute(began + lasted) if is_over else None,
        )
        for number, (began, lasted, is_over) in enumerate(served)
    ]
    now = minute(600)
    whole = operator_minutes(sessions, minute(0), minute(500), now=now)
    parts = [operator_minutes(sessions, minute(a), minute(b), now=now) for a, b in ((0, cut), (cut, 500))]
    assert sum(part.get(VehicleNo(7), 0.0) for part in parts) == whole.get(VehicleNo(7), 0.0)
    wanted = sum(min(began + lasted if over else 600, 500) - began for began, lasted, over in served)
    assert whole.get(VehicleNo(7), 0.0) == wanted
