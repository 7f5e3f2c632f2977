"""What the next edition of an incident's bundle waits for. Pure; sealer and pages ask the same rule."""

from datetime import datetime
from enum import StrEnum

import msgspec

from fleet.incidents.incident import Incident
from fleet.incidents.rules import IncidentRules


class Awaited(StrEnum):
    """Why an edition that is owed is not sealed yet."""

    WINDOW = "window"
    """The window and the settling time behind it are not over."""
    RECORDING = "recording"
    """The vehicle has not said yet what became of its recordings."""
    HISTORY = "history"
    """The window's positions are on their way into history files; else it is sealed at the next look."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An edition that is owed."""

    edition: int
    awaits: Awaited
    until: datetime | None
    """City time at which this wait ends at the latest; None when another clock says so."""


def waiting_of(
    incident: Incident, rules: IncidentRules, *, recording_is_open: bool, at: datetime
) -> Waiting | None:
    """Return what the edition that is owed waits for, None when everything is sealed.

    Only the first edition waits for the vehicle's word: what it says later makes an edition of its own.
    """
    if incident.is_sealed:
        return None
    edition = incident.evidence_edition + 1
    settled = incident.window_to + rules.settle
    if at < settled:
        return Waiting(edition=edition, awaits=Awaited.WINDOW, until=settled)
    answered_by = incident.discovered_at + rules.recording_wait
    if incident.evidence_edition == 0 and recording_is_open and at < answered_by:
        return Waiting(edition=edition, awaits=Awaited.RECORDING, until=answered_by)
    return Waiting(edition=edition, awaits=Awaited.HISTORY, until=None)
