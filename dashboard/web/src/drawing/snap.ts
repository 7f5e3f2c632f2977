/** Corners that take hold of what is there: first of corners, else of borders. Pure. */
import type { Geometry } from "geojson";
import { boundsOfCoordinates, type Corner } from "./outline.ts";

type Box = readonly [west: number, south: number, east: number, north: number];
export interface Line {
  readonly points: readonly Corner[];
  readonly box: Box;
}

/** Every ring and line of geometries, as `snapTo` takes them; points are no lines. */
export function linesOf(geometries: Iterable<Geometry>): Line[] {
  return [...geometries].flatMap((one) => ("coordinates" in one ? paths(one.coordinates) : [])).map((points) => ({ points, box: boundsOfCoordinates(points) }));
}

function paths(value: unknown): Corner[][] {
  if (!Array.isArray(value) || !Array.isArray(value[0])) return [];
  const isPath = typeof value[0][0] === "number";
  return isPath ? [value as Corner[]] : value.flatMap(paths);
}

/**
 * The corner within `reach` degrees of longitude that is nearest to `at`; else the nearest point of a border so
 * near; undefined when nothing is.
 */
export function snapTo(at: Corner, lines: readonly Line[], reach: number): Corner | undefined {
  const squeeze = Math.cos((at[1] * Math.PI) / 180);
  const far = (corner: Corner): number => Math.hypot(corner[0] - at[0], (corner[1] - at[1]) / squeeze);
  const near = lines.filter(({ box: [west, south, east, north] }) => at[0] >= west - reach && at[0] <= east + reach && at[1] >= south - reach && at[1] <= north + reach);
  const corner = nearest(near.flatMap((line) => line.points), far, reach);
  if (corner) return [corner[0], corner[1]];
  return nearest(near.flatMap((line) => line.points.slice(1).map((end, n) => footOf(at, line.points[n]!, end, squeeze))), far, reach);
}

function nearest(corners: readonly Corner[], far: (corner: Corner) => number, reach: number): Corner | undefined {
  let best: Corner | undefined;
  let least = reach;
  for (const corner of corners) {
    const distance = far(corner);
    if (distance > least) continue;
    best = corner;
    least = distance;
  }
  return best;
}

/** The point of a border from `a` to `b` that is nearest to `at`. */
function footOf(at: Corner, a: Corner, b: Corner, squeeze: number): Corner {
  const [x, y] = [b[0] - a[0], (b[1] - a[1]) / squeeze];
  const length2 = x * x + y * y;
  if (length2 === 0) return a;
  const share = Math.min(1, Math.max(0, ((at[0] - a[0]) * x + ((at[1] - a[1]) / squeeze) * y) / length2));
  return [a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])];
}
