import type { Polygon, MultiPolygon } from "geojson";
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type AreaStop = Schemas["AreaStopView"];
export type VehicleInside = Schemas["VehicleInside"];
export type Drawn = Polygon | MultiPolygon;
export type StopKind = "safe_stop" | "emergency_stop";
/** What is said of an area stop on the way to its release. */
export type Saying = "release-requests" | "refusals" | "releases" | "broken-glass";

export const areaStops = (): Promise<AreaStop[]> => ask("/api/area-stops");
/** Who is in an area now. */
export const insideOf = async (geometry: Drawn): Promise<readonly VehicleInside[]> =>
  (await ask<Schemas["AreaPreview"]>("/api/area-stops/previews", { method: "POST", body: { geometry } })).items;
export const placeAreaStop = (geometry: Drawn, kind: StopKind, isDrill: boolean, reason: string, key: string): Promise<AreaStop> =>
  ask("/api/area-stops", { method: "POST", body: { geometry, kind, isDrill, reason }, idempotencyKey: key });
export const sayOfAreaStop = (one: AreaStop, saying: Saying, reason: string, key: string): Promise<AreaStop> =>
  ask(`/api/area-stops/${encodeURIComponent(one.areaStopId)}/${saying}`, { method: "POST", body: { version: one.version, reason }, idempotencyKey: key });
