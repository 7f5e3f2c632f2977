"""The life of a command, and what the platform asks for each kind.

The kinds themselves and their bodies are spelled once, on the wire (fleet/links/wire/commands).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from fleet.links.wire.commands import CommandKind


class CommandState(StrEnum):
    """How far a command has come."""

    QUEUED = "queued"
    SENT = "sent"
    ACKNOWLEDGED = "acknowledged"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    REJECTED = "rejected"


class CommandEvent(StrEnum):
    """What happens to a command."""

    SENT = "command_sent"
    ACKNOWLEDGED = "command_acknowledged"
    SUCCEEDED = "command_succeeded"
    FAILED = "command_failed"
    EXPIRED = "command_expired"
    REJECTED = "command_rejected"


_OPEN = (CommandState.QUEUED, CommandState.SENT, CommandState.ACKNOWLEDGED)
_ANSWERS = {
    CommandEvent.SUCCEEDED: CommandState.SUCCEEDED,
    CommandEvent.FAILED: CommandState.FAILED,
    CommandEvent.REJECTED: CommandState.REJECTED,
    CommandEvent.EXPIRED: CommandState.EXPIRED,
}

COMMAND_TRANSITIONS: Final[Mapping[tuple[CommandState, CommandEvent], CommandState]] = {
    (CommandState.QUEUED, CommandEvent.SENT): CommandState.SENT,
    (CommandState.QUEUED, CommandEvent.ACKNOWLEDGED): CommandState.ACKNOWLEDGED,
    (CommandState.SENT, CommandEvent.ACKNOWLEDGED): CommandState.ACKNOWLEDGED,
    **{(state, event): answer for state in _OPEN for event, answer in _ANSWERS.items()},
}
"""An answer may overtake the note that the command was sent: every open state takes every answer."""
COMMAND_TERMINAL: Final = frozenset(_ANSWERS.values())
OPEN_STATES: Final = frozenset(_OPEN)

STOPS: Final = frozenset({CommandKind.EMERGENCY_STOP, CommandKind.SAFE_STOP})
STOP_EPOCH_KINDS: Final = STOPS | {CommandKind.RELEASE}
"""Kinds that carry a ``stop_epoch``; a stop among them expires by release, not by time."""
ALLOWED_WHILE_STOPPED: Final = STOP_EPOCH_KINDS | {
    CommandKind.SPEAK,
    CommandKind.LIGHTS_HORN,
    CommandKind.OPEN_COMPARTMENT,
    CommandKind.UPDATE_FENCES,
    CommandKind.PRESERVE_RECORDING,
    CommandKind.PREHEAT,
    CommandKind.SET_SPEED_CAP,
    CommandKind.POWER_DOWN,
    CommandKind.SALE_CODES,
}
"""Commands that do not move a vehicle which a stop holds."""
ALLOWED_AT_SCENE: Final = frozenset(
    {
        CommandKind.SPEAK,
        CommandKind.LIGHTS_HORN,
        CommandKind.PRESERVE_RECORDING,
        CommandKind.POWER_DOWN,
        CommandKind.EMERGENCY_STOP,
        CommandKind.SAFE_STOP,
    }
)
"""Under a scene hold only what cannot change the scene; a stop is never refused (domain.md, Incident)."""
PLATFORM_ONLY: Final = frozenset({CommandKind.ASSIGN_TASK, CommandKind.UPDATE_FENCES, CommandKind.SALE_CODES})
"""Kinds that follow from other facts and are not given by a person from the drawer."""


class KindRule(msgspec.Struct, frozen=True, kw_only=True):
    """What the platform asks of a command of one kind."""

    ttl_s: float | None
    """City seconds until it may no longer be executed; None for a stop, which a release ends."""
    needs_reason: bool = False
    needs_link: bool = True
    """Offered on a screen only while the vehicle is reachable; a stop is always offered."""
    is_planned: bool = False
    """The platform works the body out (stops and legs) from what the person asked for."""


KIND_RULES: Final[Mapping[CommandKind, KindRule]] = {
    CommandKind.ASSIGN_TASK: KindRule(ttl_s=60, needs_link=False),
    CommandKind.PAUSE: KindRule(ttl_s=30, needs_reason=True),
    CommandKind.RESUME: KindRule(ttl_s=30, needs_reason=True),
    CommandKind.SAFE_STOP: KindRule(ttl_s=None, needs_reason=True, needs_link=False),
    CommandKind.EMERGENCY_STOP: KindRule(ttl_s=None, needs_reason=True, needs_link=False),
    CommandKind.RELEASE: KindRule(ttl_s=None, needs_reason=True),
    CommandKind.REROUTE: KindRule(ttl_s=60, needs_reason=True, is_planned=True),
    CommandKind.RETURN_TO_DEPOT: KindRule(ttl_s=60, needs_reason=True, is_planned=True),
    CommandKind.OPEN_COMPARTMENT: KindRule(ttl_s=20, needs_reason=True),
    CommandKind.SPEAK: KindRule(ttl_s=20),
    CommandKind.LIGHTS_HORN: KindRule(ttl_s=20),
    CommandKind.PREHEAT: KindRule(ttl_s=600),
    CommandKind.SET_SPEED_CAP: KindRule(ttl_s=60, needs_reason=True),
    CommandKind.UPDATE_FENCES: KindRule(ttl_s=600, needs_link=False),
    CommandKind.PRESERVE_RECORDING: KindRule(ttl_s=3600, needs_reason=True, needs_link=False),
    CommandKind.POWER_DOWN: KindRule(ttl_s=60, needs_reason=True),
    CommandKind.SALE_CODES: KindRule(ttl_s=60, needs_link=False),
}
"""Times to live are ours, measured against nothing but patience: a person waits for a risky command."""
