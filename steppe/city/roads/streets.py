"""The streets of one town from a seed: traced, joined, with a roundabout, one-way pairs and dead ends."""

import math
from collections import defaultdict
from typing import Final

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from steppe.city.pack import RoadClassRow, Town
from steppe.city.roads.field import town_field
from steppe.city.roads.graph import Edge, Point, StreetGraph
from steppe.city.roads.planar import Traced, build_graph, cut_loose_ends
from steppe.city.roads.streamlines import STEP_M, Inside, Tracer

EMBANKMENT_M: Final = 55.0
"""Distance of a river road from the water."""
ROUNDABOUT_RADIUS_M: Final = 28.0
PLAZA_RADIUS_M: Final = 150.0
ONE_WAY_PAIRS: Final = 2
DEAD_ENDS_PER_KM2: Final = 0.7
BORDER_MARGIN_M: Final = 250.0
"""Generated streets keep away from the district's border, which is drawn 187 m off in the median."""
STRONG_SHARE: Final = 0.98


def town_outline(town: Town, district: BaseGeometry, random: np.random.Generator) -> Polygon:
    """Return the built-up area in metres: a rounded, uneven blob inside its district (also in metres)."""
    turn = math.radians(town.bearing_deg)
    phases = random.uniform(0, 2 * math.pi, 4)
    points = []
    for step in range(120):
        angle = 2 * math.pi * step / 120
        wobble = 1 + sum(0.055 * math.sin((k + 2) * angle + phase) for k, phase in enumerate(phases))
        x = town.length_m / 2 * wobble * math.copysign(abs(math.cos(angle)) ** 0.75, math.cos(angle))
        y = town.width_m / 2 * wobble * math.copysign(abs(math.sin(angle)) ** 0.75, math.sin(angle))
        points.append((x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)))
    blob = Polygon(points).buffer(0).intersection(district.buffer(-BORDER_MARGIN_M))
    return max(shapely.get_parts(blob), key=lambda part: part.area)


def river_area(town: Town, outline: Polygon) -> BaseGeometry:
    """Return the water in metres, rounded; an empty polygon for a town without a river."""
    if len(town.river) < 2 or not town.river_width_m:
        return Polygon()
    water = smooth(LineString(town.river)).buffer(town.river_width_m / 2)
    return water.intersection(outline.buffer(500))


def plaza_areas(town: Town) -> BaseGeometry:
    """Return the round squares in metres that spokes run to; empty for a town without a radial field."""
    centres = [(field.x_m, field.y_m) for field in town.field if field.kind == "radial"]
    return shapely.union_all([shapely.Point(centre).buffer(PLAZA_RADIUS_M) for centre in centres])


def smooth(line: LineString, rounds: int = 4) -> LineString:
    """Return a line with its corners cut (Chaikin 1974); the ends stay."""
    points = np.asarray(line.coords)
    for _ in range(rounds):
        quarter = points[:-1] * 0.75 + points[1:] * 0.25
        three = points[:-1] * 0.25 + points[1:] * 0.75
        points = np.vstack([points[:1], np.stack([quarter, three], axis=1).reshape(-1, 2), points[-1:]])
    return LineString(points)


def grow_streets(
    town: Town,
    classes: tuple[RoadClassRow, ...],
    outline: Polygon,
    water: BaseGeometry,
    random: np.random.Generator,
) -> StreetGraph:
    """Return the streets of a town without service lanes; every street number is one street."""
    traced = _trace(town, classes, outline, water, random)
    joins = outline.buffer(30).difference(shapely.union_all([water, plaza_areas(town).buffer(-5)]))
    graph = build_graph(traced, joins)
    cut_loose_ends(graph, keep=round(outline.area / 1e6 * DEAD_ENDS_PER_KM2) + 3)
    graph.keep_largest()
    put_roundabout(graph)
    make_one_way_pairs(graph)
    return graph


