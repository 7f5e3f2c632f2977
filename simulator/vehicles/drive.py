"""Motion along a way: one step of time at a time, never faster than allowed, never through a stop."""

import msgspec

from simulator.vehicles.path import Path, Point

ACCELERATE_MPS2 = 0.7
SAFE_BRAKE_MPS2 = 1.2
EMERGENCY_BRAKE_MPS2 = 3.5
CREEP_MPS = 0.4
"""Slowest speed on the last metre: without it a vehicle would approach its stop for ever."""
ARRIVED_M = 0.3


class Motion(msgspec.Struct):
    """Where a vehicle is on its way and how fast."""

    path: Path
    at_m: float = 0.0
    speed_mps: float = 0.0
    segment: int = 0
    acceleration_mps2: float = 0.0

    @property
    def is_there(self) -> bool:
        """Whether it stands at the end."""
        return self.speed_mps == 0.0 and self.at_m >= self.path.length_m - ARRIVED_M

    def place(self) -> Point:
        """Return (lat, lng)."""
        return self.path.point(self.at_m, self.segment)

    def heading_deg(self) -> float:
        """Return the direction of travel."""
        return self.path.heading(self.segment)

    def advance(self, dt_s: float, cap_mps: float) -> float:
        """Drive on for a while, never above ``cap_mps``, and return the metres driven."""
        before = self.speed_mps
        reach_m = min(self.at_m + before * dt_s, self.path.length_m)
        ahead = self.path.segment(reach_m, self.segment)
        wanted = min(self.path.allowed_mps(reach_m, ahead), cap_mps)
        wanted = min(wanted, self.path.limit_mps(self.segment) + SAFE_BRAKE_MPS2 * dt_s)
        wanted = max(wanted, min(CREEP_MPS, cap_mps))
        after = min(before + ACCELERATE_MPS2 * dt_s, wanted)
        after = max(after, before - SAFE_BRAKE_MPS2 * dt_s, 0.0)
        return self._move(before, after, dt_s)

    def brake(self, dt_s: float, brake_mps2: float) -> float:
        """Slow down to a stand and return the metres driven."""
        after = max(0.0, self.speed_mps - brake_mps2 * dt_s)
        return self._move(self.speed_mps, after, dt_s)

    def _move(self, before: float, after: float, dt_s: float) -> float:
        driven = (before + after) / 2 * dt_s
        left_m = self.path.length_m - self.at_m
        if driven >= left_m - ARRIVED_M:
            driven, after = max(0.0, left_m), 0.0
        self.at_m += driven
        self.speed_mps = after
        self.acceleration_mps2 = (after - before) / dt_s
        self.segment = self.path.segment(self.at_m, self.segment)
        return driven
