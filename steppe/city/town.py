"""One town from its pack and a seed: streets, grounds, stops and zones, all inside its district."""

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from core.errors import Invalid
from geofences import shapes
from geofences.geo import LocalPlane
from steppe.city.pack import CityPack, Park, Town
from steppe.city.places import Ground, Place, PlaceKind, Spot, TownBuild
from steppe.city.roads.graph import Point, StreetGraph
from steppe.city.roads.imported import ImportedStreets
from steppe.city.roads.naming import NamePool, Naming, name_streets, to_network
from steppe.city.roads.network import RoadNetwork
from steppe.city.roads.streets import STRONG_SHARE, grow_streets, plaza_areas, river_area, town_outline
from steppe.city.sites import Blocks, Site, open_site
from steppe.city.stops import Stop, farthest_on_loop, loop_spots, loop_stop, roadside_stops
from steppe.city.zones import Layout, zones_of

HECTARE_M2 = 10_000.0
GATE_SIDES = (("东", "East"), ("北", "North"), ("西", "West"), ("南", "South"))


class TownBuilder:
    """Makes one town; every random choice comes from the pack's seed and the town's code."""

    def __init__(self, pack: CityPack, town: Town, imported: RoadNetwork | None = None) -> None:
        self.pack = pack
        self.town = town
        self.random = np.random.default_rng([pack.city.seed, *town.code.encode()])
        self.plane = LocalPlane(town.lat, town.lng)
        self.district: BaseGeometry = self.plane.project(shape(pack.district(town.district).geometry))
        self.outline: Polygon = town_outline(town, self.district, self.random)
        self.water: BaseGeometry = Polygon()
        self.graph: StreetGraph
        self.street_names: dict[int, Naming]
        self.posted_limits: dict[int, int] = {}
        self.names = NamePool(pack.names, self.random)
        if imported is None:
            self._generate_streets()
        else:
            self._take_streets(imported)
        self.taken: list[Point] = []
        self.grounds: list[Ground] = []
        self.sites: dict[str, Site] = {}
        self.places: list[Place] = []
        self.spots: list[Spot] = []

    def _generate_streets(self) -> None:
        self.water = river_area(self.town, self.outline)
        self.graph = grow_streets(self.town, self.pack.road_classes, self.outline, self.water, self.random)
        self.street_names = name_streets(self.graph, self.pack.names, self.names)

    def _take_streets(self, imported: RoadNetwork) -> None:
        streets = ImportedStreets(imported, self.plane, self.outline)
        self.graph, self.street_names, self.posted_limits = streets.graph, streets.names, streets.limits
        if not self.graph.edges:
            raise Invalid(
                "city-pack-invalid",
                f"the imported roads do not reach {self.town.code}: no road inside its extents",
                file="towns.toml",
                field=f"town[{self.town.code}]",
                problem="no imported road inside",
            )

    def build(self) -> TownBuild:
        """Return the whole town. Raises Invalid when the numbers of the pack do not fit into it."""
        plazas = plaza_areas(self.town)
        blocks = Blocks(self.graph, shapely.union_all([self.water.buffer(5), plazas]))
        self._parks(blocks)
        self._depots(blocks)
        self._compounds(blocks)
        if self.graph.strong_share() < STRONG_SHARE:
            raise self._does_not_fit("roads", "the streets do not hang together")
        self._merchants()
        self._chargers()
        self._visits()
        layout = Layout(
            pack=self.pack,
            town=self.town,
            plane=self.plane,
            outline=self.outline,
            district=self.district,
            graph=self.graph,
            blocks=blocks,
            sites=self.sites,
            stops=[self.plane.east_north(place.lat, place.lng) for place in self.places],
            names=self.names,
            random=self.random,
        )
        zones = zones_of(layout, self.grounds, self.places)
        network = to_network(
            self.graph, self.street_names, self.posted_limits, self.pack.road_classes, self.plane
        )
        return TownBuild(
            code=self.town.code,
            district=self.town.district,
            bbox=_bbox(network),
            water=() if self.water.is_empty else shapes.from_geos(self.plane.unproject(self.water)),
            network=network,
            grounds=tuple(self.grounds),
            places=tuple(self.places),
            spots=tuple(self.spots),
            zones=tuple(zones),
        )

    def _parks(self, blocks: Blocks) -> None:
        for park in self.pack.parks:
            if park.town == self.town.code:
                self._park(park, blocks)

    def _park(self, park: Park, blocks: Blocks) -> None:
        faces = blocks.take_around(park.x_m, park.y_m, park.size_ha * HECTARE_M2)
        opened: list[Site] = []
        untried = sorted(faces, key=lambda face: -face.area)
        while len(opened) < 2 and untried:
            site = self._open(untried.pop(0), (park.name_zh, park.name_en), gates=2)
            if site is not None:
                opened.append(site)
            elif not untried and not opened:
                untried = blocks.take_around(park.x_m, park.y_m, 1.0)
                faces += untried
        if not opened:
            raise self._does_not_fit("park", f"no blocks for {park.park_id} around x_m, y_m")
        whole = shapely.union_all(faces).buffer(15).buffer(-20)
        outer = max(shapely.get_parts(whole), key=lambda part: part.area)
        gates = [gate for site in opened for gate in site.gates]
        self._ground(
            park.park_id, "park", (park.name_zh, park.name_en), outer, gates, park.kind, park.operator
        )
        self.sites[park.park_id] = opened[0]
        for number, site in enumerate(opened, 1):
            stop = loop_stop(site.loop, farthest_on_loop(site.loop, site.gates))
            name = (f"{park.name_zh}{number}号取货点", f"{park.name_en} pickup point {number}")
            self._place(
                f"{park.park_id}-pickup-{number}", "pickup_point", name, stop, "roadside", park.park_id
            )

    def _depots(self, blocks: Blocks) -> None:
        numbers = self.pack.places
        faces: list[Polygon] = []
        while len(faces) < numbers.depots:
            size = (0.9 * HECTARE_M2, 5 * HECTARE_M2)
            face = blocks.take_away_from(faces, *size, self.random)
            if face is None:
                raise self._does_not_fit("depots", f"only {len(faces)} blocks have room for one")
            if self._depot(face, len(faces) + 1):
                faces.append(face)

    def _depot(self, face: Polygon, number: int) -> bool:
        depot_id = f"{self.town.code}-depot-{number}"
        name = self.names.take("depot", "场站", "Depot")
        site = self._open(face, name, gates=2)
        if site is None:
            return False
        operator = self.pack.operator_of(self.town.district).operator_id
        self._ground(depot_id, "depot", name, site.ground, site.gates, "", operator)
        self.sites[depot_id] = site
        for spot in loop_spots(site.loop, self.pack.places.depot_spots):
            lat, lng = self._degrees(spot)
            heading_deg = round(spot.heading_deg, 1)
            self.spots.append(Spot(depot_id=depot_id, lat=lat, lng=lng, heading_deg=heading_deg))
        entry = loop_stop(site.loop, farthest_on_loop(site.loop, site.gates))
        self._place(depot_id, "depot", name, entry, "", depot_id, self.pack.places.depot_spots)
        return True

    def _compounds(self, blocks: Blocks) -> None:
        numbers = self.pack.places
        size = (numbers.compound_min_ha * HECTARE_M2, numbers.compound_max_ha * HECTARE_M2)
        faces: list[Polygon] = []
        while len(faces) < numbers.compounds:
            face = blocks.take_away_from(faces, *size, self.random)
            if face is None:
                raise self._does_not_fit("compounds", f"only {len(faces)} blocks of that size are free")
            if self._compound(face, len(faces) + 1):
                faces.append(face)

    def _compound(self, face: Polygon, number: int) -> bool:
        compound_id = f"{self.town.code}-compound-{number:02d}"
        name = self.names.take(
            "compound", *(("小区", "Compound"), ("家园", "Gardens"), ("苑", "Court"))[number % 3]
        )
        site = self._open(face, name)
        if site is None:
            return False
        self._ground(compound_id, "compound", name, site.ground, site.gates)
        self.sites[compound_id] = site
        for index, inside in enumerate(site.inside_gates):
            side_zh, side_en = self._side(site, index)
            stop = Stop(*inside, 0.0)
            gate_name = (f"{name[0]}{side_zh}门取货点", f"{name[1]}, {side_en} Gate")
            self._place(
                f"{compound_id}-gate-{index + 1}", "pickup_point", gate_name, stop, "gate", compound_id
            )
        doorstep = loop_stop(site.loop, farthest_on_loop(site.loop, site.gates))
        door_name = (f"{name[0]}楼下取货点", f"{name[1]}, Doorstep")
        self._place(f"{compound_id}-door", "pickup_point", door_name, doorstep, "doorstep", compound_id)
        return True

    def _side(self, site: Site, index: int) -> tuple[str, str]:
        """Return the side a gate is on; a second gate on the same side is named by the next one."""
        centre = site.ground.centroid
        sides = []
        for x, y in site.gates:
            turn = int(((np.degrees(np.arctan2(y - centre.y, x - centre.x)) + 45) % 360) // 90)
            sides.append(next(s % 4 for s in range(turn, turn + 4) if s % 4 not in sides))
        return GATE_SIDES[sides[index]]

    def _merchants(self) -> None:
        for kind in self.pack.places.merchant:
            stops = self._roadside(("tertiary", "residential", "secondary"), kind.per_town, 260.0)
            for number, stop in enumerate(stops, 1):
                name = self.names.take(kind.kind, kind.name_zh, kind.name_en)
                place_id = f"{self.town.code}-{kind.kind.replace('_', '-')}-{number}"
                self._place(place_id, "merchant", name, stop, kind.kind)

    def _chargers(self) -> None:
        numbers, depots = self.pack.places, [g for g in self.grounds if g.kind == "depot"]
        for number, depot in enumerate(depots[: numbers.chargers], 1):
            loop = self.sites[depot.ground_id].loop
            stop = loop_stop(loop, farthest_on_loop(loop, self.sites[depot.ground_id].gates) + 0.25)
            name = (f"{depot.name_zh}充电点", f"{depot.name_en} Charger")
            charger_id = f"{self.town.code}-charger-{number}"
            self._place(charger_id, "charger", name, stop, "", depot.ground_id, numbers.charger_bays)
        stops = self._roadside(("tertiary", "residential"), numbers.chargers - len(depots), 500.0)
        for number, stop in enumerate(stops, len(depots) + 1):
            name = self.names.take("charger", "充电站", "Charging Point")
            charger_id = f"{self.town.code}-charger-{number}"
            self._place(charger_id, "charger", name, stop, "", "", numbers.charger_bays)

    def _visits(self) -> None:
        """Lay out what vending, sweeping and patrol vehicles go round."""
        numbers, lanes = self.pack.places, ("residential", "tertiary")
        sorts: tuple[tuple[PlaceKind, int, str, str, str], ...] = (
            ("vending_spot", numbers.vending_spots, "vending", "售卖点", "Vending Spot"),
            ("sweep_point", numbers.sweep_points, "sweep", "清扫点", "Sweeping Point"),
            ("checkpoint", numbers.checkpoints, "check", "巡逻点", "Checkpoint"),
        )
        for kind, count, slug, zh, en in sorts:
            for number, stop in enumerate(self._roadside(lanes, count, 300.0), 1):
                name = self.names.take(slug, zh, en)
                self._place(f"{self.town.code}-{slug}-point-{number:02d}", kind, name, stop)

    def _roadside(self, highways: tuple[str, ...], count: int, gap_m: float) -> list[Stop]:
        return roadside_stops(self.graph, highways, max(count, 0), self.taken, gap_m, self.random)

    def _open(self, face: Polygon, name: Naming, gates: int | None = None) -> Site | None:
        street = -1 - len(self.street_names)
        site = open_site(self.graph, face, street, gates)
        if site is not None:
            self.street_names[street] = (f"{name[0]}内部路", f"{name[1]} Service Lane")
        return site

    def _ground(
        self,
        ground_id: str,
        kind: str,
        name: Naming,
        ground: Polygon,
        gates: list[Point],
        sort: str = "",
        operator: str = "",
    ) -> None:
        self.grounds.append(
            Ground(
                ground_id=ground_id,
                kind=kind,  # type: ignore[arg-type]
                sort=sort,
                name_zh=name[0],
                name_en=name[1],
                area=shapes.from_geos(self.plane.unproject(ground)),
                gates=tuple(_rounded(self.plane.lat_lng(*gate)) for gate in gates),
                operator=operator,
            )
        )

    def _place(
        self,
        place_id: str,
        kind: PlaceKind,
        name: Naming,
        stop: Stop,
        sort: str = "",
        site: str = "",
        capacity: int = 1,
    ) -> None:
        lat, lng = self._degrees(stop)
        self.taken.append((stop.x, stop.y))
        self.places.append(
            Place(
                place_id=place_id,
                kind=kind,
                sort=sort,
                name_zh=name[0],
                name_en=name[1],
                lat=lat,
                lng=lng,
                heading_deg=round(stop.heading_deg, 1),
                site=site,
                capacity=capacity,
            )
        )

    def _degrees(self, stop: Stop) -> tuple[float, float]:
        return _rounded(self.plane.lat_lng(stop.x, stop.y))

    def _does_not_fit(self, field: str, problem: str) -> Invalid:
        text = f"places.toml: {field}: {self.town.code} is too small: {problem}"
        return Invalid("city-pack-invalid", text, file="places.toml", field=field, problem=problem)


def build_town(pack: CityPack, town: Town, imported: RoadNetwork | None = None) -> TownBuild:
    """Return a town on generated streets, or on imported ones; the same input gives the same town."""
    return TownBuilder(pack, town, imported).build()


def _rounded(point: tuple[float, float]) -> tuple[float, float]:
    return round(point[0], 7), round(point[1], 7)


def _bbox(network: RoadNetwork) -> tuple[float, float, float, float]:
    return min(network.lat), min(network.lng), max(network.lat), max(network.lng)
