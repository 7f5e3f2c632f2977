"""The scheduler process: what follows from committed facts, and what time alone brings about."""

from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from core.audit.chain import HeadSigner
from core.audit.sealing import AuditSealer
from core.auth.tell_staff import StaffNoticeWaker
from core.auth.tidying import SignInTidier
from core.inbox_consumer import InboxConsumer
from core.outbox import Relay
from core.queue import JobQueue
from core.supervision import Component, Runnable
from fleet.alarms.escalation import patience_of
from fleet.alarms.follow_up import AlarmFollowUp
from fleet.alarms.watch_alarms import AlarmWatch
from fleet.commands.expire_commands import CommandExpiry
from fleet.commands.sign_fences import FenceSigner
from fleet.commands.supply_fences import FenceSupply
from fleet.days.durable import DurableMark
from fleet.days.keep_days import DayKeeper
from fleet.feedback.follow_alarm import follow_alarm as follow_into_feedback
from fleet.fences.capacity_watch import CapacityWatch
from fleet.fences.finish_previews import PreviewWaker
from fleet.fences.near_watch import NearWatch
from fleet.incidents.open_incidents import IncidentFollower
from fleet.incidents.rules import rules_of
from fleet.incidents.watch_incidents import IncidentWatch
from fleet.people.watch_vehicles import VehicleWatch
from fleet.quality.keeper import QualityKeeper
from fleet.takeovers.follow_alarm import TakeoverFollower
from fleet.takeovers.watch_takeovers import TakeoverWatch
from fleet.telemetry.hole_book import HoleBook
from fleet.vehicles.lapse_papers import PaperWatch
from fleet.violations.open_violations import follow_alarm as follow_into_violation
from fleet.weather.feed import WeatherFeed, source_of
from fleet.webhooks.forget_told import ToldKeeper, ages_of
from fleet.webhooks.send_webhooks import WebhookSender
from fleet.webhooks.trust import trusted
from fleet.work_orders.open_work_order import follow_alarm as follow_into_work
from fleet.work_orders.watch_inspections import InspectionWatch
from geofences.watch import FenceWatch
from services.charging.watch_charging import ChargingWatch
from services.decommission.watch import DecommissionWatch
from services.dispatch.wake import DispatchReconciler, DispatchWaker
from services.notices.wake import NoticeWaker
from services.orders.watch_orders import OrderWatch
from services.patrol.check_evidence import EvidenceCheck
from services.patrol.read_track import VehicleTracks
from services.patrol.watch_runs import RunWatch
from services.plugging import command_endings, report_handlers, task_reports
from services.read_ahead import read_ahead
from services.routing.engine import RouteEngine
from services.routing.http import InternalServer, RouteEndpoint
from services.routing.tiles import current_tiles
from services.schedules.keep_schedules import ScheduleKeeper
from services.settlement.clearing.close_clearings import ClearingKeeper
from services.settlement.close_statements import StatementKeeper
from services.settlement.wake import CLEARINGS, DayWaker
from services.settlement.watch_books import BooksWatch
from services.sweeping.call_home import WaysHome
from services.sweeping.hold_back import HoldBack
from services.sweeping.work_on import SweepingWaker
from services.tasks.roads import Roads
from services.tasks.watch_tasks import TaskWatch
from services.vending.restock.watch_restock import RestockWatch
from services.vending.watch_vending import VendingWatch
from services.waybills.watch_waybills import WaybillWatch
from services.weather_recall.call_vehicle import VehicleCaller
from services.weather_recall.recall_vehicles import RecallWatch
from steppe.checks import store_checks
from steppe.closing import close_pending_days
from steppe.composition import last_heard, scheduled_work
from steppe.outbox_routes import outbox_routes
from steppe.resources import Resources, redis_url_of, secret
from steppe.road_rules import RoadRules
from steppe.running import Components, holder_of, run_process

START_GRACE_S = 60.0
"""Operators' pages find their way back within this after the platform was down."""


