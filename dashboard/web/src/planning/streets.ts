/** Streets of a set: the roads of a town cut at their junctions, those that were chosen, and GeoJSON lines. Pure. */
import type { FeatureCollection, LineString } from "geojson";
import type { Roads } from "../map/roads.ts";

export interface Street {
  streetId: string;
  points: [number, number][];
  isOneWay: boolean;
  isSwept: boolean;
  widthM: number;
}
export interface Block {
  id: string;
  name: string;
  nameEn: string;
  isOneWay: boolean;
  points: [number, number][];
}

export const USUAL_WIDTH_M = 8;
const placeOf = ([lng = 0, lat = 0]: readonly number[]): string => `${lng.toFixed(6)},${lat.toFixed(6)}`;

/** Every road from junction to junction: where two roads share a place, both are cut there. */
export function blocksOf(roads: Roads): Block[] {
  const visits = new Map<string, number>();
  for (const { geometry } of roads.features) {
    for (const position of geometry.coordinates) visits.set(placeOf(position), (visits.get(placeOf(position)) ?? 0) + 1);
  }
  const blocks = new Map<string, Block>();
  for (const { geometry, properties } of roads.features) {
    const line = geometry.coordinates;
    let from = 0;
    for (let to = 1; to < line.length; to++) {
      if (to < line.length - 1 && visits.get(placeOf(line[to]!)) === 1) continue;
      const points = line.slice(from, to + 1).map(([lng = 0, lat = 0]): [number, number] => [lng, lat]);
      from = to;
      const ends = `${placeOf(points[0]!)}~${placeOf(points.at(-1)!)}`;
      let id = ends;
      for (let n = 2; blocks.has(id); n++) id = `${ends}~${n}`;
      blocks.set(id, { id, name: properties.name ?? "", nameEn: properties.nameEn ?? "", isOneWay: properties.oneWay ?? false, points });
    }
  }
  return [...blocks.values()];
}

export const streetOf = (block: Block, widthM = USUAL_WIDTH_M): Street => ({
  streetId: block.id,
  points: block.points,
  isOneWay: block.isOneWay,
  isSwept: true,
  widthM,
});

/** The set with a block more, or without it where it was in it. */
export const toggled = (streets: readonly Street[], block: Block): Street[] =>
  streets.some((street) => street.streetId === block.id) ? streets.filter((street) => street.streetId !== block.id) : [...streets, streetOf(block)];

/** The lines of a GeoJSON geometry, feature or collection as streets; undefined when there is none. */
export function streetsFromGeoJson(value: unknown): Street[] | undefined {
  const lines = linesOf(value);
  const streets: Street[] = [];
  for (const [n, line] of lines.entries()) {
    const points = line.map((at) => (Array.isArray(at) && typeof at[0] === "number" && typeof at[1] === "number" ? ([at[0], at[1]] as [number, number]) : undefined));
    if (points.length < 2 || points.includes(undefined)) return undefined;
    streets.push({ streetId: `line-${n + 1}`, points: points as [number, number][], isOneWay: false, isSwept: true, widthM: USUAL_WIDTH_M });
  }
  return streets.length === 0 ? undefined : streets;
}

function linesOf(value: unknown): unknown[][] {
  const { type, geometry, features, coordinates } = Object(value) as Record<string, unknown>;
  if (type === "Feature") return linesOf(geometry);
  if (type === "FeatureCollection" && Array.isArray(features)) return features.flatMap(linesOf);
  if (!Array.isArray(coordinates)) return [];
  if (type === "LineString") return [coordinates];
  return type === "MultiLineString" ? coordinates.filter(Array.isArray) : [];
}

/** Lines for the map; ``isChosen`` those of the set, whether or not they are of this town. */
export function linesOfStreets(blocks: readonly Block[], streets: readonly Street[]): FeatureCollection<LineString, { id: string; isChosen: boolean; isSwept: boolean }> {
  const chosen = new Set(streets.map((street) => street.streetId));
  const feature = (id: string, points: [number, number][], isChosen: boolean, isSwept: boolean) => ({
    type: "Feature" as const,
    geometry: { type: "LineString" as const, coordinates: points },
    properties: { id, isChosen, isSwept },
  });
  return {
    type: "FeatureCollection",
    features: [
      ...blocks.filter((block) => !chosen.has(block.id)).map((block) => feature(block.id, block.points, false, false)),
      ...streets.map((street) => feature(street.streetId, street.points, true, street.isSwept)),
    ],
  };
}

const METRES_PER_DEGREE = 111_195;

export function lengthM(points: readonly (readonly number[])[]): number {
  let sum = 0;
  for (let n = 1; n < points.length; n++) {
    const [[lngA = 0, latA = 0], [lngB = 0, latB = 0]] = [points[n - 1]!, points[n]!];
    sum += Math.hypot((lngB - lngA) * Math.cos((latA * Math.PI) / 180), latB - latA) * METRES_PER_DEGREE;
  }
  return sum;
}
