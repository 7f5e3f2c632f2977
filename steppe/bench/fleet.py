"""The vehicles of a benchmark: where each is, when it last sent, and whether a screen has shown it since."""

from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from core.clock import Clock
from fleet.links.wire.positions import encode_positions, new_positions
from fleet.telemetry.records import read_live_message
from steppe.bench.world import World

type Numbers = NDArray[np.int64]

BIN_MS: Final = 0.5
BINS: Final = 40_000
"""Latencies up to 20 s; a ten-minute run keeps counts, not sixty million numbers."""


class Latencies:
    """How long positions took, counted in bins of half a millisecond."""

    def __init__(self) -> None:
        self.bins = np.zeros(BINS, np.int64)

    def add(self, seconds: NDArray[np.float64]) -> None:
        """Count some."""
        places = (seconds * (1000 / BIN_MS)).astype(np.int64).clip(0, BINS - 1)
        self.bins += np.bincount(places, minlength=BINS)

    def percentile_ms(self, share: float) -> float:
        """Return the upper end of the bin below which ``share`` (0–1) of them lie; 0 without any."""
        total = int(self.bins.sum())
        if not total:
            return 0.0
        place = int(np.searchsorted(np.cumsum(self.bins), share * total))
        return (min(place, BINS - 1) + 1) * BIN_MS


class Seen(msgspec.Struct, kw_only=True):
    """What the load sent and saw while it was measured."""

    sent: int = 0
    seen: int = 0
    p50_ms: float = 0.0
    p90_ms: float = 0.0
    p99_ms: float = 0.0
    max_ms: float = 0.0
    snapshot: int = 0
    refused: int = 0
    late_sends_ms: float = 0.0
    """The most a frame left later than it should have: the load's own trouble."""
    accepted: int = 0
    durable: int = 0
    links: int = 0


class Vehicles:
    """Columns by vehicle number; moves them, makes their records, matches what a screen shows."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.hz = world.hz
        """Positions a second of each vehicle at present."""
        self.clock = clock
        self.lat, self.lng = world.homes()
        self._random = np.random.default_rng(3)
        self.heading = self._random.uniform(0, 2 * np.pi, world.vehicles)
        self.seq = np.zeros(world.vehicles + 1, np.uint32)
        self.sent_lat = np.zeros(world.vehicles + 1, np.int32)
        self.sent_s = np.zeros(world.vehicles + 1)
        self.shown = np.ones(world.vehicles + 1, np.bool_)
        self.latencies = Latencies()
        self.recent = Latencies()
        """Since the progress was last said."""
        self.seen = Seen()
        self.is_measuring = False

    def move(self, numbers: Numbers, records: Any) -> None:
        """Move these vehicles 3 m a second and fill their POSITION[n]; note when that was."""
        rows = numbers - 1
        step = 1.0 / self.hz
        self.heading[rows] += self._random.normal(size=len(rows)) * 0.1
        heading = self.heading[rows]
        self.lat[rows] += np.cos(heading) * 2.7e-5 * step
        self.lng[rows] += np.sin(heading) * 3.5e-5 * step
        self.seq[numbers] += 1
        records["vehicle_no"], records["seq"] = numbers, self.seq[numbers]
        records["lat_e7"] = np.rint(self.lat[rows] * 1e7)
        records["lng_e7"] = np.rint(self.lng[rows] * 1e7)
        records["speed_cm_s"], records["battery_200"], records["accuracy_dm"] = 300, 150, 10
        records["heading_256"] = np.degrees(heading) % 360 * 256 / 360
        self.sent_lat[numbers] = records["lat_e7"]
        self.sent_s[numbers] = self.clock.monotonic_s()
        self.shown[numbers] = False
        if self.is_measuring:
            self.seen.sent += len(numbers)

    def frame(self, numbers: Numbers, frame_seq: int) -> bytes:
        """Move these vehicles and return their frame."""
        records = new_positions(len(numbers))
        self.move(numbers, records)
        return encode_positions(frame_seq, self.clock.now_ms(), records)

    def late(self, late_s: float) -> None:
        """Note that a frame leaves later than it should."""
        if self.is_measuring:
            self.seen.late_sends_ms = max(self.seen.late_sends_ms, round(late_s * 1000, 1))

    def saw(self, data: bytes) -> None:
        """Match a live message with what was sent."""
        kind, _, _, records = read_live_message(data)
        now_s = self.clock.monotonic_s()
        if kind == 1:
            self.seen.snapshot = len(records)
            return
        numbers = records["vehicle_no"]
        fresh = (self.sent_lat[numbers] == records["lat_e7"]) & ~self.shown[numbers]
        numbers = numbers[fresh]
        self.shown[numbers] = True
        if self.is_measuring:
            self.recent.add(now_s - self.sent_s[numbers])

    def turn(self) -> float:
        """Return the 99th percentile, ms, of the recent latencies, and count them to all."""
        recent, self.recent = self.recent, Latencies()
        self.latencies.bins += recent.bins
        return recent.percentile_ms(0.99)

    def result(self) -> Seen:
        """Return what was sent and seen, with its percentiles."""
        self.turn()
        found, seen = self.latencies, self.seen
        seen.seen = int(found.bins.sum())
        seen.p50_ms, seen.p90_ms, seen.p99_ms, seen.max_ms = map(found.percentile_ms, (0.5, 0.9, 0.99, 1.0))
        return seen
