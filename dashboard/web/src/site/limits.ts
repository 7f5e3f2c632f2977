/** What the vehicles of a service bear, where each limit comes from, and what a form of them says. Pure. */
import type { Limits, LimitsValues } from "../api/site.ts";

export const FIELDS = [
  { field: "lowestAirC", quantity: "air_c", sign: "≥", unit: "°C" },
  { field: "highestWindMps", quantity: "wind_mps", sign: "≤", unit: "m/s" },
  { field: "shortestVisibilityM", quantity: "visibility_m", sign: "≥", unit: "m" },
  { field: "deepestSnowCm", quantity: "snow_cm", sign: "≤", unit: "cm" },
  { field: "heaviestPrecipitationMmH", quantity: "precipitation_mm_h", sign: "≤", unit: "mm/h" },
] as const;
export type Field = (typeof FIELDS)[number]["field"];
export type Source = "city" | "own" | "none";
export interface Shown {
  value: number | undefined;
  source: Source;
}

/** The limit that counts, and whose it is: a company's own only where it is stricter than the city's. */
export function shown(field: Field, city: Limits | undefined, own: Limits | undefined): Shown {
  const value = (own ?? city)?.bears[field] ?? undefined;
  if (value === undefined) return { value, source: "none" };
  return { value, source: own?.limits[field] === value && city?.limits[field] !== value ? "own" : "city" };
}

export interface Draft {
  numbers: Record<Field, number | null>;
  roads: string[];
}

export const draftOf = (limits: LimitsValues | undefined): Draft => ({
  numbers: Object.fromEntries(FIELDS.map(({ field }) => [field, limits?.[field] ?? null])) as Record<Field, number | null>,
  roads: [...(limits?.refusedRoads ?? [])],
});

/** What is sent: roads in a steady order, and of a company without those that the city refuses anyway. */
export const valuesOf = (draft: Draft, city: Limits | undefined, isOwn: boolean): LimitsValues => ({
  ...draft.numbers,
  refusedRoads: [...draft.roads].filter((road) => !isOwn || !city?.limits.refusedRoads?.includes(road as never)).sort() as LimitsValues["refusedRoads"],
});

/** The first own limit that lets through more than the city's: refused by the server, said before it is asked. */
export function looser(draft: Draft, city: Limits | undefined): (typeof FIELDS)[number] | undefined {
  return FIELDS.find(({ field, sign }) => {
    const [mine, bound] = [draft.numbers[field], city?.limits[field]];
    if (mine == null || bound == null) return false;
    return sign === "≤" ? mine > bound : mine < bound;
  });
}
