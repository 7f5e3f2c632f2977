"""A city pack and its build as the dashboard's routes want them."""

from typing import Literal
from zoneinfo import ZoneInfo

from core.errors import NotFound
from core.ids import DistrictCode
from dashboard.parts import CityFacts, DistrictFacts, ServicePointFacts, TownFacts
from geofences.geo import to_position
from steppe.city.files import CityFiles
from steppe.city.fleet import code_layout
from steppe.city.pack import CityPack


def city_facts(pack: CityPack, files: CityFiles, *, is_demo: bool) -> CityFacts:
    """Return what screens need of a city; towns come from the build, which knows their extents."""
    city = pack.city
    towns = {town["code"]: town for town in files.config()["towns"]}
    return CityFacts(
        code=city.code,
        name_zh=city.name_zh,
        name_en=city.name_en,
        zone=ZoneInfo(city.time_zone),
        telephone=city.telephone,
        attribution_zh=city.attribution_zh,
        attribution_en=city.attribution_en,
        approval_number=city.approval_number,
        is_demo=is_demo,
        is_synthetic=True,
        towns=tuple(
            TownFacts(
                code=town.code,
                district=town.district,
                name_zh=town.name_zh,
                name_en=town.name_en,
                bbox=tuple(towns[town.code]["bbox"]),
                centre=to_position(town.lat, town.lng),
            )
            for town in pack.towns
        ),
        districts=tuple(
            DistrictFacts(
                code=district.code,
                adcode=district.adcode,
                name_zh=district.name_zh,
                name_en=district.name_en,
                kind=district.kind,
                geometry=district.geometry,
            )
            for district in pack.districts
        ),
        planned={(DistrictCode(line.district), line.service): line.planned for line in pack.roster},
        plan=city.plan,
        code_layout=code_layout(pack),
        service_points={
            operator.operator_id: tuple(
                ServicePointFacts(
                    town=point.town,
                    name_zh=point.name_zh,
                    name_en=point.name_en,
                    address_zh=point.address_zh,
                    address_en=point.address_en,
                    open_hours=point.open_hours,
                )
                for point in operator.service_point
            )
            for operator in pack.operators
            if operator.service_point
        },
    )


class BuiltMaps:
    """``dashboard.parts.TownMaps`` out of the files of a build."""

    def __init__(self, files: CityFiles) -> None:
        """Take the files."""
        self._files = files

    def town_map(self, kind: Literal["roads", "grounds"], town: str) -> bytes | None:
        """Return a GeoJSON FeatureCollection, None for a town the city does not have."""
        try:
            return self._files.roads(town) if kind == "roads" else self._files.grounds(town)
        except NotFound:
            return None
