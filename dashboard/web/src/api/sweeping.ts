/** What the sweeping tab asks: zones with their plans, runs with what they swept, sums by month. */
import type { FeatureCollection, MultiLineString, MultiPolygon, Polygon } from "geojson";
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
/** services/sweeping/zone.py: what the server refuses beyond, said while somebody draws. */
export const MOST_M2 = 50_000;
export type SweepingZone = Schemas["SweepingZoneView"];
export type SweepingRun = Schemas["SweepingRunView"];
export type SweepingMonth = Schemas["SweepingMonthView"];
export type Passes = FeatureCollection<MultiLineString, { kind: string }>;
export type ZoneDraft = Schemas["SweepingZoneBody"];
export type ZoneSheet = Schemas["SweepingZoneSheet"];
export type Equipment = Schemas["EquipmentBody"];
export type PreviewDraft = Schemas["SweepingPreviewBody"];
export type SweepingPreview = Schemas["SweepingPreviewView"];
export type Gaps = FeatureCollection<Polygon | MultiPolygon, { why: string }>;
export type Cells = FeatureCollection<Polygon, { share: number; isMissed: boolean; isToDo: boolean }>;
export type SoFar = Schemas["SweptSoFarView"];
export type RunSheet = { run: SweepingRun; soFar: SoFar | null; cells: Cells };

const id = encodeURIComponent;
const act = <T>(path: string, body: unknown, idempotencyKey: string): Promise<T> =>
  ask(path, { method: "POST", body, idempotencyKey });

export const zones = (): Promise<SweepingZone[]> => ask("/api/sweeping/zones");
export const passes = async (zone: string): Promise<Passes> =>
  (await ask<{ passes: Passes }>(`/api/sweeping/zones/${id(zone)}`)).passes;
export const readZone = (zone: string): Promise<ZoneSheet> => ask(`/api/sweeping/zones/${id(zone)}`);
export const saveZone = (zone: string, draft: ZoneDraft): Promise<SweepingZone> =>
  ask(`/api/sweeping/zones/${id(zone)}`, { method: "PUT", body: draft });
export const retireZone = (zone: string): Promise<void> => ask(`/api/sweeping/zones/${id(zone)}`, { method: "DELETE" });
export const askPreview = (preview: string, draft: PreviewDraft): Promise<SweepingPreview> =>
  ask(`/api/sweeping/previews/${id(preview)}`, { method: "PUT", body: draft });
export const readPreview = (preview: string): Promise<SweepingPreview> => ask(`/api/sweeping/previews/${id(preview)}`);
export const runs = (): Promise<SweepingRun[]> => ask("/api/sweeping/runs");
export const readRun = (run: string): Promise<RunSheet> => ask(`/api/sweeping/runs/${id(run)}`);
export const months = (): Promise<SweepingMonth[]> => ask("/api/sweeping/months");
export const startRun = (zone: string, key: string): Promise<SweepingRun> =>
  act(`/api/sweeping/zones/${id(zone)}/runs`, {}, key);
export const repairRun = (run: string, key: string): Promise<SweepingRun> => act(`/api/sweeping/runs/${id(run)}/repair`, {}, key);
export const withdrawRun = (run: string, key: string): Promise<SweepingRun> => act(`/api/sweeping/runs/${id(run)}/withdraw`, {}, key);
export type Rest = "repair" | "excused";
export const recallRun = (run: string, reason: string, rest: Rest, key: string): Promise<SweepingRun> =>
  act(`/api/sweeping/runs/${id(run)}/recall`, { reason, rest }, key);
export const excuseRun = (run: string, reason: string, key: string): Promise<SweepingRun> =>
  act(`/api/sweeping/runs/${id(run)}/excuse`, { reason }, key);
