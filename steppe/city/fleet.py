"""The roster as vehicles: who each is, its papers and boxes, and where it stands on the first day."""

from datetime import UTC, datetime, time, timedelta

import msgspec

from core.ids import DeviceId, DistrictCode, VehicleNo
from core.kinds import ServiceKind
from fleet.vehicles.codes import CodeLayout
from fleet.vehicles.papers import Insurance, Permit, PermitStage
from fleet.vehicles.register_vehicle import NewVehicle
from fleet.weather.conditions import WeatherLimits
from services.delivery.compartments import Compartment, Temperature
from steppe.city.build import CityBuild
from steppe.city.fences import operating_area
from steppe.city.pack import CityPack, Model, RosterLine
from steppe.city.places import Spot

KMH = 1 / 3.6


class RosterVehicle(msgspec.Struct, frozen=True, kw_only=True):
    """One vehicle of the plan or, with ``is_demo``, beyond it; ``serial`` is the number in its code."""

    district: DistrictCode
    service: ServiceKind
    serial: int
    model: Model
    spot: Spot
    is_demo: bool

    @property
    def maker_serial(self) -> str:
        """Return the serial on its plate: the same at every load, so that a vehicle is found again."""
        return f"{self.model.model}-{self.district}-{self.serial:04d}"


def code_layout(pack: CityPack) -> CodeLayout:
    """Return the letters of the city's vehicle codes."""
    return CodeLayout(
        city=pack.city.code,
        districts=frozenset(district.code for district in pack.districts),
        service_letters={service.kind.value: service.letter for service in pack.city.service},
    )


def roster_vehicles(pack: CityPack, build: CityBuild, *, with_demo: bool) -> list[RosterVehicle]:
    """Return the vehicles in the order of the roster, those of the demo last.

    Every one starts on a spot of its own, spread over its town's depots; raises KeyError for a district
    without a town (the reader has checked the pack) and IndexError when the depots are too small.
    """
    lines = [(line, False) for line in pack.roster]
    if with_demo:
        extra = [
            RosterLine(district=line.district, service=line.service, planned=line.count)
            for line in pack.fleet.demo
        ]
        lines += [(line, True) for line in extra]
    free = {town.district: _spread(town.spots) for town in build.towns}
    serials: dict[tuple[DistrictCode, ServiceKind], int] = {}
    vehicles = []
    for line, is_demo in lines:
        for _ in range(line.planned):
            key = (line.district, line.service)
            serials[key] = serials.get(key, 0) + 1
            vehicles.append(
                RosterVehicle(
                    district=line.district,
                    service=line.service,
                    serial=serials[key],
                    model=pack.model_for(line.service),
                    spot=free[line.district].pop(0),
                    is_demo=is_demo,
                )
            )
    return vehicles


def _spread(spots: tuple[Spot, ...]) -> list[Spot]:
    """Return spots so that depots fill evenly: the first of each, then the second of each."""
    rows: dict[str, list[Spot]] = {}
    for spot in spots:
        rows.setdefault(spot.depot_id, []).append(spot)
    longest = max((len(row) for row in rows.values()), default=0)
    return [row[index] for index in range(longest) for row in rows.values() if index < len(row)]


def new_vehicle(pack: CityPack, vehicle: RosterVehicle) -> NewVehicle:
    """Return what the register is told about a vehicle."""
    model = vehicle.model
    profile = next(profile for profile in pack.link_profiles if profile.profile == model.link_profile)
    return NewVehicle(
        service=vehicle.service,
        district=vehicle.district,
        operator=pack.operator_of(vehicle.district).operator_id,
        maker=model.maker,
        device_id=DeviceId(f"{pack.city.code}-{vehicle.maker_serial}"),
        maker_serial=vehicle.maker_serial,
        hardware_model=model.model,
        software_version=model.software,
        link_profile=model.link_profile,
        link_loss_version=profile.version,
        is_demo=vehicle.is_demo,
    )


def permit_of(pack: CityPack, vehicle: RosterVehicle, number: VehicleNo, *, at: datetime) -> Permit:
    """Return the permit a vehicle starts with; it binds the operating area of its town.

    It is valid from the pack's date, or from now when that lies in the future.
    """
    template = pack.fleet.permit
    starts = min(datetime.combine(template.valid_from, time(), tzinfo=UTC), at)
    return Permit(
        permit_no=f"{template.number_prefix}-{number:06d}",
        vehicle_no=number,
        stage=PermitStage(template.stage),
        services=frozenset({vehicle.service}),
        areas=frozenset({operating_area(vehicle.district)}),
        weather=WeatherLimits(
            lowest_air_c=template.min_air_temperature_c,
            highest_wind_mps=template.max_wind_mps,
            shortest_visibility_m=template.min_visibility_m,
        ),
        speed_limit_mps=vehicle.model.top_speed_kmh * KMH,
        hardware_model=vehicle.model.model,
        valid_from=starts,
        valid_to=max(starts, at) + timedelta(days=template.valid_days),
    )


def insurance_of(pack: CityPack, number: VehicleNo, *, at: datetime) -> Insurance:
    """Return the policy a vehicle starts with, valid as its permit is."""
    template = pack.fleet.insurance
    starts = min(datetime.combine(template.valid_from, time(), tzinfo=UTC), at)
    return Insurance(
        policy_no=f"{template.policy_prefix}-{number:06d}",
        vehicle_no=number,
        insurer=template.insurer_zh,
        liability_amount_fen=template.liability_fen,
        valid_from=starts,
        valid_to=max(starts, at) + timedelta(days=template.valid_days),
    )


def last_inspection(pack: CityPack, number: VehicleNo, *, at: datetime) -> datetime:
    """Return when a vehicle was inspected before it was handed over: not all on one day, none overdue."""
    return at - timedelta(days=number * 7 % pack.fleet.inspection_every_days)


def boxes_of(model: Model) -> tuple[Compartment, ...]:
    """Return the compartments of a model, numbered from 1 as on the wire; empty for one without."""
    return tuple(
        Compartment(
            number=number,
            label=box.compartment,
            litres=box.litres,
            max_kg=box.max_kg,
            temperature=Temperature(box.temperature),
        )
        for number, box in enumerate(model.compartments, 1)
    )
