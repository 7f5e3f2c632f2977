/** Which steps of a violation somebody may take now, and whom it waits for. Pure. */
import type { Step, Violation } from "../api/violations.ts";

const NEXT: Readonly<Record<string, readonly Step[]>> = {
  suspected: ["confirm", "dismiss"],
  confirmed: ["appeal", "close"],
  appealed: ["uphold", "overturn"],
  dismissed: ["close"],
  upheld: ["close"],
  overturned: ["close"],
};
const DECIDED: ReadonlySet<Step> = new Set(["uphold", "overturn"]);
const scopeOf = (step: Step): string =>
  step === "appeal" ? "violations:appeal" : DECIDED.has(step) ? "violations:decide" : "violations:judge";

type Facts = Pick<Violation, "state" | "operator" | "appealUntil"> & {
  decisions: readonly Pick<Violation["decisions"][number], "event" | "staffId">[];
};
/** Who looks at it, and the city's time. */
export interface Reader {
  id: string | undefined;
  operator: string | null | undefined;
  may: (scope: string) => boolean;
  nowMs: number;
}

const hasConfirmed = ({ decisions }: Facts, { id }: Reader): boolean =>
  decisions.some((said) => said.event === "violation_confirmed" && said.staffId === id);
const isAppealable = ({ state, appealUntil }: Facts, { nowMs }: Reader): boolean =>
  state === "confirmed" && (appealUntil === null || nowMs <= Date.parse(appealUntil));

/** The operator of the vehicle only appeals, in time; a confirmed one is closed after it; who confirmed decides no appeal. */
export function stepsOf(one: Facts, reader: Reader): Step[] {
  return (NEXT[one.state] ?? []).filter((step) => {
    if (!reader.may(scopeOf(step))) return false;
    if (step === "appeal") return isAppealable(one, reader);
    if (reader.operator === one.operator) return false;
    if (DECIDED.has(step)) return !hasConfirmed(one, reader);
    return !isAppealable(one, reader);
  });
}

/** Whom the violation waits for: a word of the texts; `other` for who would decide had she not confirmed it herself. */
export function waitsFor(one: Facts, reader: Reader): "judge" | "appeal" | "decide" | "other" | "close" | undefined {
  if (one.state === "closed") return undefined;
  if (one.state === "suspected") return "judge";
  if (one.state === "appealed") return reader.may("violations:decide") && hasConfirmed(one, reader) ? "other" : "decide";
  return isAppealable(one, reader) ? "appeal" : "close";
}