def _trace(
    town: Town,
    classes: tuple[RoadClassRow, ...],
    outline: Polygon,
    water: BaseGeometry,
    random: np.random.Generator,
) -> list[Traced]:
    field = town_field(town, random)
    dry = outline.difference(water.buffer(EMBANKMENT_M * 0.7))
    plazas = plaza_areas(town)
    open_ground, dry = outline.difference(plazas), dry.difference(plazas)
    tracer = Tracer(field, within(open_ground), random)
    traced = []
    for plaza in shapely.get_parts(plazas):
        ring = [(x, y) for x, y in plaza.exterior.segmentize(STEP_M).coords]
        tracer.keep(ring, crosswise=True)
        traced.append(Traced(ring, "secondary", 0.0))
    for bank in _banks(water, outline):
        tracer.keep(bank, crosswise=False)
        traced.append(Traced(bank, "tertiary", 160.0))
    for row in sorted((row for row in classes if row.spacing_m > 0), key=lambda row: -row.spacing_m):
        bridges = row.highway in ("primary", "secondary")
        tracer.limit_to(within(open_ground if bridges else dry))
        seeds = _seeds(open_ground if bridges else dry, row.spacing_m / 2.2, random)
        for street in tracer.trace(row.spacing_m, seeds, shortest_m=max(row.spacing_m * 1.1, 230)):
            parts = _bridged(street, water, town.river_width_m) if bridges else [street]
            traced += [Traced(part, row.highway, row.spacing_m * 0.75) for part in parts]
    return traced


def within(area: BaseGeometry) -> Inside:
    """Return a quick test of whether a point lies in an area."""
    shapely.prepare(area)
    return lambda x, y: bool(shapely.contains_xy(area, x, y))


def _seeds(area: BaseGeometry, spacing_m: float, random: np.random.Generator) -> list[Point]:
    west, south, east, north = area.bounds
    xs, ys = np.meshgrid(np.arange(west, east, spacing_m), np.arange(south, north, spacing_m))
    x = xs.ravel() + random.uniform(-0.4, 0.4, xs.size) * spacing_m
    y = ys.ravel() + random.uniform(-0.4, 0.4, ys.size) * spacing_m
    inside = shapely.contains_xy(area, x, y)
    return list(zip(x[inside].tolist(), y[inside].tolist(), strict=True))


def _banks(water: BaseGeometry, outline: Polygon) -> list[list[Point]]:
    """Return the roads along the river, evenly stepped."""
    if water.is_empty:
        return []
    shore = water.buffer(EMBANKMENT_M).boundary.intersection(outline.buffer(-60))
    banks = []
    for part in shapely.get_parts(shapely.line_merge(shore)):
        if part.length > 500:
            steps = np.arange(0, part.length, STEP_M)
            banks.append([(p.x, p.y) for p in shapely.line_interpolate_point(part, steps)])
    return banks


def _bridged(street: list[Point], water: BaseGeometry, width_m: float) -> list[list[Point]]:
    """Return a street without what lies lengthwise in the river: what crosses squarely is a bridge."""
    line = LineString(street)
    wet = [part for part in shapely.get_parts(line.intersection(water)) if part.length > 1.9 * width_m]
    if not wet:
        return [street]
    dry = line.difference(shapely.union_all([part.buffer(EMBANKMENT_M) for part in wet]))
    return [[(x, y) for x, y in part.coords] for part in shapely.get_parts(dry) if part.length > 300]


def put_roundabout(graph: StreetGraph) -> None:
    """Replace the crossing of wide streets nearest the centre by a one-way ring (right-hand traffic)."""
    centre = min(
        (node for node in graph.nodes() if _is_wide_crossing(graph, node)),
        key=lambda node: math.hypot(*graph.places[node]),
        default=None,
    )
    if centre is None:
        return
    cx, cy = graph.places[centre]
    ring: list[tuple[float, int]] = []
    for number in graph.at(centre):
        edge = graph.edges[number]
        line = LineString(edge.line)
        along = ROUNDABOUT_RADIUS_M if edge.a == centre else line.length - ROUNDABOUT_RADIUS_M
        node = graph.split(number, along)
        x, y = graph.places[node]
        ring.append((math.atan2(y - cy, x - cx), node))
    street = graph.edges[graph.at(centre)[0]].street
    for number in graph.at(centre):
        graph.remove_edge(number)
    ring.sort()
    for (angle, node), (after, follower) in zip(
        ring, [*ring[1:], (ring[0][0] + 2 * math.pi, ring[0][1])], strict=True
    ):
        steps = max(2, math.ceil((after - angle) / math.radians(20)))
        arc = [
            (cx + ROUNDABOUT_RADIUS_M * math.cos(turn), cy + ROUNDABOUT_RADIUS_M * math.sin(turn))
            for turn in np.linspace(angle, after, steps + 1)[1:-1]
        ]
        line = [graph.places[node], *arc, graph.places[follower]]
        graph.add_edge(Edge(node, follower, line, street, "primary", one_way=True, is_roundabout=True))


