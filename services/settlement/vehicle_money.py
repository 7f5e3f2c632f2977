"""What a vehicle-day earned and cost: rates are data, formulas have their text, unknown is no zero. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from core.ids import OperatorId, VehicleNo

Rate = Annotated[int, Meta(ge=0, le=1_000_000)]


class CostRates(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator reckons with from ``from_at`` on; days that began before keep the rates of then."""

    operator: OperatorId
    from_at: datetime
    energy_fen_per_kwh: Rate
    operator_fen_per_hour: Rate
    crew_fen_per_hour: Rate
    vehicle_fen_per_day: Rate
    """Depreciation, insurance and whatever else a vehicle costs on every day."""
    agreed_by: str


class Earned(msgspec.Struct, frozen=True, kw_only=True):
    """What the ledger says of one vehicle within a span, in fen."""

    delivery_fees_fen: int = 0
    """With the city's subsidies."""
    platform_fees_fen: int = 0
    sales_fen: int = 0
    loss_fen: int = 0
    """Goods lost and refunds that the operator bore."""

    @property
    def revenue_fen(self) -> int:
        """Return everything earned; losses stand apart."""
        return self.delivery_fees_fen + self.platform_fees_fen + self.sales_fen


class DayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What a vehicle did on a closed day; None is what nobody measured."""

    vehicle_no: VehicleNo
    day: date
    metres: float
    orders: int | None
    m2: float | None
    kwh: float | None
    operator_min: float
    """Takeover sessions and alarms."""
    alarm_min: float = 0.0
    """Of these: from taking an alarm to answering it."""
    crew_min: float


class DayMoney(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle-day in money. ``unknown`` names what is missing for the cost: ``rates``, ``energy``."""

    figures: DayFigures
    earned: Earned
    energy_fen: int | None
    operator_fen: int | None
    crew_fen: int | None
    vehicle_fen: int | None
    cost_fen: int | None
    per_order_fen: float | None
    per_km_fen: float | None
    per_m2_fen: float | None
    unknown: tuple[str, ...]


FORMULAS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "revenueFen": "deliveryFeesFen + platformFeesFen + salesFen",
        "costFen": "kwh × energyFenPerKwh + operatorMin / 60 × operatorFenPerHour"
        " + crewMin / 60 × crewFenPerHour + vehicleFenPerDay",
        "perOrderFen": "costFen / orders",
        "perKmFen": "costFen / (metres / 1000)",
        "perM2Fen": "costFen / m2",
    }
)
"""Each number by the names of what it is computed from; null where one of them is unknown or zero."""


def money_of_day(figures: DayFigures, earned: Earned, rates: CostRates | None) -> DayMoney:
    """Return a vehicle-day in money, each part to the nearest fen.

    Without rates or energy the cost is unknown, and with it everything that is divided by something.
    """
    unknown = (("rates",) if rates is None else ()) + (("energy",) if figures.kwh is None else ())
    energy = operators = crew = vehicle = None
    if rates is not None:
        energy = None if figures.kwh is None else round(figures.kwh * rates.energy_fen_per_kwh)
        operators = round(figures.operator_min / 60 * rates.operator_fen_per_hour)
        crew = round(figures.crew_min / 60 * rates.crew_fen_per_hour)
        vehicle = rates.vehicle_fen_per_day
    cost = None
    if energy is not None and operators is not None and crew is not None and vehicle is not None:
        cost = energy + operators + crew + vehicle
    return DayMoney(
        figures=figures,
        earned=earned,
        energy_fen=energy,
        operator_fen=operators,
        crew_fen=crew,
        vehicle_fen=vehicle,
        cost_fen=cost,
        per_order_fen=_share(cost, figures.orders),
        per_km_fen=_share(cost, figures.metres / 1000),
        per_m2_fen=_share(cost, figures.m2),
        unknown=unknown,
    )


def _share(cost_fen: int | None, amount: float | None) -> float | None:
    return None if cost_fen is None or not amount else round(cost_fen / amount, 2)


class MoneySums(msgspec.Struct, frozen=True, kw_only=True):
    """Sums over vehicle-days; a cost is the sum over those whose cost is known, and says how many."""

    vehicle_days: int
    costed: int
    revenue_fen: int
    loss_fen: int
    cost_fen: int | None
    per_order_fen: float | None
    per_km_fen: float | None
    per_m2_fen: float | None


def sums_of_days(days: list[DayMoney]) -> MoneySums:
    """Return the sums. Shares divide the cost of the costed days by what these did, where it is known."""
    costed = [one for one in days if one.cost_fen is not None]
    cost = sum(one.cost_fen or 0 for one in costed) if costed else None

    def per(amounts: list[float | None], unit: float) -> float | None:
        known = [(one.cost_fen or 0, amount) for one, amount in zip(costed, amounts, strict=True) if amount]
        whole = sum(amount for _, amount in known) / unit
        return _share(sum(fen for fen, _ in known), whole) if known else None

    return MoneySums(
        vehicle_days=len(days),
        costed=len(costed),
        revenue_fen=sum(one.earned.revenue_fen for one in days),
        loss_fen=sum(one.earned.loss_fen for one in days),
        cost_fen=cost,
        per_order_fen=per([one.figures.orders for one in costed], 1),
        per_km_fen=per([one.figures.metres for one in costed], 1000),
        per_m2_fen=per([one.figures.m2 for one in costed], 1),
    )
