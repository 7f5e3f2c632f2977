/** What happened on a day, as marks on its timeline. Pure. */
import type { Incident, Violation } from "../api/records.ts";
import { DAY_MS } from "./moment.ts";

export interface DayMark {
  id: string;
  what: "violation" | "incident";
  kind: string;
  atMs: number;
  /** Of the day, 0 to 1. */
  share: number;
  code: string;
}

/** Everything that began on the day, the earliest first. */
export function marksOf(dayMs: number, violations: readonly Violation[], incidents: readonly Incident[]): DayMark[] {
  const mark = (what: DayMark["what"], id: string, kind: string, at: string, code: string): DayMark => {
    const atMs = Date.parse(at);
    return { id, what, kind, atMs, share: (atMs - dayMs) / DAY_MS, code };
  };
  return [
    ...violations.map((one) => mark("violation", one.violationId, one.kind, one.beganAt, one.code ?? String(one.vehicleNo))),
    ...incidents.map((one) => mark("incident", one.incidentId, one.incidentType, one.incidentTime, one.code ?? String(one.vehicleNo))),
  ]
    .filter((one) => one.share >= 0 && one.share < 1)
    .sort((a, b) => a.atMs - b.atMs);
}
