/** Which steps of an incident somebody may take now. Pure. */
import type { Incident, Step } from "../api/incidents.ts";

const NEXT: Readonly<Record<string, Step>> = {
  reported: "triage",
  reopened: "triage",
  evidence_sealed: "referrals",
  responsibility_pending: "responsibility",
  responsibility_determined: "closings",
  closed: "reopenings",
};
const ACTED: ReadonlySet<Step> = new Set(["triage", "holds", "evidence"]);
const scopeOf = (step: Step): string => (ACTED.has(step) ? "incidents:act" : "incidents:judge");
/** Steps that refuse when somebody changed the incident meanwhile. */
export const MOVES: ReadonlySet<Step> = new Set(["triage", "referrals", "responsibility", "closings", "reopenings"]);

type Facts = Pick<Incident, "state" | "isSceneHeld" | "isEvidenceOwed">;

/** The scene first, because a street waits for it; then the next step of the case. A held scene closes no case. */
export function stepsOf({ state, isSceneHeld, isEvidenceOwed }: Facts, may: (scope: string) => boolean): Step[] {
  const found: Step[] = [];
  if (isSceneHeld) found.push("releases");
  else if (state !== "closed") found.push("holds");
  const next = NEXT[state];
  if (next && !(next === "closings" && isSceneHeld)) found.push(next);
  if (!isEvidenceOwed) found.push("evidence");
  return found.filter((step) => may(scopeOf(step)));
}

/** Who the case waits for when the reader can do nothing about it: a word of the texts, or none. */
export function waitsFor({ state, isSceneHeld }: Facts): "triage" | "seal" | "release" | "judge" | undefined {
  if (state === "reported" || state === "reopened") return "triage";
  if (state === "triaged") return "seal";
  if (isSceneHeld) return "release";
  return state === "closed" ? undefined : "judge";
}
