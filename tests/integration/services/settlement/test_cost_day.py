"""A closed vehicle-day in money on real stores: the ledger, the day, and the people beside each other."""

from datetime import datetime, timedelta

from sqlalchemy import select

from core.auth.principal import EVERYTHING
from core.ids import AlarmId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.alarms.acknowledge_alarm import acknowledge_alarm
from fleet.alarms.advice import AlarmAnswer
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.answer_alarm import answer_alarm
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.tables import alarms
from fleet.days.compute import Computed
from fleet.days.store import Closing, DayStore
from fleet.days.vehicle_day import VehicleDay
from services.settlement.cost_day import costed_day
from services.settlement.give_money import refund_order
from services.settlement.vehicle_money import CostRates
from services.settlement.vehicle_money_store import VehicleMoneyStore
from tests.integration.services.orders.on_the_way import an_arrived_order
from tests.integration.services.orders.town import CITY, KB, Town, later
from tests.integration.services.settlement.money import LONG_AGO, agree
from tests.integration.services.settlement.test_counter import LEAD

OWN = OperatorId("op-a")


async def reckons_with(town: Town, vehicle_fen_per_day: int, *, from_at: datetime) -> None:
    rates = CostRates(
        operator=OWN,
        from_at=from_at,
        energy_fen_per_kwh=80,
        operator_fen_per_hour=6000,
        crew_fen_per_hour=9000,
        vehicle_fen_per_day=vehicle_fen_per_day,
        agreed_by="staff:s",
    )
    async with town.database.write() as tx:
        assert await VehicleMoneyStore(tx).agree(rates)


async def takes_and_answers(town: Town, seconds: float) -> None:
    """An alarm of the vehicle that the shift lead acknowledges, and answers so much later."""
    stuck = AlarmRaised(vehicle_no=VehicleNo(7), kind=AlarmKind.STUCK, at=town.now)
    await AlarmSink(town.database).put([stuck])
    async with town.database.read() as tx:
        alarm_id = AlarmId((await tx.execute(select(alarms.c.alarm_id))).scalar_one())
    await acknowledge_alarm(town.database, LEAD, alarm_id, comment="", version=None, at=town.now)
    later(town, seconds)
    await answer_alarm(
        town.database,
        LEAD,
        alarm_id,
        given=AlarmAnswer.HANDLING,
        comment="",
        version=None,
        at=town.now,
    )


async def test_a_day_is_what_the_ledger_says_by_the_rates_of_its_morning(any_town: Town) -> None:
    town = any_town
    await agree(town, "op-a", platform_fee_bp=500, subsidy_fen=150)
    await reckons_with(town, 4000, from_at=LONG_AGO)
    order, vehicle = await an_arrived_order(town)
    await vehicle.hand_over(order)
    await reckons_with(town, 9999, from_at=town.now)
    await takes_and_answers(town, 90)
    async with town.database.write() as tx:
        await refund_order(
            tx, LEAD, order.order_id, amount_fen=200, borne_by="operator", reason="late", at=town.now
        )
    day = town.now.astimezone(CITY).date()
    body = VehicleDay(
        vehicle_no=VehicleNo(7),
        day=day,
        zone="Asia/Shanghai",
        district=KB,
        service=ServiceKind.DELIVERY,
        operator=OWN,
        silence_s=60.0,
        existed_s=86_400.0,
        orders=1,
        kwh=5.0,
    )
    later(town, 86_400)
    async with town.database.write() as tx:
        put = await DayStore(tx).put([Computed(day=body, input_hash="0" * 64)], reason="", at=town.now)
        assert put.added == 1
        closing = Closing(
            local_date=day, closed_at=town.now, formula=1, vehicles=1, frames=0, looked_serial=0
        )
        await DayStore(tx).close(closing)
    async with town.database.read() as tx:
        (one,), rates = await costed_day(tx, EVERYTHING, day, CITY, now=town.now)
        before, _ = await costed_day(tx, EVERYTHING, day - timedelta(days=1), CITY, now=town.now)
    assert rates[OWN].vehicle_fen_per_day == 4000, "agreed during the day: holds from the next"
    assert (one.earned.delivery_fees_fen, one.earned.platform_fees_fen) == (300 + 150, 128)
    assert (one.earned.revenue_fen, one.earned.loss_fen) == (578, 200)
    assert (one.energy_fen, one.cost_fen, one.per_order_fen) == (400, 4550, 4550.0)
    assert (one.figures.operator_min, one.figures.alarm_min, one.operator_fen) == (1.5, 1.5, 150)
    assert (one.per_km_fen, one.per_m2_fen, one.unknown) == (None, None, ())
    assert before == []
