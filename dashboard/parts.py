"""What the routes of operators and agencies work with; composition puts it together once a process."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, tzinfo
from typing import Any, Literal, Protocol

import msgspec

from core.auth.principal import Reach
from core.clock import Clock
from core.database import Database
from core.ids import DistrictCode, OperatorId
from core.kinds import ServiceKind
from core.settings import JudgingSettings
from fleet.area_stops.place_area_stop import AreaStopDesk
from fleet.commands.issue_command import CommandDesk
from fleet.days.running_reader import RunningDayReader
from fleet.live.tally import FleetTally
from fleet.quality.shown import QualityReader
from fleet.vehicles.codes import CodeLayout
from fleet.vehicles.directory import Directory
from fleet.vehicles.judge_vehicles import CityNow
from fleet.vehicles.last_heard import LastHeardReader
from fleet.webhooks.addresses import PrivateAddresses
from services.dispatch.dispatch_by_hand import HandDispatcher
from services.schedules.port import Plugged
from services.settlement.payment_port import Counter, PaymentPort
from services.sweeping.watch_run import RunWatch
from services.tasks.roads import Roads


class TownFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A town whose roads are drawn."""

    code: str
    district: DistrictCode
    name_zh: str
    name_en: str
    bbox: tuple[float, float, float, float]
    """West, south, east, north in degrees."""
    centre: tuple[float, float]
    """Longitude, latitude."""


class DistrictFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A 旗区 with its border as GeoJSON geometry (WGS 84, generalised: never for enforcing)."""

    code: DistrictCode
    adcode: int
    name_zh: str
    name_en: str
    kind: str
    geometry: Mapping[str, Any]


class ServicePointFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A counter where people pay a company, top up and are paid back; hours as HH:MM-HH:MM of city time."""

    town: DistrictCode
    name_zh: str
    name_en: str
    address_zh: str
    address_en: str
    open_hours: str


class CityFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The city as screens need it, read from its pack at start."""

    code: str
    name_zh: str
    name_en: str
    zone: tzinfo
    telephone: str
    attribution_zh: str
    attribution_en: str
    approval_number: str
    """审图号; empty until confirmed."""
    is_demo: bool
    is_synthetic: bool
    """Roads and places are generated, which every screen says."""
    towns: tuple[TownFacts, ...]
    districts: tuple[DistrictFacts, ...]
    planned: Mapping[tuple[DistrictCode, ServiceKind], int]
    """Vehicles of the plan's roster by 旗区 and service."""
    plan: tuple[tuple[int, int], ...]
    """(year, vehicles) of the plan, cumulative."""
    code_layout: CodeLayout
    service_points: Mapping[OperatorId, tuple[ServicePointFacts, ...]]
    """By company; one that has none is absent."""


class TownMaps(Protocol):
    """The maps of towns, made when the city was loaded."""

    def town_map(self, kind: Literal["roads", "grounds"], town: str) -> bytes | None:
        """Return a GeoJSON FeatureCollection, None for a town the city does not have."""
        ...


class DashboardParts(msgspec.Struct, frozen=True, kw_only=True):
    """Named dependency ``dashboard`` of the routes."""

    database: Database
    clock: Clock
    city: CityFacts
    maps: TownMaps
    last_heard: LastHeardReader
    tally: Callable[[Reach], Awaitable[FleetTally]]
    """How the vehicles of a reach stand now. Raises Unavailable."""
    directory: Directory
    desk: CommandDesk
    area_stops: AreaStopDesk
    quality: QualityReader
    running_day: RunningDayReader
    sweeping: RunWatch
    """What runs swept that nobody has measured yet."""
    roads: Roads
    """Travel times for what is promised at the hotline."""
    by_hand: HandDispatcher
    keypad_root: str
    """``security.keypad_key``: codes for keypads are given to vehicles under keys drawn from it."""
    fence_set: Callable[[], int]
    """Version of the fence set in force, as this process last read it."""
    judging: JudgingSettings = JudgingSettings()
    """Deadlines of violations and incidents."""
    private_addresses: PrivateAddresses = "refuse"
    """Whether webhooks may name addresses inside networks."""
    scheduled: Plugged = msgspec.field(default_factory=dict)
    """What occurrences of schedules start."""
    payments: PaymentPort = Counter()
    """How money changes hands outside: over the counter until there is a gateway."""

    def now(self) -> CityNow:
        """Return what holds for every vehicle of the city at this moment."""
        return CityNow(
            at=self.clock.now(),
            wall=self.clock.wall(),
            zone=self.city.zone,
            fence_set_current=self.fence_set(),
        )

    def day_began(self) -> datetime:
        """Return the last midnight of the city's own time."""
        local = self.clock.now().astimezone(self.city.zone)
        return local.replace(hour=0, minute=0, second=0, microsecond=0)
