"""What every process of a benchmark agrees on: vehicles, fences, tokens, addresses."""

import math
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from core.auth.credentials import Credentials
from core.auth.principal import Principal
from core.auth.roles import Role
from core.errors import Unauthenticated
from core.ids import DistrictCode, FenceId, FenceVersion, MakerId, OperatorId, StaffId, VehicleNo
from core.kinds import ServiceKind
from fleet.telemetry.roster import RosterRow
from geofences.fences import Area, Fence, FenceKind, FenceRules

LATER = datetime(2099, 1, 1, tzinfo=UTC)
TOWNS = ((39.608, 109.782), (39.817, 109.963), (40.402, 110.012), (39.565, 109.735), (37.96, 106.9))
"""(lat, lng) of five towns."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark's size and addresses; handed to every process as JSON."""

    vehicles: int = 20_000
    hz: float = 1.0
    """Positions a second of each vehicle."""
    singles: int = 200
    """Vehicles with a link of their own; the others come in frames of maker clouds."""
    makers: int = 10
    """Makers' clouds, each with one link."""
    frame_positions: int = 200
    """Most positions of a frame of a maker's cloud."""
    fences: int = 500
    is_watching: bool = False
    """Whether trackers follow the fences that are published in SQL, instead of the world's own."""
    partitions: int = 32
    screens: int = 5
    """Screens over the whole city; the first of them is measured."""
    valkey: str = ""
    database: str = ""
    history: str = ""
    gateway: str = ""
    live: str = ""
    metrics: dict[str, int] = {}
    """Server → port of its metrics."""
    warm_s: float = 8.0
    """Between the last link's welcome and the measurement."""
    measure_s: float = 30.0
    steps_hz: tuple[float, ...] = ()
    """Paces that are measured one after the other in a staircase; empty: the world's pace alone."""
    pace_most: float = 3.0
    """Positions a second that the gateway lets a vehicle send for ever."""
    stream_mb: int = 512
    """What may wait in the streams before frames are refused."""
    idle_s: float = 0.0
    """How long every link stays open without a frame at the beginning."""

    @property
    def links(self) -> int:
        """Return how many makers' clouds have a link: those that a vehicle is left for."""
        return min(self.makers, max(0, self.vehicles - self.singles))

    def maker_of(self, vehicle_no: int) -> str:
        """Return the maker of a vehicle."""
        return f"m{vehicle_no % self.makers}"

    def roster(self) -> list[RosterRow]:
        """Return every vehicle."""
        return [
            RosterRow(
                vehicle_no=VehicleNo(number),
                maker=MakerId(self.maker_of(number)),
                operator=OperatorId("o"),
                district=DistrictCode("KB"),
                service=ServiceKind.DELIVERY,
                is_under_way=True,
            )
            for number in range(1, self.vehicles + 1)
        ]

    def homes(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        """Return (lat, lng) of every vehicle's home, float64[vehicles], in five towns."""
        rng = np.random.default_rng(7)
        town = rng.integers(0, len(TOWNS), self.vehicles)
        centres = np.array(TOWNS)[town]
        spread = rng.normal(size=(self.vehicles, 2)) * (0.03, 0.04)
        return centres[:, 0] + spread[:, 0], centres[:, 1] + spread[:, 1]

    def drawn_fences(self) -> list[Fence]:
        """Return fences of mixed kinds over the towns."""
        rng = np.random.default_rng(11)
        kinds = (
            FenceKind.SLOW_ZONE,
            FenceKind.KEEP_CLEAR,
            FenceKind.COMMUNITY,
            FenceKind.NO_GO,
        )
        found = []
        for number in range(self.fences):
            kind = FenceKind.OPERATING_AREA if number < len(TOWNS) else kinds[number % len(kinds)]
            lat, lng = np.array(TOWNS[number % len(TOWNS)]) + rng.normal(size=2) * (0.03, 0.04)
            radius = 9_000.0 if kind is FenceKind.OPERATING_AREA else float(rng.uniform(30, 400))
            rules = FenceRules(speed_limit_mps=5.0) if kind is FenceKind.SLOW_ZONE else FenceRules()
            found.append(
                Fence(
                    fence_id=FenceId(f"f{number}"),
                    version=FenceVersion(1),
                    kind=kind,
                    name_zh=f"围栏{number}",
                    name_en=f"Fence {number}",
                    area=_round(float(lat), float(lng), radius),
                    source="benchmark",
                    rules=rules,
                    effective_at=datetime(2020, 1, 1, tzinfo=UTC),
                )
            )
        return found


def _round(lat: float, lng: float, radius_m: float, corners: int = 16) -> Area:
    ring = tuple(
        (
            lng + radius_m / 85_700 * math.cos(2 * math.pi * k / corners),
            lat + radius_m / 111_195 * math.sin(2 * math.pi * k / corners),
        )
        for k in range(corners)
    )
    return (((*ring, ring[0]),),)


async def identify(credentials: Credentials) -> Principal:
    """Tokens of the benchmark: ``m3`` is a maker, ``v17`` a vehicle, ``staff`` a person."""
    token = credentials.bearer or ""
    if token == "staff":
        return Principal(kind="staff", id=StaffId("s"), name="s", role=Role.DUTY_OFFICER, expires_at=LATER)
    if token.startswith("m"):
        maker = MakerId(token)
        return Principal(kind="maker", id=token, name="", role=Role.MAKER, maker=maker, expires_at=LATER)
    if token.startswith("v"):
        own = frozenset({VehicleNo(int(token[1:]))})
        return Principal(kind="device", id=token, name="", role=Role.DEVICE, vehicles=own, expires_at=LATER)
    raise Unauthenticated("token-invalid")
