/** What the records page asks: the past, violations, incidents with evidence, data quality. */
import { ask, askBytes } from "./http.ts";
import { query } from "./query.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Violation = Schemas["ViolationView"];
export type Incident = Schemas["IncidentView"];
export type Bundle = Schemas["BundleView"];
export type OwedBundle = Schemas["OwedBundle"];
export type Quality = Schemas["QualityView"];
export type Score = Schemas["Quality"];
export type Sample = Schemas["Sample"];
export type Replay = Schemas["ReplayView"];
export type Summary = Schemas["SummaryView"];
export type Kpi = Schemas["KpiView"];
export type KpiRows = Schemas["KpiRows"];
export type VehicleDay = Schemas["VehicleDayView"];
export interface Page<T> {
  items: T[];
  nextCursor?: string | null;
}

const id = encodeURIComponent;

/** The whole city at a moment, as one live snapshot message. */
export const cityAt = (atMs: number): Promise<ArrayBuffer> => askBytes(`/api/history/at?${query({ atMs })}`);
export const replay = (no: number, fromMs: number, toMs: number): Promise<Replay> =>
  ask(`/api/history/vehicles/${no}?${query({ fromMs, toMs, points: 5000 })}`);
export const summaries = (vehicle: number, fromMs: number, toMs: number): Promise<Schemas["SummariesView"]> =>
  ask(`/api/history/summaries?${query({ vehicle, fromMs, toMs })}`);
export const vehicleOf = async (code: string): Promise<Schemas["VehicleBrief"] | undefined> =>
  (await ask<Page<Schemas["VehicleBrief"]>>(`/api/vehicles?${query({ q: code, limit: 1 })}`)).items[0];
export const violations = (state: string | undefined, vehicleNo: number | undefined, cursor?: string | null): Promise<Page<Violation>> =>
  ask(`/api/violations?${query({ state, vehicleNo, cursor, limit: 50 })}`);
export const incidents = (state: string | undefined, cursor?: string | null): Promise<Page<Incident>> =>
  ask(`/api/incidents?${query({ state, cursor, limit: 50 })}`);
const spanOf = (fromMs: number, toMs: number): Record<string, string> => ({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() });
/** Violations that began in a span, the latest 500; incidents that happened in one. */
export const violationsOf = async (fromMs: number, toMs: number): Promise<Violation[]> =>
  (await ask<Page<Violation>>(`/api/violations?${query({ ...spanOf(fromMs, toMs), limit: 500 })}`)).items;
export const incidentsOf = async (fromMs: number, toMs: number): Promise<Incident[]> =>
  (await ask<Page<Incident>>(`/api/incidents?${query({ ...spanOf(fromMs, toMs), limit: 500 })}`)).items;
export const bundles = (incident: string): Promise<Schemas["BundleList"]> => ask(`/api/incidents/${id(incident)}/evidence`);
export const bundleUrl = (incident: string, edition: number): string => `/api/incidents/${id(incident)}/evidence/${edition}`;
export const quality = (): Promise<Quality> => ask("/api/quality");
export const samples = (maker: string): Promise<Schemas["SamplesView"]> => ask(`/api/quality/samples?${query({ maker })}`);
/** What was driven today so far, by odometer, of one 旗区 or all. */
export const today = (district: string | undefined): Promise<Schemas["TodayView"]> => ask(`/api/vehicle-days/today?${query({ district })}`);
/** The KPIs of the seven days until yesterday, as far as they are closed. */
export const kpis = (district: string | undefined): Promise<Schemas["Kpis"]> => ask(`/api/kpis?${query({ district })}`);
/** The first 500 vehicle-days of a span of local days. */
export const vehicleDays = async (from: string, to: string, district: string | undefined): Promise<VehicleDay[]> =>
  (await ask<Page<VehicleDay>>(`/api/vehicle-days?${query({ from, to, district, limit: 500 })}`)).items;
/** The same as a sheet, all of them. */
export const vehicleDaySheet = (from: string, to: string, district: string | undefined): string =>
  `/api/vehicle-days/sheet?${query({ from, to, district })}`;
