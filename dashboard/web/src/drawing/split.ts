/** An area cut in two along a straight line. Pure. */
import { difference, intersection, type Geom } from "polyclip-ts";
import { fromGeoJson, squareMetres, toGeoJson, type Corner, type Outline } from "./outline.ts";

/** Farther than any fence reaches, in degrees: the half plane beside the cut is drawn so large. */
const FAR = 20;
/** What is smaller than this in m² beside the cut is a grazed border and no part. */
const LEAST_M2 = 1;

/**
 * The two areas on either side of the line through two corners, the larger first; holes and parts stay what they
 * are. Undefined when the line leaves nothing on one of its sides, or the two corners are one.
 */
export function splitAlong(outline: Outline, from: Corner, to: Corner): readonly [Outline, Outline] | undefined {
  const area = toGeoJson(outline);
  const [x, y] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(x, y);
  if (!area || length === 0) return undefined;
  const [along, aside] = [
    [(x / length) * FAR, (y / length) * FAR],
    [(-y / length) * FAR, (x / length) * FAR],
  ] as const;
  const left: Geom = [[shifted(from, along, -1), shifted(from, along, 1), shifted(shifted(from, along, 1), aside, 1), shifted(shifted(from, along, -1), aside, 1)]];
  const whole = area.coordinates as Geom;
  const halves = [intersection(whole, left), difference(whole, left)].map((coordinates) => fromGeoJson({ type: "MultiPolygon", coordinates }));
  const [one, other] = halves;
  if (!one || !other || squareMetres(one) < LEAST_M2 || squareMetres(other) < LEAST_M2) return undefined;
  return squareMetres(one) >= squareMetres(other) ? [one, other] : [other, one];
}

const shifted = (at: Corner, [x, y]: readonly [number, number], times: number): [number, number] => [at[0] + x * times, at[1] + y * times];
