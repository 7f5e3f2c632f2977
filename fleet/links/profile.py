"""How a link is meant to behave: pace, acknowledgements, what a vehicle does when it hears nothing."""

from typing import Annotated

import msgspec
from msgspec import Meta

from fleet.links.wire.frame import MAX_FRAME_BYTES
from fleet.links.wire.messages import LinkLoss

Seconds = Annotated[float, Meta(gt=0)]


class LinkProfile(msgspec.Struct, frozen=True, kw_only=True):
    """One profile for every link of a gateway; times are city seconds unless the name says wall."""

    report_interval_s: Seconds = 1.0
    """Pace of positions; liveness counts in multiples of it."""
    link_loss: LinkLoss = LinkLoss(version=1, slow_after_s=10.0, stop_after_s=30.0)
    """Told to every vehicle in ``welcome``, acknowledged by a report."""
    accept_every_wall_s: Seconds = 5.0
    """``accepted`` comes at most this often: at 20,000 links one a frame would cost a fifth of a core."""
    positions_per_s: Seconds = 3.0
    """Positions a city second that a vehicle may send for ever."""
    burst_positions: Annotated[int, Meta(ge=1)] = 900
    """What a vehicle may send at once after a loss of the link: fifteen minutes at 1 Hz."""
    frames_per_wall_s: Seconds = 20.0
    """Frames a wall second of a link with one vehicle; a link with more may send one for each vehicle."""
    max_frame_bytes: Annotated[int, Meta(ge=1_024, le=MAX_FRAME_BYTES)] = MAX_FRAME_BYTES
    """Largest frame that is read; ``welcome`` says it."""
    batch_wall_ms: Annotated[int, Meta(ge=1, le=200)] = 150
    """Least time between two batches that are judged and appended: what a batch costs (0.9 ms, and 32 entries
    in the stream, the tracker and the archiver) hardly depends on how many frames are in it. A frame that
    comes after a pause goes at once."""
    stream_most_mb: Annotated[int, Meta(ge=1)] = 512
    """Megabytes that may wait in the streams for a tracker or archiver that has stopped; above it frames are
    refused as ``overloaded`` and their senders keep them. 100,000 vehicles at 1 Hz fill 3.2 a second, and
    10 s of them wait when all is well."""
    max_bad_messages_per_minute: Annotated[int, Meta(ge=1)] = 100
    """Refused messages after which a link is closed."""
