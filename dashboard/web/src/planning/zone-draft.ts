/** What a form of a zone sends, whether that differs from what is stored, and what the server refuses in words. Pure. */
import type { MultiPolygon, Polygon } from "geojson";
import type { Problem } from "../api/http.ts";
import type { Equipment, PreviewDraft } from "../api/sweeping.ts";
import { thousands } from "../format.ts";
import type { zones } from "../i18n/zones.zh.ts";
import { refusedField, type Bounds } from "../parts/bounds.ts";
import type { Street } from "./streets.ts";

/** A common sweeper: what the server takes where nothing is said. */
export const USUAL: Required<Equipment> = { widthM: 2, bodyM: 2, turningRadiusM: 1.5, sweepMps: 1.2, transitMps: 2, waterM2: 12_000, hopperM2: 20_000, batteryKm: 40 };

export type Drawn = Pick<PreviewDraft, "geometry" | "streets" | "equipment" | "usesWater">;

export function drawnOf(kind: "ground" | "streets", geometry: Polygon | MultiPolygon | undefined, streets: readonly Street[], equipment: Required<Equipment>, usesWater: boolean): Drawn {
  return {
    geometry: kind === "ground" && geometry ? { ...geometry } : null,
    streets: kind === "streets" ? streets.map((street) => ({ ...street })) : [],
    equipment: { ...equipment },
    usesWater,
  };
}

/** Whether two drawings want the same plan, in whichever order their fields were sent. */
export const isSame = (one: Drawn, other: Drawn): boolean => text(one) === text(other);

const text = ({ geometry, streets, equipment, usesWater }: Drawn): string => JSON.stringify(sorted([geometry ?? null, streets ?? [], equipment ?? {}, usesWater ?? true]));

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sorted(inner)]));
};

/** The field and the limit that the server named, in words; "" where it named none. */
export function wrong(problem: Problem, words: typeof zones, b: Bounds): string {
  if (problem.code === "version-mismatch") return words.changed;
  const { field, limit, size_m2: size, lat, lng } = problem.fields;
  if (typeof field !== "string") return "";
  if (typeof size === "number") return words.wrongSize(thousands(size), String(limit));
  if (typeof lat === "number" && typeof lng === "number") return words.wrongPlace(`${lat.toFixed(6)}, ${lng.toFixed(6)}`);
  return refusedField(problem, words.fields, b);
}
