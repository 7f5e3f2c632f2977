"""Reading a closed day of vehicles in money: what they did, what people spent on them, what they earned."""

from datetime import date, datetime, timedelta, tzinfo

from core.auth.principal import Reach
from core.database import Transaction
from core.ids import OperatorId
from fleet.alarms.store import AlarmStore
from fleet.days.store import DayFilter, DayStore
from fleet.takeovers.alarm_minutes import COUNTED_AT_MOST, alarm_minutes
from fleet.takeovers.operator_minutes import operator_minutes
from fleet.takeovers.store import TakeoverStore
from fleet.work_orders.crew_minutes import CrewTime, crew_minutes
from fleet.work_orders.store import WorkOrderStore
from services.settlement.statement import end_of
from services.settlement.vehicle_money import CostRates, DayFigures, DayMoney, Earned, money_of_day
from services.settlement.vehicle_money_store import VehicleMoneyStore

MOST_VEHICLES = 1_000


async def costed_day(
    tx: Transaction, reach: Reach, day: date, zone: tzinfo, *, now: datetime
) -> tuple[list[DayMoney], dict[OperatorId, CostRates]]:
    """Return every vehicle-day of a closed local day within reach, in money, and the rates used.

    Rates are those in force when the day began. A day that is not closed has no rows.
    """
    began, ended = end_of(day - timedelta(days=1), zone), end_of(day, zone)
    stored = await DayStore(tx).page(reach, DayFilter(first=day, last=day), limit=MOST_VEHICLES)
    bodies = [one.body for one in stored]
    numbers = [body.vehicle_no for body in bodies]
    crew = crew_minutes(await WorkOrderStore(tx).under_way_between(began, ended), began, ended, now=now)
    sessions = await TakeoverStore(tx).under_way_between(began, ended)
    served = operator_minutes(sessions, began, ended, now=now)
    taken = await AlarmStore(tx).taken_between(began - COUNTED_AT_MOST, ended)
    answering = alarm_minutes(taken, sessions, began, ended, now=now)
    earned = await VehicleMoneyStore(tx).earned(numbers, began, ended)
    rates = await VehicleMoneyStore(tx).rates_at({body.operator for body in bodies}, began)
    found = [
        money_of_day(
            DayFigures(
                vehicle_no=body.vehicle_no,
                day=day,
                metres=body.metres,
                orders=body.orders,
                m2=body.m2,
                kwh=body.kwh,
                operator_min=served.get(body.vehicle_no, 0.0) + answering.get(body.vehicle_no, 0.0),
                alarm_min=answering.get(body.vehicle_no, 0.0),
                crew_min=crew.get(body.vehicle_no, CrewTime()).total_min,
            ),
            earned.get(body.vehicle_no, Earned()),
            rates.get(body.operator),
        )
        for body in bodies
    ]
    return found, rates
