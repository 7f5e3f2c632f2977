"""What the scheduler's relay does with each topic of the outbox."""

from collections.abc import Mapping

from core import changes
from core.audit.heads import HeadFiles
from core.audit.sealing import HEAD_TOPIC
from core.auth import staff_notices
from core.auth.tell_staff import StaffNoticeWaker
from core.outbox import Route
from core.queue import JobQueue
from fleet.commands import queue_command
from fleet.commands.carry_command import CommandCarrier
from fleet.fences import week_store
from fleet.fences.finish_previews import PreviewWaker
from fleet.live.feeds import ChangeAnnouncer
from fleet.webhooks import fan_out
from geofences import publishing
from services.dispatch import wake
from services.notices import want_notice
from services.notices.wake import NoticeWaker
from services.sweeping import zone_store
from services.sweeping.work_on import SweepingWaker
from steppe.resources import Resources


def outbox_routes(
    resources: Resources,
    queue: JobQueue,
    people: NoticeWaker,
    staff: StaffNoticeWaker,
    previews: PreviewWaker,
    sweeping: SweepingWaker,
) -> Mapping[str, Route]:
    """Return what carries each topic; a row of another topic waits for a version that knows it."""
    settings = resources.settings
    told = fan_out.WebhookFanOut(resources.database, resources.clock)
    return {
        changes.TOPIC: ChangeAnnouncer(resources.redis),
        publishing.TOPIC: publishing.announcer(resources.redis),
        queue_command.TOPIC: CommandCarrier(resources.database, resources.redis, resources.clock),
        wake.TOPIC: wake.DispatchWaker(queue, resources.clock),
        want_notice.TOPIC: people,
        staff_notices.TOPIC: staff,
        week_store.TOPIC: previews,
        zone_store.TOPIC: sweeping,
        fan_out.ALARM_TOPIC: told,
        fan_out.FENCE_TOPIC: told,
        HEAD_TOPIC: HeadFiles(settings.data_dir / "audit-heads"),
    }
