"""Windows, deadlines and keeping times of incidents, out of the settings."""

from datetime import timedelta

import msgspec

from core.settings import JudgingSettings
from fleet.incidents.incident import Deadlines, Window
from fleet.incidents.kinds import IncidentState


class IncidentRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a city has set; spans of city time."""

    window: Window
    deadlines: Deadlines
    keep: timedelta
    """How long bundle and history of the window are kept, from the opening."""
    settle: timedelta
    """How long after the window ends facts of it may still be on their way."""
    recording_wait: timedelta
    """How long the first edition waits for what the vehicle says of its recordings."""


def rules_of(settings: JudgingSettings) -> IncidentRules:
    """Return the rules that the settings make."""
    return IncidentRules(
        window=Window(
            before=timedelta(seconds=settings.evidence_before_s),
            after=timedelta(seconds=settings.evidence_after_s),
        ),
        deadlines={
            IncidentState.REPORTED: timedelta(minutes=settings.triage_minutes),
            IncidentState.REOPENED: timedelta(minutes=settings.triage_minutes),
            IncidentState.TRIAGED: timedelta(minutes=settings.seal_minutes),
            IncidentState.EVIDENCE_SEALED: timedelta(days=settings.refer_days),
            IncidentState.RESPONSIBILITY_PENDING: timedelta(days=settings.determine_days),
            IncidentState.RESPONSIBILITY_DETERMINED: timedelta(days=settings.close_days),
        },
        keep=timedelta(days=settings.evidence_keep_days),
        settle=timedelta(seconds=settings.evidence_settle_s),
        recording_wait=timedelta(minutes=settings.recording_wait_minutes),
    )