def _is_wide_crossing(graph: StreetGraph, node: int) -> bool:
    edges = [graph.edges[number] for number in graph.at(node)]
    wide = sum(edge.highway in ("primary", "secondary") for edge in edges)
    long_enough = all(edge.length_m() > 3 * ROUNDABOUT_RADIUS_M for edge in edges)
    return len(edges) == 4 and wide == 4 and long_enough and len({edge.other(node) for edge in edges}) == 4


def make_one_way_pairs(graph: StreetGraph) -> None:
    """Make neighbouring parallel branch roads one-way, each against the other; undone where it would trap."""
    chains = _chains(graph)
    used: set[int] = set()
    made = 0
    for street, (line, numbers) in chains.items():
        if made >= ONE_WAY_PAIRS or street in used:
            continue
        partner = _partner(street, chains, used)
        if partner is None:
            continue
        used |= {street, partner}
        against = _heading(chains[partner][0], line)
        _set_one_way(graph, line, numbers, 1)
        _set_one_way(graph, chains[partner][0], chains[partner][1], -against)
        if graph.strong_share() < STRONG_SHARE + 0.01:
            for number in [*numbers, *chains[partner][1]]:
                graph.edges[number].one_way = False
        else:
            made += 1


def _chains(graph: StreetGraph) -> dict[int, tuple[LineString, list[int]]]:
    """Return branch roads, then lanes, of a middling length with at least four stretches, longest first."""
    stretches = defaultdict(list)
    for number, edge in graph.edges.items():
        if edge.highway in ("tertiary", "residential"):
            stretches[edge.street].append(number)
    chains = {}
    for street, numbers in stretches.items():
        merged = shapely.line_merge(shapely.MultiLineString([graph.edges[n].line for n in numbers]))
        if (
            merged.geom_type == "LineString"
            and not merged.is_ring
            and len(numbers) >= 4
            and merged.length < 2500
        ):
            chains[street] = (merged, numbers)
    is_lane = {
        street: graph.edges[numbers[0]].highway == "residential" for street, (_, numbers) in chains.items()
    }
    return dict(sorted(chains.items(), key=lambda item: (is_lane[item[0]], -item[1][0].length)))


def _partner(street: int, chains: dict[int, tuple[LineString, list[int]]], used: set[int]) -> int | None:
    line = chains[street][0]
    for other, (candidate, _) in chains.items():
        if other == street or other in used:
            continue
        probes = shapely.line_interpolate_point(candidate, np.linspace(0.1, 0.9, 7), normalized=True)
        distances = shapely.distance(line, probes)
        if distances.min() > 120 and distances.max() < 620:
            return other
    return None


def _heading(line: LineString, like: LineString) -> int:
    """Return 1 when a line runs the way of another, -1 when against it."""
    ax, ay = np.subtract(line.coords[-1], line.coords[0])
    bx, by = np.subtract(like.coords[-1], like.coords[0])
    return 1 if ax * bx + ay * by >= 0 else -1


def _set_one_way(graph: StreetGraph, line: LineString, numbers: list[int], sign: int) -> None:
    for number in numbers:
        edge = graph.edges[number]
        start = line.project(shapely.Point(edge.line[0]))
        end = line.project(shapely.Point(edge.line[-1]))
        if (end - start) * sign < 0:
            edge.a, edge.b, edge.line = edge.b, edge.a, edge.line[::-1]
        edge.one_way = True
