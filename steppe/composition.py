"""Who plugs into what: the upper packages handed to the Protocols that the lower ones declare."""

from collections.abc import Awaitable, Callable, Mapping
from zoneinfo import ZoneInfo

import msgspec

from core import keys
from core.audit.heads import HeadFiles
from core.audit.sealing import HEAD_TOPIC
from core.auth.configured import secret_keys
from core.auth.notices import NoticePort
from core.inbox_consumer import ReportHandler
from core.outbox import OutboxMessage, Route
from core.queue import JobQueue
from core.redis import Redis
from fleet.commands import queue_command
from fleet.commands.carry_command import CommandCarrier
from fleet.commands.ending import Endings
from fleet.commands.take_answer import AnswerHandler
from fleet.links.wire.commands import CommandKind
from fleet.links.wire.reports import ReportKind
from fleet.telemetry.last_heard import BlobReader
from fleet.vehicles.take_reports import take_link_loss_policy, take_takeover_request
from geofences import publishing
from geofences.watch import FenceWatch
from mobile_api.notices import ResidentNotices
from services.delivery.effects import DeliveryEffects
from services.delivery.reports import DeliveryReports
from services.dispatch import wake
from services.dispatch.fleet_picture import FleetPicture
from services.orders import notices
from services.tasks.answers import PlanEnded, PlanTaken
from services.tasks.reports import TaskReports
from services.tasks.states import TaskKind
from steppe.resources import Resources


def task_reports() -> TaskReports:
    """Return who moves tasks, with what each task kind does on top."""
    return TaskReports({TaskKind.DELIVERY: DeliveryEffects()})


def command_endings(tasks: TaskReports) -> Endings:
    """Return what follows when a command has ended."""
    return {CommandKind.ASSIGN_TASK: PlanEnded(tasks)}


def report_handlers(tasks: TaskReports) -> Mapping[str, ReportHandler]:
    """Return who applies each kind of vehicle report."""
    answers = AnswerHandler(command_endings(tasks))
    delivery = DeliveryReports(tasks)
    handlers: dict[ReportKind, ReportHandler] = {
        ReportKind.COMMAND_ACK: PlanTaken(answers, tasks),
        ReportKind.COMMAND_RESULT: PlanTaken(answers, tasks),
        ReportKind.STOP_REACHED: tasks.stop_reached,
        ReportKind.STOP_LEFT: tasks.stop_left,
        ReportKind.TASK_DONE: tasks.task_done,
        ReportKind.FAULT: tasks.fault,
        ReportKind.GOODS_LOADED: delivery.goods_loaded,
        ReportKind.DOOR_OPENED: delivery.door_opened,
        ReportKind.DOOR_CLOSED: delivery.door_closed,
        ReportKind.CODE_FAILED: delivery.code_failed,
        ReportKind.LINK_LOSS_POLICY: take_link_loss_policy,
        ReportKind.TAKEOVER_REQUESTED: take_takeover_request,
    }
    return {kind.value: handler for kind, handler in handlers.items()}


def outbox_routes(resources: Resources, queue: JobQueue, port: NoticePort) -> Mapping[str, Route]:
    """Return what the relay does with each topic."""
    settings = resources.settings
    return {
        "changed": announce_change(resources.redis),
        publishing.TOPIC: publishing.announcer(resources.redis),
        queue_command.TOPIC: CommandCarrier(resources.database, resources.redis, resources.clock),
        wake.TOPIC: wake.DispatchWaker(queue, resources.clock),
        notices.TOPIC: ResidentNotices(resources.database, secret_keys(settings.security), port),
        HEAD_TOPIC: HeadFiles(settings.data_dir / "audit-heads"),
    }


def announce_change(redis: Redis) -> Callable[[OutboxMessage], Awaitable[None]]:
    """Return the route that tells live hubs which fact changed: ids and whose it is, never the fact."""

    async def announce(message: OutboxMessage) -> None:
        await redis.publish(keys.changed(message.payload["noun"]), msgspec.json.encode(message.payload))

    return announce


def last_heard(resources: Resources) -> BlobReader:
    """Return who reads vehicles' last state."""
    return BlobReader(resources.streams, resources.clock, partitions=resources.settings.tracker.partitions)


def fleet_picture(resources: Resources, fences: FenceWatch) -> FleetPicture:
    """Return who looks at the fleet for dispatch."""
    return FleetPicture(
        resources.database,
        last_heard(resources),
        resources.clock,
        zone=ZoneInfo(resources.settings.city.zone),
        fence_set=lambda: fences.index.set_version,
    )
