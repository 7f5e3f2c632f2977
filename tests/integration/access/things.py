"""One of everything that belongs to somebody: a vehicle on its way with an order, a command, an alarm."""

from datetime import date, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import select

from core.auth.residents import ResidentStore
from core.auth.roles import Role
from core.auth.services import AuthServices
from core.auth.tokens import new_token
from core.ids import (
    CallId,
    FeedbackId,
    OrderId,
    ResidentId,
    StaffId,
    SweepingZoneId,
    VehicleCode,
    VehicleNo,
    new_id,
)
from core.kinds import ServiceKind
from core.settings import JudgingSettings
from fleet.alarms.alarm import AlarmRaised
from fleet.alarms.apply_signals import AlarmSink
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.kinds import AlarmKind
from fleet.alarms.tables import alarms
from fleet.area_stops.area_stop import AreaStop, Member
from fleet.area_stops.store import AreaStopStore
from fleet.days.compute import Computed
from fleet.days.store import Closing, DayStore
from fleet.days.vehicle_day import VehicleDay
from fleet.desk_shifts.work_desk_shift import begin_shift, hand_over
from fleet.evidence.bundle import About, EvidenceSigner, Part, seal_bundle
from fleet.evidence.store import BundleStore, SealedBundle
from fleet.feedback.feedback import Feedback
from fleet.feedback.kinds import FeedbackKind
from fleet.feedback.store import FeedbackStore
from fleet.incidents.kinds import IncidentType
from fleet.incidents.open_incidents import NewIncident, report_incident
from fleet.incidents.rules import rules_of
from fleet.links.wire.commands import CommandKind
from fleet.takeovers.follow_alarm import TakeoverFollower
from fleet.takeovers.tables import takeovers
from fleet.violations.open_violations import follow_alarm
from fleet.violations.tables import violations
from fleet.work_orders.kinds import WorkKind
from fleet.work_orders.open_work_order import NewWork, open_work
from geofences import shapes
from services.dispatch.tables import decisions
from services.patrol.beat import Checkpoint
from services.patrol.edit_beat import Draft as BeatDraft
from services.patrol.edit_beat import make_beat
from services.patrol.start_run import start_run
from services.schedules.calendar import Calendar, Cron
from services.schedules.edit_schedule import Draft, make_schedule
from services.schedules.keep_schedules import ScheduleKeeper
from services.schedules.kinds import WorkKind as ScheduledKind
from services.schedules.tables import occurrences
from services.settlement.entry import SaleId
from services.settlement.terms import PaidBy
from services.sweeping.ask_preview import ask_preview
from services.sweeping.preview import PreviewId
from services.sweeping.save_zone import save_zone
from services.sweeping.start_run import add_run
from services.sweeping.zone import Drawing, SweepingZone, ZoneKind
from services.tasks.states import StopKind
from services.vending.calls.call import VendingCall
from services.vending.calls.store import CallStore
from services.vending.sales.sale import VendingSale
from services.vending.sales.store import SaleStore
from tests.integration.access.people import HOME
from tests.integration.fleet.builders import a_principal
from tests.integration.services.orders.town import MILK, Town
from tests.integration.services.schedules.logbook import BEAT, Logbook

VEHICLE = 7
HOME_PREVIEW = PreviewId("home-draft")


class Things(Struct, frozen=True, kw_only=True):
    """Ids of the home tenant's things, and the same by the names that routes give their parameters."""

    order: OrderId
    values: dict[str, str]

    @property
    def tell_tales(self) -> frozenset[str]:
        """Texts that stand in no answer to somebody else."""
        return frozenset(value for name, value in self.values.items() if len(value) > 4 and name != "day")


async def _an_incident(auth: AuthServices, town: Town) -> str:
    """Report something about the vehicle of the home tenant."""
    new = NewIncident(
        vehicle_no=VehicleNo(VEHICLE), type=IncidentType.NEAR_MISS, happened_at=town.now, description="x"
    )
    agent = a_principal(Role.AGENCY)
    rules = rules_of(JudgingSettings())
    incident = await report_incident(auth.database, agent, new, rules, at=town.now)
    signer = EvidenceSigner("a secret of a test that is long enough")
    about = About(
        incident_id=incident.incident_id,
        vehicle_no=VEHICLE,
        edition=1,
        previous=None,
        from_at=incident.window_from,
        to_at=incident.window_to,
        sealed_at=town.now,
        keep_until=town.now,
    )
    data = seal_bundle([(Part("alarms.json", b"[]"), "alarms")], about, signer)
    bundle = SealedBundle(
        incident_id=incident.incident_id,
        edition=1,
        sha256="0" * 64,
        size=len(data),
        sealed_at=town.now,
        keep_until=town.now,
        public_key=signer.public_key.hex(),
    )
    async with auth.database.write() as tx:
        await BundleStore(tx).add(bundle, data)
    return incident.incident_id


