"""Vehicle-days in money, and the rates they are costed by, on the wire."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec

from services.settlement.vehicle_money import FORMULAS, CostRates, DayMoney, Rate, sums_of_days


class RatesBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Rates from now on; days that began before keep the earlier ones."""

    energy_fen_per_kwh: Rate
    operator_fen_per_hour: Rate
    crew_fen_per_hour: Rate
    vehicle_fen_per_day: Rate


class RatesView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One version of a company's rates."""

    operator: str
    from_at: datetime
    energy_fen_per_kwh: int
    operator_fen_per_hour: int
    crew_fen_per_hour: int
    vehicle_fen_per_day: int
    agreed_by: str


class DayMoneyView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """One vehicle-day. Null is unknown, never a zero; ``unknown`` names what is missing for the cost."""

    vehicle_no: int
    day: date
    metres: float
    orders: int | None
    m2: float | None
    kwh: float | None
    operator_min: float
    alarm_min: float
    """Of ``operatorMin``: from taking an alarm to answering it; the rest is takeovers."""
    crew_min: float
    delivery_fees_fen: int
    platform_fees_fen: int
    sales_fen: int
    revenue_fen: int
    loss_fen: int
    energy_fen: int | None
    operator_fen: int | None
    crew_fen: int | None
    vehicle_fen: int | None
    cost_fen: int | None
    per_order_fen: float | None
    per_km_fen: float | None
    per_m2_fen: float | None
    unknown: tuple[str, ...]


class MoneySumsView(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Sums of the day; ``costed`` of its vehicle-days have a known cost, and the shares are of those."""

    vehicle_days: int
    costed: int
    revenue_fen: int
    loss_fen: int
    cost_fen: int | None
    per_order_fen: float | None
    per_km_fen: float | None
    per_m2_fen: float | None


class DayInMoney(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A local day of the fleet in money. Not closed: its vehicle-days are not computed yet, no rows."""

    day: date
    is_closed: bool
    sums: MoneySumsView
    formulas: Mapping[str, str]
    rates: tuple[RatesView, ...]
    items: tuple[DayMoneyView, ...]


def rates_view(rates: CostRates) -> RatesView:
    """Return one version of rates."""
    return RatesView(**msgspec.structs.asdict(rates))


def day_money_view(one: DayMoney) -> DayMoneyView:
    """Return a vehicle-day."""
    earned = msgspec.structs.asdict(one.earned)
    rest = {
        name: value
        for name, value in msgspec.structs.asdict(one).items()
        if name not in ("figures", "earned")
    }
    return DayMoneyView(
        **msgspec.structs.asdict(one.figures), **earned, **rest, revenue_fen=one.earned.revenue_fen
    )


def day_in_money(
    day: date, days: Sequence[DayMoney], rates: Sequence[CostRates], *, is_closed: bool
) -> DayInMoney:
    """Return a day of the fleet, the dearest vehicle first, those of unknown cost last."""
    ordered = sorted(
        days, key=lambda one: (one.cost_fen is None, -(one.cost_fen or 0), one.figures.vehicle_no)
    )
    return DayInMoney(
        day=day,
        is_closed=is_closed,
        sums=MoneySumsView(**msgspec.structs.asdict(sums_of_days(list(days)))),
        formulas=dict(FORMULAS),
        rates=tuple(rates_view(one) for one in rates),
        items=tuple(day_money_view(one) for one in ordered),
    )
