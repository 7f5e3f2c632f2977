/** An area that somebody draws: rings of corners, some of them holes. Pure; every step makes a new one. */
import type { MultiPolygon, Polygon, Position } from "geojson";

export type Corner = readonly [lng: number, lat: number];
export interface Ring {
  isHole: boolean;
  corners: readonly Corner[];
}
export interface Outline {
  rings: readonly Ring[];
  /** The ring that new corners are added to. */
  at: number;
}

export const NOTHING_DRAWN: Outline = { rings: [{ isHole: false, corners: [] }], at: 0 };
const METRES_PER_DEGREE = 111_195;
const DECIMALS = 1e7;

export const tidy = (degrees: number): number => Math.round(degrees * DECIMALS) / DECIMALS;
const cornerOf = (at: Corner): Corner => [tidy(at[0]), tidy(at[1])];

function withRing(outline: Outline, ring: number, change: (corners: Corner[]) => void): Outline {
  const rings = outline.rings.map((one, n) => {
    if (n !== ring) return one;
    const corners = [...one.corners];
    change(corners);
    return { ...one, corners };
  });
  return { ...outline, rings };
}

export const add = (outline: Outline, at: Corner): Outline => withRing(outline, outline.at, (corners) => void corners.push(cornerOf(at)));

/** Puts a corner before the one that has this index. */
export const insert = (outline: Outline, ring: number, index: number, at: Corner): Outline =>
  withRing(outline, ring, (corners) => void corners.splice(index, 0, cornerOf(at)));

export const move = (outline: Outline, ring: number, index: number, at: Corner): Outline =>
  withRing(outline, ring, (corners) => void (index in corners && (corners[index] = cornerOf(at))));

/** Takes a corner away, and the ring with its last one. */
export function remove(outline: Outline, ring: number, index: number): Outline {
  const left = withRing(outline, ring, (corners) => void corners.splice(index, 1));
  return left.rings[ring]?.corners.length === 0 ? removeRing(left, ring) : left;
}

export function removeRing(outline: Outline, ring: number): Outline {
  const rings = outline.rings.filter((_, n) => n !== ring);
  return rings.length === 0 ? NOTHING_DRAWN : { rings, at: Math.min(outline.at, rings.length - 1) };
}

/** Begins a part or a hole; one that has no corner yet becomes it. */
export function begin(outline: Outline, isHole: boolean): Outline {
  const last = outline.rings.length - 1;
  if (outline.rings[last]?.corners.length === 0) {
    return { rings: outline.rings.map((one, n) => (n === last ? { ...one, isHole } : one)), at: last };
  }
  return { rings: [...outline.rings, { isHole, corners: [] }], at: last + 1 };
}

export const choose = (outline: Outline, ring: number): Outline => (ring in outline.rings ? { ...outline, at: ring } : outline);

export function isInside(ring: readonly Corner[], [lng, lat]: Corner): boolean {
  let isIn = false;
  for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
    const [a, b] = [ring[i]!, ring[j]!];
    if (a[1] > lat !== b[1] > lat && lng < ((b[0] - a[0]) * (lat - a[1])) / (b[1] - a[1]) + a[0]) isIn = !isIn;
  }
  return isIn;
}

const closed = (ring: Ring): Position[] => [...ring.corners, ring.corners[0]!].map((corner) => [...corner]);

/**
 * What is drawn so far as GeoJSON, each hole in the smallest part around it; undefined before three corners of ground.
 *
 * Rings with fewer corners are left out. A hole that lies in no part goes into the first: the server says where.
 */
export function toGeoJson(outline: Outline): Polygon | MultiPolygon | undefined {
  const drawn = outline.rings.filter((ring) => ring.corners.length >= 3);
  const parts = drawn.filter((ring) => !ring.isHole).map((ring) => ({ ring, rings: [closed(ring)] }));
  if (parts.length === 0) return undefined;
  for (const hole of drawn.filter((ring) => ring.isHole)) {
    const outer = parts.filter((part) => isInside(part.ring.corners, hole.corners[0]!));
    const around = outer.sort((a, b) => ringM2(a.ring.corners) - ringM2(b.ring.corners))[0] ?? parts[0]!;
    around.rings.push(closed(hole));
  }
  return parts.length === 1 ? { type: "Polygon", coordinates: parts[0]!.rings } : { type: "MultiPolygon", coordinates: parts.map((part) => part.rings) };
}

