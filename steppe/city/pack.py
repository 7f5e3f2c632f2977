"""What a city pack is: the values of one folder of data, such as steppe/ordos.

Every Struct forbids unknown fields: a pack is written by hand, and a mistyped name must not pass.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from msgspec import Meta, Struct

from core.ids import AgencyCode, DistrictCode, MakerId, OperatorId, ParkId
from core.kinds import ServiceKind
from steppe.city.days import HolidaySpan
from steppe.city.insurance import InsuranceTemplate
from steppe.city.organisations import Agency, Operator
from steppe.city.vending_slot import VendingSlot
from steppe.city.weather import ServiceWeather

Lat = Annotated[float, Meta(ge=-90, le=90)]
Lng = Annotated[float, Meta(ge=-180, le=180)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=0, le=100_000)]
Name = Annotated[str, Meta(min_length=1)]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]*$")]
Points = tuple[tuple[float, float], ...]
Temperature = Literal["ambient", "chilled", "warm"]
RoadClass = Literal["primary", "secondary", "tertiary", "residential", "service"]
ParkKind = Literal["industrial_park", "logistics_park", "scenic", "airport_landport"]


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service and the letter it has in a vehicle code; one that is not dispatched has no module yet."""

    kind: ServiceKind
    letter: Annotated[str, Meta(pattern=r"^[A-Z]$")]
    name_zh: Name
    name_en: Name
    dispatched: bool


