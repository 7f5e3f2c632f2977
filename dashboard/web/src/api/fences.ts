/** Fences as the page of fences asks for them, draws and moves them. */
import type { FeatureCollection } from "geojson";
import { ask } from "./http.ts";
import { query } from "./query.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Fence = Schemas["FenceView"];
export type NewFence = Schemas["NewFence"];
export type RestOfWeek = Schemas["RestView"];
export type PlaceRule = Schemas["RuleView"];
export interface Wanted {
  states: readonly string[];
  kind?: string | undefined;
  district?: string | undefined;
  q?: string | undefined;
}

const PAGE = 500;
const MOST_PAGES = 4;
const id = encodeURIComponent;
const at = (fence: Fence): string => `/api/fences/${id(fence.fenceId)}/versions/${fence.version}`;

/** The newest version of each fence that fits, at most 2,000; `isCut` where there are more. */
export async function fences({ states, kind, district, q }: Wanted): Promise<{ items: Fence[]; isCut: boolean }> {
  const items: Fence[] = [];
  let cursor: string | null | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const words = query({ state: states, kind, district, q, cursor, limit: PAGE });
    const found = await ask<Schemas["FencePage"]>(`/api/fences?${words}`);
    items.push(...found.items);
    cursor = found.nextCursor;
    if (!cursor) return { items, isCut: false };
  }
  return { items, isCut: true };
}
export const fenceVersions = async (fenceId: string): Promise<Fence[]> => (await ask<Schemas["FenceHistory"]>(`/api/fences/${id(fenceId)}`)).items;
export const drawFence = (fence: NewFence): Promise<Fence> => ask("/api/fences", { method: "POST", body: fence });
export const importFences = async (collection: FeatureCollection): Promise<Fence[]> =>
  (await ask<Schemas["FencePage"]>("/api/fences/import", { method: "POST", body: collection, timeoutMs: 60_000 })).items;
/** Moves a version on: `preview`, `publish` or `retire`. */
export const moveFence = (fence: Fence, step: "preview" | "publish" | "retire", body?: unknown): Promise<Fence> =>
  ask(`${at(fence)}/${step}`, { method: "POST", body, timeoutMs: 120_000 });
export const ruleAt = (lat: number, lng: number, service: string, operator: string | null | undefined): Promise<PlaceRule> =>
  ask(`/api/fences/rule?${query({ lat, lng, service, operator })}`);
