/** Who may do what next about an incident. */
import { expect, test } from "vitest";
import { stepsOf, waitsFor } from "../src/records/incident-steps.ts";

const LEAD = new Set(["incidents:act"]);
const AGENCY = new Set(["incidents:act", "incidents:judge"]);
const of = (state: string, isSceneHeld = false, isEvidenceOwed = true) => ({ state, isSceneHeld, isEvidenceOwed });
const may = (scopes: ReadonlySet<string>) => (scope: string) => scopes.has(scope);

test("a shift lead triages and holds, the agency alone releases", () => {
  expect(stepsOf(of("reported"), may(LEAD))).toEqual(["holds", "triage"]);
  expect(stepsOf(of("reported", true), may(LEAD))).toEqual(["triage"]);
  expect(stepsOf(of("reported", true), may(AGENCY))).toEqual(["releases", "triage"]);
});

test("a case is closed only when its scene is free", () => {
  expect(stepsOf(of("responsibility_determined", true), may(AGENCY))).toEqual(["releases"]);
  expect(stepsOf(of("responsibility_determined"), may(AGENCY))).toEqual(["holds", "closings"]);
  expect(stepsOf(of("closed"), may(AGENCY))).toEqual(["reopenings"]);
});

test("one more edition is asked for once the last one is sealed", () => {
  expect(stepsOf(of("triaged", false, false), may(LEAD))).toEqual(["holds", "evidence"]);
  expect(stepsOf(of("triaged"), may(new Set()))).toEqual([]);
});

test("whoever can do nothing reads what the case waits for", () => {
  expect(["reported", "triaged", "evidence_sealed", "closed"].map((state) => waitsFor(of(state)))).toEqual(["triage", "seal", "judge", undefined]);
  expect(waitsFor(of("evidence_sealed", true))).toBe("release");
});