class VehicleCodeLayout(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a code is written: city, district, service letter, serial and check character."""

    separator: Annotated[str, Meta(min_length=1, max_length=1)]
    serial_digits: Annotated[int, Meta(ge=3, le=8)]


class City(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """city.toml. An empty approval number means the map has none yet and screens say so."""

    name: Slug
    code: Annotated[str, Meta(pattern=r"^[A-Z]{2,4}$")]
    name_zh: Name
    name_en: Name
    adcode: int
    time_zone: Name
    seed: int
    attribution_zh: str
    attribution_en: str
    approval_number: str
    synthetic_label_zh: str
    synthetic_label_en: str
    telephone: str
    district_accuracy_m: NotNegative
    vehicle_code: VehicleCodeLayout
    service: tuple[Service, ...]
    plan: tuple[tuple[int, int], ...] = ()
    """(year, vehicles of the city by the end of it), cumulative; empty where a city has no plan."""


class District(Struct, frozen=True, kw_only=True):
    """A 旗区 with its border as GeoJSON geometry (WGS-84, as in the file)."""

    adcode: int
    code: DistrictCode
    name_zh: str
    name_en: str
    kind: Literal["district", "banner"]
    geometry: dict[str, object]


class RosterLine(Struct, frozen=True, kw_only=True):
    """How many vehicles of a service the plan wants in a district."""

    district: DistrictCode
    service: ServiceKind
    planned: int


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What bends a town's streets: a grid along a bearing or rings and spokes around a point."""

    kind: Literal["grid", "radial"]
    x_m: float
    y_m: float
    bearing_deg: float
    reach_m: Positive


class Town(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A town whose roads are generated; extents are of its built-up area. An empty river means none."""

    code: DistrictCode
    district: DistrictCode
    name_zh: Name
    name_en: Name
    lat: Lat
    lng: Lng
    length_m: Annotated[float, Meta(ge=400, le=40_000)]
    width_m: Annotated[float, Meta(ge=400, le=40_000)]
    bearing_deg: float
    river_width_m: NotNegative = 0.0
    river: Points = ()
    river_name_zh: str = ""
    river_name_en: str = ""
    field: tuple[Field, ...] = ()


class RoadClassRow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A road class: its limit, and the spacing generated streets of it keep (0 = not traced)."""

    highway: RoadClass
    name_zh: Name
    name_en: Name
    limit_kmh: Annotated[int, Meta(ge=5, le=120)]
    spacing_m: NotNegative


class StreetNaming(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The word that follows a street's own name, by class and direction."""

    road_class: RoadClass
    east_west_zh: str
    east_west_en: str
    north_south_zh: str
    north_south_en: str


class Names(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """names.toml: the prefix of everything made up, and words (Chinese, Latin) that names are made of."""

    prefix_zh: Name
    prefix_en: Name
    words: Annotated[tuple[tuple[Name, Name], ...], Meta(min_length=10)]
    street: tuple[StreetNaming, ...]


class Park(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A smart park; x and y are metres from the town's centre to where it should lie."""

    park_id: ParkId
    town: DistrictCode
    kind: ParkKind
    name_zh: Name
    name_en: Name
    operator: OperatorId
    x_m: float
    y_m: float
    size_ha: Positive


class Account(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Staff accounts of one form; agency and operator are "" where they do not apply."""

    username: Slug
    role: Name
    name_zh: Name
    name_en: Name
    agency: str
    operator: str
    districts: tuple[DistrictCode, ...]
    count: Annotated[int, Meta(ge=1, le=999)]


class LinkProfile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a vehicle reports, and the version of what it does when the link is gone: slow, then stop."""

    profile: Slug
    report_interval_s: Positive
    version: Annotated[int, Meta(ge=1)]
    slow_after_s: Positive
    stop_after_s: Positive


class Maker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A maker of vehicles, which holds one key to the gateway."""

    maker_id: MakerId
    name_zh: Name
    name_en: Name


class Compartment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One lockable compartment of a model."""

    compartment: Name
    litres: Positive
    max_kg: Positive
    temperature: Temperature


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vehicle model; one per service is used for the roster."""

    model: Name
    maker: MakerId
    service: ServiceKind
    software: Name
    top_speed_kmh: Annotated[int, Meta(ge=5, le=60)]
    battery_wh: Positive
    consumption_wh_km: Positive
    compartments: tuple[Compartment, ...]
    length_mm: Positive
    width_mm: Positive
    height_mm: Positive
    mass_kg: Positive
    link_profile: str


class PermitTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The permit every vehicle of the roster starts with; it binds its town's operating area."""

    stage: Literal["road_test", "demonstration", "commercial_pilot"]
    authority: AgencyCode
    number_prefix: Name
    valid_from: date
    valid_days: Annotated[int, Meta(ge=1)]
    min_air_temperature_c: float
    max_wind_mps: Positive
    min_visibility_m: NotNegative


class DemoLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Vehicles beyond the plan that a demonstration adds and marks as such."""

    district: DistrictCode
    service: ServiceKind
    count: Count


class FleetTemplate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """fleet.toml: how the roster becomes vehicles."""

    permit: PermitTemplate
    insurance: InsuranceTemplate
    inspection_every_days: Annotated[int, Meta(ge=0, le=3650)] = 0
    """How often a vehicle is inspected unless a rule of its company or model says otherwise; 0 is never."""
    daily_check: bool = False
    """Whether a vehicle needs a passed check each day before it works, until somebody sets another rule."""
    demo: tuple[DemoLine, ...] = ()
    weather_limits: dict[ServiceKind, ServiceWeather] = {}
    """What the vehicles of a service bear until somebody sets other limits; absent: anything."""


class MerchantKind(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A kind of merchant and how many of it a town gets; open_hours is HH:MM-HH:MM in the city's zone."""

    kind: Name
    per_town: Count
    name_zh: Name
    name_en: Name
    open_hours: str
    accepts_itself: bool
    """Whether an order is accepted the moment it is placed, with nobody asked."""
    needs_food_licence: bool = False
    licence_days: Annotated[int, Meta(ge=0, le=3650)] = 0
    """Days that the synthetic licence of a shop is good for when the shop is first loaded; 0 gives none."""


class PlaceNumbers(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """places.toml: what the generator puts into every town."""

    compounds: Count
    compound_min_ha: Positive
    compound_max_ha: Positive
    depots: Annotated[int, Meta(ge=1, le=50)]
    depot_spots: Annotated[int, Meta(ge=1, le=500)]
    chargers: Annotated[int, Meta(ge=1, le=100)]
    charger_bays: Annotated[int, Meta(ge=1, le=100)]
    vending_spots: Count
    sweep_points: Count
    checkpoints: Count
    sweeping_zones: Count
    patrol_beats: Count
    no_go: Count
    slow_zones: Count
    slow_zone_limit_kmh: Annotated[int, Meta(ge=3, le=40)]
    keep_clear_kerb: Count
    keep_clear_tactile: Count
    keep_clear_fire: Count
    keep_clear_crossing: Count
    keep_clear_school: Count
    school_hours: tuple[Annotated[str, Meta(pattern=r"^\d\d:\d\d-\d\d:\d\d$")], ...]
    merchant: tuple[MerchantKind, ...]


class Goods(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing merchants of a kind sell; ready_s is how long they need to hand it over."""

    merchant_kind: Name
    goods: Slug
    name_zh: Name
    name_en: Name
    price_fen: Annotated[int, Meta(ge=0)]
    mass_g: Positive
    litres: Positive
    temperature: Temperature
    ready_s: Annotated[int, Meta(ge=0)]
    stock: Annotated[int, Meta(ge=0)]
    """What is on the shelf at first; a later load leaves the shelf as it is."""
    category: str = ""
    """A word that a [[forbidden]] row may name; "" is named by none."""
    is_weighed: bool = False
    """Sold by the kilogram: price_fen is for one, mass_g what a piece usually weighs."""


class ForbiddenGoods(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A category that nobody may sell unattended, why, and words of names that give it away."""

    category: Slug
    name_zh: Name
    name_en: Name
    reason_zh: Name
    reason_en: Name
    words: tuple[Name, ...] = ()


class CityPack(Struct, frozen=True, kw_only=True):
    """A whole city folder, read and checked. ``digest`` changes when anything in the folder changes."""

    folder: Path
    digest: str
    city: City
    districts: tuple[District, ...]
    roster: tuple[RosterLine, ...]
    towns: tuple[Town, ...]
    road_classes: tuple[RoadClassRow, ...]
    names: Names
    parks: tuple[Park, ...]
    agencies: tuple[Agency, ...]
    operators: tuple[Operator, ...]
    accounts: tuple[Account, ...]
    link_profiles: tuple[LinkProfile, ...]
    makers: tuple[Maker, ...]
    models: tuple[Model, ...]
    fleet: FleetTemplate
    places: PlaceNumbers
    goods: tuple[Goods, ...]
    holidays: tuple[HolidaySpan, ...]
    forbidden: tuple[ForbiddenGoods, ...] = ()
    vending_slots: tuple[VendingSlot, ...] = ()
    """At most 16: a vehicle reports the doors of so many compartments."""

    def district(self, code: str) -> District:
        """Return the district of a code; KeyError when the city has none."""
        return next_by(self.districts, "code", code)

    def operator_of(self, district: str) -> Operator:
        """Return the operator that runs vehicles in a district; KeyError when nobody does."""
        run_by = {code: operator for operator in self.operators for code in operator.districts}
        return run_by[DistrictCode(district)]

    def model_for(self, service: ServiceKind) -> Model:
        """Return the model that serves a service; KeyError when the pack has none."""
        return next_by(self.models, "service", service)


def next_by[T](rows: tuple[T, ...], field: str, value: object) -> T:
    """Return the first row whose field has this value; KeyError names the value when there is none."""
    for row in rows:
        if getattr(row, field) == value:
            return row
    raise KeyError(value)
