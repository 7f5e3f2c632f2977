/** What people do about incidents: report one, and take its next step. */
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

type Schemas = components["schemas"];
export type Incident = Schemas["IncidentView"];
export type Report = Schemas["ReportIncident"];
export type Step = "triage" | "referrals" | "responsibility" | "closings" | "reopenings" | "holds" | "releases" | "evidence";
/** Why, and what a step says besides. */
export interface Said {
  reason: string;
  version?: number;
  incidentType?: Schemas["IncidentType"];
  severity?: Schemas["IncidentSeverity"] | null;
  reportId?: string;
  responsibility?: Schemas["Responsibility"];
}

export const report = (body: Report, idempotencyKey: string): Promise<Incident> =>
  ask("/api/incidents", { method: "POST", body, idempotencyKey });
export const takeStep = (incident: string, step: Step, body: Said): Promise<Incident> =>
  ask(`/api/incidents/${encodeURIComponent(incident)}/${step}`, { method: "POST", body });