async def compose(resources: Resources) -> Components:
    """Return the components of a scheduler."""
    settings, clock, database = resources.settings, resources.clock, resources.database
    queue = JobQueue(redis_url_of(settings))
    tasks = task_reports()
    fences = FenceWatch(database, resources.redis, clock)
    engine = RouteEngine(current_tiles(settings.data_dir))
    endpoint = RouteEndpoint(engine, secret(settings, "internal_key"))
    internal = InternalServer(
        settings.scheduler.host, settings.scheduler.port, endpoint, store_checks(resources)
    )
    every_s = settings.scheduler.reconcile_s
    staff_waker = StaffNoticeWaker(database, queue, clock, every_s=every_s)
    preview_waker = PreviewWaker(database, queue, clock, every_s=every_s)
    notice_waker = NoticeWaker(database, queue, clock, keep=timedelta(days=settings.notices.keep_days))
    sweeping_waker = SweepingWaker(database, queue, clock, every_s=every_s)
    heard, zone = last_heard(resources), ZoneInfo(settings.city.zone)
    rules = RoadRules(lambda: fences.index, clock, engine)
    roads = Roads(engine, rules.closed)
    caller = VehicleCaller(database, clock, roads, tasks)
    tracks = VehicleTracks(
        resources.streams,
        clock,
        settings.data_dir / "history",
        partitions=settings.tracker.partitions,
    )
    parts: dict[str, Runnable | Component] = {
        "internal": Component(runnable=internal, policy="fail"),
        "relay": Relay(
            database,
            outbox_routes(resources, queue, notice_waker, staff_waker, preview_waker, sweeping_waker),
            clock,
            holder=holder_of("relay"),
            batch=settings.scheduler.outbox_batch,
        ),
        "inbox": InboxConsumer(database, report_handlers(tasks), clock, read_ahead=read_ahead),
        "fences": fences,
        "road-rules": rules,
        "fence-supply": FenceSupply(
            database, heard, clock, fences, FenceSigner(secret(settings, "audit_key"))
        ),
        "capacity": CapacityWatch(database, clock, heard, lambda: fences.index, holder=holder_of("capacity")),
        "near": NearWatch(
            database,
            clock,
            heard,
            lambda: fences.index,
            vehicles_m=settings.scheduler.near_vehicles_m,
            holder=holder_of("near"),
        ),
        "dispatch": DispatchReconciler(database, clock, DispatchWaker(queue, clock), every_s=every_s),
        "orders": OrderWatch(database, clock, every_s=every_s),
        "charging": ChargingWatch(database, clock, heard, every_s=every_s),
        "patrol-runs": RunWatch(database, clock, every_s=every_s),
        "patrol-evidence": EvidenceCheck(database, clock, tracks),
        "waybills": WaybillWatch(database, clock, every_s=every_s),
        "schedules": ScheduleKeeper(database, clock, scheduled_work(), every_s=every_s),
        "weather-recall": RecallWatch(database, clock, heard, caller, every_s=every_s),
        "statements": DayWaker(StatementKeeper(database, clock, zone), queue, clock),
        "clearings": DayWaker(ClearingKeeper(database, clock, zone), queue, clock, job=CLEARINGS),
        "books": BooksWatch(database, clock),
        "tasks": TaskWatch(database, heard, clock, tasks, every_s=every_s),
        "vending": VendingWatch(database, clock, every_s=every_s),
        "restock": RestockWatch(database, heard, clock),
        "commands": CommandExpiry(database, clock, endings=command_endings(tasks)),
        "operators": VehicleWatch(database, clock, start_grace_s=START_GRACE_S),
        "alarm-follow-up": AlarmFollowUp(
            database,
            clock,
            [
                partial(follow_into_violation, merge=timedelta(seconds=settings.judging.merge_s)),
                IncidentFollower(rules_of(settings.judging)),
                follow_into_work,
                TakeoverFollower(clock),
                follow_into_feedback,
            ],
        ),
        "papers": PaperWatch(database, clock),
        "takeovers": TakeoverWatch(database, clock),
        "inspections": InspectionWatch(database, clock),
        "decommissions": DecommissionWatch(database, clock),
        "incidents": IncidentWatch(database, clock),
        "quality": QualityKeeper(
            database,
            resources.redis,
            clock,
            zone=zone,
            holder=holder_of("quality"),
        ),
        "alarms": AlarmWatch(
            database,
            clock,
            heard,
            patience_of(settings.alarms),
            unanswered_after=timedelta(seconds=settings.alarms.takeover_unanswered_s),
            every_s=every_s,
        ),
        "staff-notices": staff_waker,
        "notices": notice_waker,
        "previews": preview_waker,
        "sweeping": sweeping_waker,
        "sweeping-weather": HoldBack(database, clock, WaysHome(database, roads, heard), every_s=every_s),
        "radio-holes": HoleBook(database, clock),
        "webhooks": WebhookSender(
            database,
            clock,
            private=settings.webhooks.private_addresses,
            disable_after=timedelta(hours=settings.webhooks.disable_after_h),
            trust=trusted(settings.webhooks.ca_bundle),
        ),
        "told": ToldKeeper(database, clock, ages_of(settings.webhooks, settings.notices)),
        "days": DayKeeper(
            database,
            clock,
            DurableMark(resources.streams, clock, partitions=settings.tracker.partitions),
            zone,
            close_pending_days,
        ),
        "sealer": AuditSealer(database, clock, HeadSigner(secret(settings, "audit_key"))),
        "sign-ins": SignInTidier(database, clock),
    }
    if settings.weather.feed is not None:
        source = source_of(settings.weather.feed)
        parts["weather-feed"] = WeatherFeed(database, clock, source, every_s=settings.weather.every_s)
    return parts


async def run() -> None:
    """Run a scheduler until it is told to stop."""
    await run_process("scheduler", compose)
