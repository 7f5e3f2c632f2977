"""Sweeping zones of a demonstration, derived from the generated town: forecourts and a street.

The generated sweeping fences are 15 ha and more, which nobody sweeps in one run; these are what one sweeper
does in ten minutes. All of it is synthetic, and says so.
"""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

import shapely

from core.auth.principal import EVERYTHING
from core.database import Transaction
from core.ids import SweepingZoneId
from core.kinds import ServiceKind
from geofences import shapes
from geofences.fences import Area, FenceKind
from geofences.geo import LocalPlane, offset
from services.schedules.calendar import Calendar, Cron
from services.schedules.edit_schedule import Draft, draw_up
from services.schedules.kinds import WorkKind
from services.schedules.store import ScheduleStore
from services.sweeping.scheduled_runs import ScheduledRuns
from services.sweeping.street import StreetLine, joined
from services.sweeping.zone import Drawing, SweepingZone, ZoneKind, check_zone
from services.sweeping.zone_store import ZoneStore
from steppe.city.build import CityBuild
from steppe.city.pack import CityPack
from steppe.city.places import Place, TownBuild

BY: Final = "city load"
FORECOURTS: Final = 5
"""A town."""
LONG_M, WIDE_M = 34.0, 22.0
ASIDE_M: Final = 4.0
"""From the roadside stop to the edge of the forecourt."""
STREET_M: Final = (200.0, 500.0)
"""Shortest and longest of the street that is swept."""
EVERY_MINUTES: Final = 10
"""Between the hourly runs of two zones of a town."""


async def put_sweeping(tx: Transaction, pack: CityPack, build: CityBuild, *, at: datetime) -> tuple[int, int]:
    """Store the zones that are not known with an hourly schedule each; return how many were new, and known.

    What people changed or retired since is theirs.
    """
    store, made, known = ZoneStore(tx), 0, 0
    swept = {line.district for line in pack.roster if line.service is ServiceKind.SWEEPING}
    for town in (town for town in build.towns if town.district in swept):
        for number, zone in enumerate(zones_of_town(pack, town, at)):
            if await store.find(zone.zone_id) is not None:
                known += 1
                continue
            check_zone(zone)
            await store.add(zone)
            await _schedule(tx, pack, zone, EVERY_MINUTES * number, at)
            made += 1
    return made, known


def zones_of_town(pack: CityPack, town: TownBuild, at: datetime) -> Iterator[SweepingZone]:
    """Yield the zones of a town: forecourts that touch nothing fenced and no other road, then one street."""
    plane = LocalPlane(*_middle(town))
    taken = shapely.STRtree([*_fenced(town, plane), *_roads(town, plane)])
    made: list[shapely.Geometry] = []
    drawings: list[tuple[str, str, str, Drawing]] = []
    for place in town.of_kind("sweep_point"):
        area = _forecourt(place)
        shape = plane.project(shapes.to_geos(area))
        is_free = not len(taken.query(shape.buffer(1.0), predicate="intersects"))
        if len(drawings) < FORECOURTS and is_free and not any(shape.intersects(other) for other in made):
            made.append(shape)
            name = (f"{place.name_zh}广场（合成）", f"{place.name_en} forecourt (synthetic)")
            drawings.append((place.place_id, *name, Drawing(kind=ZoneKind.GROUND, area=area)))
    drawings += _street(town)
    operator = pack.operator_of(town.district).operator_id
    for zone_id, zh, en, drawing in drawings:
        yield SweepingZone(
            zone_id=SweepingZoneId(f"{zone_id}-swept"),
            district=town.district,
            operator=operator,
            name_zh=zh,
            name_en=en,
            drawing=drawing,
            is_synthetic=True,
            changed_at=at,
            changed_by_name=BY,
        )


async def _schedule(tx: Transaction, pack: CityPack, zone: SweepingZone, minute: int, at: datetime) -> None:
    calendar = Calendar(timing=Cron(expression=f"{minute % 60} 6-20 * * *"), zone=pack.city.time_zone)
    draft = Draft(
        name=f"{zone.name_zh[:60]} 每小时",
        kind=WorkKind.SWEEPING_RUN,
        subject_id=zone.zone_id,
        calendar=calendar,
        lasts_s=int(timedelta(minutes=20).total_seconds()),
    )
    plugged = {WorkKind.SWEEPING_RUN: ScheduledRuns()}
    await ScheduleStore(tx).add(await draw_up(tx, plugged, draft, EVERYTHING, by_name=BY, at=at))


def _forecourt(place: Place) -> Area:
    """Return the rectangle on the right of a roadside stop, along the road."""
    middle = offset(place.lat, place.lng, (place.heading_deg + 90) % 360, ASIDE_M + WIDE_M / 2)
    return shapes.rectangle(*middle, LONG_M, WIDE_M, place.heading_deg)


def _street(town: TownBuild) -> list[tuple[str, str, str, Drawing]]:
    """Return the residential street of fitting length that lies nearest to the middle of the town."""
    network, middle = town.network, shapely.Point(0, 0)
    plane = LocalPlane(*_middle(town))
    found = []
    for number, way in enumerate(network.ways):
        is_fit = way.highway == "residential" and not way.one_way and not way.is_roundabout
        if is_fit and STREET_M[0] <= network.way_length_m(way) <= STREET_M[1]:
            points = tuple((network.lat[node], network.lng[node]) for node in way.nodes)
            line = shapely.LineString([plane.east_north(*point) for point in points])
            found.append((float(line.distance(middle)), number, way, points))
    for _, number, way, points in itertools.islice(sorted(found, key=lambda each: each[:2]), 1):
        name = (
            f"{way.name_zh or '居民街'}路缘（合成）",
            f"{way.name_en or 'Residential street'} kerbs (synthetic)",
        )
        streets = joined([StreetLine(street_id=f"way-{number}", points=points)])
        drawing = Drawing(kind=ZoneKind.STREETS, streets=streets)
        return [(f"{town.code}-street-{number}", *name, drawing)]
    return []


def _fenced(town: TownBuild, plane: LocalPlane) -> list[shapely.Geometry]:
    closed = (FenceKind.NO_GO, FenceKind.KEEP_CLEAR)
    areas = [ground.area for ground in town.grounds]
    areas += [zone.area for zone in town.zones if zone.kind in closed]
    return [plane.project(shapes.to_geos(area)) for area in areas]


def _roads(town: TownBuild, plane: LocalPlane) -> list[shapely.Geometry]:
    network = town.network
    return [
        shapely.LineString([plane.east_north(network.lat[node], network.lng[node]) for node in way.nodes])
        for way in network.ways
    ]


def _middle(town: TownBuild) -> tuple[float, float]:
    south, west, north, east = town.bbox
    return (south + north) / 2, (west + east) / 2
