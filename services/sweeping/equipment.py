"""The sweeper as the planner sees it: a disc that brushes, turns no tighter than a radius, and runs dry."""

from typing import Annotated

from msgspec import Meta, Struct

Metres = Annotated[float, Meta(gt=0, le=20)]
Speed = Annotated[float, Meta(gt=0, le=10)]


class Equipment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a sweeping vehicle is and carries.

    ``width_m``: what the brushes sweep; ``body_m``: the widest of the vehicle, whose circle must stay inside
    the zone. ``water_m2``: what a full water tank wets, 0 for a dry sweeper; ``hopper_m2``: what fills the
    hopper; ``battery_km``: how far a full battery goes with the brushes down at 20 °C.
    """

    width_m: Metres = 2.0
    body_m: Metres = 2.0
    turning_radius_m: Metres = 1.5
    sweep_mps: Speed = 1.2
    transit_mps: Speed = 2.0
    water_m2: Annotated[float, Meta(ge=0, le=1e6)] = 12_000.0
    hopper_m2: Annotated[float, Meta(gt=0, le=1e6)] = 20_000.0
    battery_km: Annotated[float, Meta(gt=0, le=500)] = 40.0

    @property
    def clearance_m(self) -> float:
        """Return how far the middle of the vehicle stays from the border, so that no part leaves the
        zone."""
        return max(self.width_m, self.body_m) / 2
