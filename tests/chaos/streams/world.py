"""Who drives where: numbers, owners, one fence, and where every vehicle is at every sequence."""

from dataclasses import dataclass
from datetime import UTC, datetime

from core.auth.credentials import Credentials
from core.auth.principal import Principal
from core.auth.roles import Role
from core.errors import Unauthenticated
from core.ids import DistrictCode, FenceId, FenceVersion, MakerId, OperatorId, VehicleNo
from core.kinds import ServiceKind
from fleet.telemetry.roster import RosterRow
from geofences.fences import Fence, FenceKind

PARTITIONS = 32
CLOUDS, OF_A_CLOUD = 4, 10
SINGLES = range(64, 64 + PARTITIONS)
"""One vehicle of a link of its own in each partition."""
PACE_S = 0.5
TURN = 80
"""Positions of one way in and out of the fence: 20 s inside, 20 s outside, longer than a failover."""
EDGE_LAT, LNG = 39.60, 109.805
LATER = datetime(2099, 1, 1, tzinfo=UTC)

FENCE = Fence(
    fence_id=FenceId("no-go"),
    version=FenceVersion(1),
    kind=FenceKind.NO_GO,
    name_zh="禁行",
    name_en="No go",
    area=((((109.80, EDGE_LAT), (109.81, EDGE_LAT), (109.81, 39.61), (109.80, 39.61), (109.80, EDGE_LAT)),),),
    source="test",
    effective_at=datetime(2020, 1, 1, tzinfo=UTC),
)


@dataclass(frozen=True)
class Way:
    """One link: its token and its vehicles."""

    token: str
    vehicles: tuple[int, ...]


def ways() -> list[Way]:
    clouds = [
        Way(f"m{cloud}", tuple(range(1 + cloud * OF_A_CLOUD, 1 + (cloud + 1) * OF_A_CLOUD)))
        for cloud in range(CLOUDS)
    ]
    return [*clouds, *(Way(f"v{number}", (number,)) for number in SINGLES)]


def roster() -> list[RosterRow]:
    return [
        RosterRow(
            vehicle_no=VehicleNo(number),
            maker=MakerId(way.token if way.token.startswith("m") else "singles"),
            operator=OperatorId("o"),
            district=DistrictCode("KB"),
            service=ServiceKind.DELIVERY,
        )
        for way in ways()
        for number in way.vehicles
    ]


async def identify(credentials: Credentials) -> Principal:
    token = credentials.bearer or ""
    if token.startswith("m"):
        return Principal(
            kind="maker", id=token, name="", role=Role.MAKER, maker=MakerId(token), expires_at=LATER
        )
    if token.startswith("v"):
        number = VehicleNo(int(token[1:]))
        return Principal(
            kind="device", id=token, name="", role=Role.DEVICE, expires_at=LATER, vehicles=frozenset({number})
        )
    raise Unauthenticated("token-invalid")


def latitude(number: int, seq: int) -> float:
    """Where a vehicle is: 110 m to and fro over the fence's edge, never on it."""
    share = ((seq + 7 * number) % TURN + 0.5) / TURN
    return EDGE_LAT + 0.001 * (4 * abs(share - 0.5) - 1)


def is_inside(number: int, seq: int) -> bool:
    return latitude(number, seq) > EDGE_LAT
