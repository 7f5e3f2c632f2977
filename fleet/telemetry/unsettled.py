"""What a tracker knows beyond the last state of its vehicles, kept with a blob for the next owner.

Small: only of vehicles that miss positions, or of which a cause is being counted or held back.
"""

from typing import Final

import msgspec

from fleet.alarms.alarm import AlarmPast, AlarmRaised

VERSION: Final = 1
"""Of the records below. A tracker that finds another one begins without them, and counts it."""
GAPS_MOST: Final = 2_000
"""Ranges of missing numbers kept of a partition (96 kB), the widest of them: in a city that loses much the
blobs must not outgrow the states."""


class KeptCause(msgspec.Struct, frozen=True, kw_only=True):
    """A raised cause of which nobody was told yet."""

    raised: AlarmRaised
    seen_ms: int
    """Measured time of the last position that did not end it."""
    touched_ms: int
    """City time of the tick that brought that position."""


class Unsettled(msgspec.Struct, frozen=True, kw_only=True):
    """Of one partition; empty for most."""

    version: int = VERSION
    gaps: bytes = b""
    """RANGE[n]: sequence numbers that are missing."""
    late: bytes = b""
    """STREAM_POSITION[n]: came late and wait for earlier ones."""
    counting: bytes = b""
    """COUNTED[n] of causes of now, by the bit of the state record."""
    held: tuple[KeptCause, ...] = ()
    """Raised by an old position before the newest one came."""
    past_counting: bytes = b""
    """COUNTED[n] of causes in gaps that are being filled, by their place in RULE_KINDS."""
    past: tuple[KeptCause, ...] = ()
    """Raised in such a gap and not over there."""
    ended: tuple[AlarmPast, ...] = ()
    """Over, and to be said at the next second."""

    def below(self, size: int) -> "Unsettled":
        """Return it without causes of vehicles whose numbers are not below ``size``."""
        return msgspec.structs.replace(
            self,
            held=tuple(one for one in self.held if one.raised.vehicle_no < size),
            past=tuple(one for one in self.past if one.raised.vehicle_no < size),
        )