async def _a_vehicle_day(auth: AuthServices, town: Town) -> date:
    """Keep what the home tenant's vehicle did the day before."""
    day = VehicleDay(
        vehicle_no=VehicleNo(VEHICLE),
        day=town.now.date() - timedelta(days=1),
        zone="Asia/Shanghai",
        district=HOME.district,
        service=ServiceKind.DELIVERY,
        operator=HOME.operator,
        silence_s=60.0,
        existed_s=86_400.0,
    )
    async with auth.database.write() as tx:
        await DayStore(tx).put([Computed(day=day, input_hash="0" * 64)], reason="", at=town.now)
        closing = Closing(
            local_date=day.day, closed_at=town.now, formula=1, vehicles=1, frames=0, looked_serial=0
        )
        await DayStore(tx).close(closing)
    return day.day


async def _a_schedule(auth: AuthServices, town: Town) -> tuple[str, str]:
    """Make a schedule of the home tenant and return its id and the id of an occurrence of it."""
    plugged = {ScheduledKind.PATROL_BEAT: Logbook()}
    draft = Draft(
        name="夜间示例巡逻",
        kind=ScheduledKind.PATROL_BEAT,
        subject_id=BEAT.subject_id,
        calendar=Calendar(timing=Cron(expression="0 6 * * *"), zone="Asia/Shanghai"),
    )
    async with auth.database.write() as tx:
        made = await make_schedule(tx, a_principal(Role.SHIFT_LEAD), plugged, draft, at=town.now)
    await ScheduleKeeper(auth.database, town.clock, plugged).keep_once()
    async with auth.database.read() as tx:
        planned = (await tx.execute(select(occurrences.c.occurrence_id))).scalars().first()
    assert planned is not None
    return made.schedule_id, planned


async def _a_sweeping_run(auth: AuthServices, town: Town) -> tuple[str, str]:
    """Draw a sweeping zone of the home tenant, and its preview; return its id and the id of a run of it."""
    lead = a_principal(Role.SHIFT_LEAD)
    zone = SweepingZone(
        zone_id=SweepingZoneId("home-yard"),
        district=HOME.district,
        operator=HOME.operator,
        name_zh="示例院子",
        name_en="Sample yard",
        drawing=Drawing(kind=ZoneKind.GROUND, area=shapes.rectangle(39.6, 109.78, 12.0, 8.0)),
        changed_at=town.now,
    )
    async with auth.database.write() as tx:
        await save_zone(tx, lead, zone, version=0, at=town.now)
        await ask_preview(
            tx,
            lead,
            HOME_PREVIEW,
            zone.drawing,
            district=HOME.district,
            operator=HOME.operator,
            wall=auth.clock.wall(),
            at=town.now,
        )
        run = await add_run(tx, zone, wanted=None, by_name=lead.name, at=town.now)
    return zone.zone_id, run.run_id


async def _a_patrol(auth: AuthServices, town: Town) -> tuple[str, str]:
    """Make a beat of the home tenant and return its id and the id of a run of it."""
    point = Checkpoint(
        checkpoint_id="home-gate", name_zh="本区东门", name_en="Home gate", lat=39.6, lng=109.8
    )
    beat_draft = BeatDraft(
        name_zh="本区示例巡逻",
        name_en="Home beat",
        district=HOME.district,
        is_shuffled=True,
        checkpoints=(point,),
    )
    person = a_principal(Role.SHIFT_LEAD)
    async with auth.database.write() as tx:
        beat = await make_beat(
            tx,
            person,
            beat_draft,
            operator=HOME.operator,
            time_zone="Asia/Shanghai",
            at=town.now,
        )
        run = await start_run(tx, person, beat.beat_id, at=town.now)
    return beat.beat_id, run.run_id


async def _an_area_stop(auth: AuthServices, town: Town) -> str:
    stop = AreaStop(
        area_stop_id=new_id(),
        is_drill=True,
        kind=CommandKind.SAFE_STOP,
        area='{"type":"Polygon","coordinates":[]}',
        reason="a test",
        operators=(HOME.operator,),
        districts=(HOME.district,),
        placed_by=StaffId("somebody"),
        placed_by_name="somebody",
        placed_at=town.now,
    )
    member = Member(
        area_stop_id=stop.area_stop_id,
        vehicle_no=VehicleNo(VEHICLE),
        lat=39.6,
        lng=109.8,
        command_id=None,
        stop_epoch=0,
    )
    async with auth.database.write() as tx:
        await AreaStopStore(tx).add(stop, [member])
    return stop.area_stop_id


async def _a_desk_shift(auth: AuthServices, town: Town) -> str:
    person = a_principal(Role.DISPATCHER, id=StaffId("somebody"), operator=HOME.operator)
    wall = auth.clock.wall()
    async with auth.database.write() as tx:
        await begin_shift(tx, person, at=town.now, wall=wall)
        return (await hand_over(tx, person, "a test", at=town.now)).shift_id