/** The polygons of a GeoJSON geometry, feature or collection; undefined when there is none or it is no GeoJSON. */
export function fromGeoJson(value: unknown): Outline | undefined {
  const rings = polygonsOf(value).flatMap((polygon) => polygon.map((ring, n) => ringOf(ring, n > 0)));
  if (rings.length === 0 || rings.some((ring) => ring === undefined)) return undefined;
  return { rings: rings as Ring[], at: rings.length - 1 };
}

function polygonsOf(value: unknown): unknown[][] {
  const { type, geometry, features, coordinates } = Object(value) as Record<string, unknown>;
  if (type === "Feature") return polygonsOf(geometry);
  if (type === "FeatureCollection" && Array.isArray(features)) return features.flatMap(polygonsOf);
  if (!Array.isArray(coordinates)) return [];
  if (type === "Polygon") return [coordinates];
  return type === "MultiPolygon" ? coordinates.filter(Array.isArray) : [];
}

function ringOf(value: unknown, isHole: boolean): Ring | undefined {
  if (!Array.isArray(value)) return undefined;
  const corners: Corner[] = [];
  for (const position of value) {
    const [lng, lat] = Array.isArray(position) ? position : [];
    if (typeof lng !== "number" || typeof lat !== "number") return undefined;
    corners.push(cornerOf([lng, lat]));
  }
  const [first, last] = [corners[0], corners.at(-1)];
  if (first && last && corners.length > 1 && first[0] === last[0] && first[1] === last[1]) corners.pop();
  return corners.length < 3 ? undefined : { isHole, corners };
}

/** How large the drawn ground is, holes taken off; right to 1 % for what fits on a screen. */
export function squareMetres(outline: Outline): number {
  const drawn = outline.rings.filter((ring) => ring.corners.length >= 3);
  return Math.max(0, drawn.reduce((sum, ring) => sum + (ring.isHole ? -1 : 1) * ringM2(ring.corners), 0));
}

function ringM2(corners: readonly Corner[]): number {
  const [lng0, lat0] = corners[0]!;
  const squeeze = Math.cos((lat0 * Math.PI) / 180);
  const flat = corners.map(([lng, lat]) => [(lng - lng0) * squeeze * METRES_PER_DEGREE, (lat - lat0) * METRES_PER_DEGREE] as const);
  const twice = flat.reduce((sum, [x, y], n) => {
    const [nextX, nextY] = flat[(n + 1) % flat.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
  return Math.abs(twice) / 2;
}

/** West, south, east, north of GeoJSON coordinates however deep they lie; infinite without any. */
export function boundsOfCoordinates(coordinates: unknown): [number, number, number, number] {
  const all = numbersOf(coordinates);
  const lng = all.filter((_, n) => n % 2 === 0);
  const lat = all.filter((_, n) => n % 2 === 1);
  return [Math.min(...lng), Math.min(...lat), Math.max(...lng), Math.max(...lat)];
}

const numbersOf = (value: unknown): number[] => (Array.isArray(value) ? value.flatMap(numbersOf) : typeof value === "number" ? [value] : []);

/** What came before, to go back to: at most so many steps. */
const MOST_STEPS = 200;

export class Steps<T> {
  private past: T[] = [];
  private future: T[] = [];

  constructor(private now: T) {}

  get current(): T {
    return this.now;
  }
  get canUndo(): boolean {
    return this.past.length > 0;
  }
  get canRedo(): boolean {
    return this.future.length > 0;
  }
  /** Takes a step; one that changes nothing is none. */
  take(next: T): T {
    if (next === this.now) return next;
    this.past = [...this.past, this.now].slice(-MOST_STEPS);
    this.future = [];
    return (this.now = next);
  }
  undo(): T {
    const before = this.past.pop();
    if (before === undefined) return this.now;
    this.future.push(this.now);
    return (this.now = before);
  }
  redo(): T {
    const after = this.future.pop();
    if (after === undefined) return this.now;
    this.past.push(this.now);
    return (this.now = after);
  }
}
