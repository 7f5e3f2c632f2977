"""What staff of an operating company reads of vehicle-days in money, and the rates it agrees."""

from datetime import date

from core import audit
from core.auth.principal import Principal, reach_of
from core.database import Transaction
from core.errors import Conflict
from core.repeatable import Repeated, answer_once
from dashboard.parts import DashboardParts
from dashboard.schemas.vehicle_money import DayInMoney, RatesBody, RatesView, day_in_money, rates_view
from fleet.days.store import DayStore
from services.settlement.cost_day import costed_day
from services.settlement.statement import last_ended_day
from services.settlement.take_money import own_operator
from services.settlement.vehicle_money import CostRates
from services.settlement.vehicle_money_store import VehicleMoneyStore

CREATED = 201


async def day_of_fleet(parts: DashboardParts, principal: Principal, day: date | None) -> DayInMoney:
    """Return a day of the vehicles within reach, without one the last that ended."""
    at, zone = parts.clock.now(), parts.city.zone
    wanted = day or last_ended_day(at, zone)
    async with parts.database.read() as tx:
        is_closed = await DayStore(tx).has_closed(wanted)
        found, rates = await costed_day(tx, reach_of(principal), wanted, zone, now=at)
    return day_in_money(wanted, found, list(rates.values()), is_closed=is_closed)


async def rates_listed(parts: DashboardParts, principal: Principal) -> list[RatesView]:
    """Return every version of one's own company's rates, the newest first."""
    async with parts.database.read() as tx:
        return [rates_view(one) for one in await VehicleMoneyStore(tx).rates_of(own_operator(principal))]


async def agree_rates(
    parts: DashboardParts, principal: Principal, body: RatesBody, repeated: Repeated
) -> RatesView:
    """Reckon with other rates from now on; what is costed already keeps its own."""

    async def write(tx: Transaction) -> RatesView:
        operator, at = own_operator(principal), parts.clock.now()
        rates = CostRates(
            operator=operator,
            from_at=at,
            energy_fen_per_kwh=body.energy_fen_per_kwh,
            operator_fen_per_hour=body.operator_fen_per_hour,
            crew_fen_per_hour=body.crew_fen_per_hour,
            vehicle_fen_per_day=body.vehicle_fen_per_day,
            agreed_by=f"staff:{principal.id}",
        )
        if not await VehicleMoneyStore(tx).agree(rates):
            raise Conflict("already-exists", "rates were agreed at this very moment")
        fields = {name: getattr(body, name) for name in body.__struct_fields__}
        await audit.record(tx, principal, "rates.agreed", f"operator:{operator}", fields, at=at)
        return rates_view(rates)

    wall = parts.clock.wall()
    return await answer_once(parts.database, repeated, RatesView, write, status=CREATED, wall=wall)