async def _a_call_and_a_sale(auth: AuthServices, town: Town, resident: ResidentId) -> tuple[str, str]:
    """Let the home tenant's resident call a vending vehicle and reserve something."""
    shared: dict[str, Any] = {"district": HOME.district, "operator": HOME.operator, "resident_id": resident}
    spot: dict[str, Any] = {"name_zh": "示例点位", "name_en": "Sample spot", "lat": 39.6, "lng": 109.79}
    call = VendingCall(
        call_id=CallId(new_id()),
        place_id="v-0",
        walk_m=10.0,
        placed_at=town.now,
        expires_at=town.now + timedelta(hours=1),
        **shared,
        **spot,
    )
    sale = VendingSale(
        sale_id=SaleId(new_id()),
        vehicle_no=VehicleNo(VEHICLE),
        slot=1,
        goods_id=MILK,
        price_fen=100,
        quantity=1,
        paid_by=PaidBy.AT_PICKUP,
        picks=(),
        reserved_at=town.now,
        expires_at=town.now + timedelta(hours=1),
        **shared,
        **spot,
    )
    async with auth.database.write() as tx:
        await CallStore(tx).add(call, actor="resident:test")
        await SaleStore(tx).add(sale)
    return call.call_id, sale.sale_id


async def _a_feedback(auth: AuthServices, town: Town) -> str:
    """Somebody on the street says that the home tenant's vehicle is loud."""
    said = Feedback(
        feedback_id=FeedbackId(new_id()),
        token_hash=new_token("fb").token_hash,
        vehicle_no=VehicleNo(VEHICLE),
        code=VehicleCode("EDS-KB-D-0001-O"),
        district=HOME.district,
        operator=HOME.operator,
        kind=FeedbackKind.NOISE,
        received_at=town.now,
    )
    async with auth.database.write() as tx:
        await FeedbackStore(tx).add(said)
    return said.feedback_id


async def things_of_home(town: Town, auth: AuthServices) -> Things:
    """Return the home tenant's things: the vehicle stands at the door, the order may be collected."""
    await town.furnish()
    await town.add_vehicle(VEHICLE, service=ServiceKind.DELIVERY)
    async with auth.database.write() as tx:
        resident = await ResidentStore(tx, auth.keys).ensure(HOME.phone, at=town.clock.wall())
    order = await town.order(resident=resident)
    await town.round()
    vehicle = town.script(VEHICLE)
    await vehicle.take_plan()
    command = (await town.commands(VEHICLE, CommandKind.ASSIGN_TASK))[-1]
    await vehicle.reach(StopKind.LOAD)
    await vehicle.load(order)
    await vehicle.reach(StopKind.HANDOVER)
    raised = AlarmRaised(vehicle_no=VehicleNo(VEHICLE), kind=AlarmKind.OVERSPEED, at=town.now)
    await AlarmSink(auth.database).put([raised])
    await AlarmFollowUp(auth.database, town.clock, [follow_alarm]).work_once()
    incident = await _an_incident(auth, town)
    day = await _a_vehicle_day(auth, town)
    new_work = NewWork(vehicle_no=VehicleNo(VEHICLE), kind=WorkKind.CLEAN, cause="a dirty sensor")
    stuck = AlarmRaised(vehicle_no=VehicleNo(VEHICLE), kind=AlarmKind.STUCK, at=town.now)
    await AlarmSink(auth.database).put([stuck])
    await AlarmFollowUp(auth.database, town.clock, [TakeoverFollower(town.clock)]).work_once()
    async with auth.database.read() as tx:
        takeover = (await tx.execute(select(takeovers.c.takeover_id))).scalar_one()
    async with auth.database.write() as tx:
        work_order = await open_work(tx, a_principal(), new_work, at=town.now)
    call, sale = await _a_call_and_a_sale(auth, town, resident)
    async with auth.database.read() as tx:
        decision = (await tx.execute(select(decisions.c.decision_id))).scalars().first()
        assert decision is not None
        violation = (await tx.execute(select(violations.c.violation_id))).scalar_one()
        overspeed = alarms.c.kind == AlarmKind.OVERSPEED.value
        alarm = (await tx.execute(select(alarms.c.alarm_id).where(overspeed))).scalar_one()
    schedule, occurrence = await _a_schedule(auth, town)
    feedback = await _a_feedback(auth, town)
    zone, run = await _a_sweeping_run(auth, town)
    beat, patrol_run = await _a_patrol(auth, town)
    area_stop = await _an_area_stop(auth, town)
    desk_shift = await _a_desk_shift(auth, town)
    return Things(
        order=order.order_id,
        values={
            "vehicle_no": str(VEHICLE),
            "day": str(day),
            "order_id": order.order_id,
            "district": HOME.district,
            "command_id": command.command_id,
            "area_stop_id": area_stop,
            "shift_id": desk_shift,
            "alarm_id": alarm,
            "violation_id": violation,
            "incident_id": incident,
            "takeover_id": takeover,
            "feedback_id": feedback,
            "work_order_id": work_order.work_order_id,
            "schedule_id": schedule,
            "occurrence_id": occurrence,
            "decision_id": decision,
            "zone_id": zone,
            "preview_id": HOME_PREVIEW,
            "run_id": run,
            "beat_id": beat,
            "patrol_run_id": patrol_run,
            "call_id": call,
            "sale_id": sale,
            "edition": "1",
            "merchant_id": HOME.merchant,
            "goods_id": MILK,
        },
    )
