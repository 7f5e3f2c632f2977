/** What people do about violations: the city judges, the operator of the vehicle appeals, the agency decides. */
import { ask } from "./http.ts";
import type { components } from "./schema.d.ts";

export type Violation = components["schemas"]["ViolationView"];
export type Step = "confirm" | "dismiss" | "close" | "appeal" | "uphold" | "overturn";
export const LONGEST_REASON = 1000;
const ROUTE: Readonly<Record<Step, string>> = {
  confirm: "judgements",
  dismiss: "judgements",
  close: "judgements",
  appeal: "appeals",
  uphold: "decisions",
  overturn: "decisions",
};

const pathOf = (violation: string): string => `/api/violations/${encodeURIComponent(violation)}`;

export const violation = (id: string): Promise<Violation> => ask(pathOf(id));
/** Takes a step of the version that was read: refused when somebody changed it meanwhile. */
export const takeStep = (one: Violation, step: Step, reason: string): Promise<Violation> =>
  ask(`${pathOf(one.violationId)}/${ROUTE[step]}`, {
    method: "POST",
    body: { reason, version: one.version, ...(step === "appeal" ? {} : { step }) },
  });
