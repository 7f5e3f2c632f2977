/** Who may do what next about a violation. */
import { expect, test } from "vitest";
import { stepsOf, waitsFor, type Reader } from "../src/records/violation-steps.ts";

const UNTIL = "2026-07-16T02:00:00Z";
const IN_TIME = Date.parse(UNTIL);
const LATE = IN_TIME + 1;
const OFFICER = ["violations:judge"];
const AGENCY = ["violations:judge", "violations:decide"];
const LEAD = ["violations:appeal"];
const reader = (scopes: string[], { id = "somebody", operator = null as string | null, nowMs = IN_TIME } = {}): Reader => ({
  id,
  operator,
  may: (scope) => scopes.includes(scope),
  nowMs,
});
const of = (state: string, appealUntil: string | null = null) => ({
  state,
  operator: "op-a",
  appealUntil,
  decisions: appealUntil === null ? [] : [{ event: "violation_confirmed", staffId: "agent" }],
});

test("the city judges what is suspected, the operator of the vehicle does not", () => {
  expect(stepsOf(of("suspected"), reader(OFFICER))).toEqual(["confirm", "dismiss"]);
  expect(stepsOf(of("suspected"), reader(LEAD, { operator: "op-a" }))).toEqual([]);
  expect(stepsOf(of("suspected"), reader(AGENCY, { operator: "op-a" }))).toEqual([]);
});

test("a confirmed one is appealed in time and closed only after it", () => {
  const confirmed = of("confirmed", UNTIL);
  const lead = { operator: "op-a" };
  expect(stepsOf(confirmed, reader(LEAD, lead))).toEqual(["appeal"]);
  expect(stepsOf(confirmed, reader(AGENCY))).toEqual([]);
  expect(stepsOf(confirmed, reader(LEAD, { ...lead, nowMs: LATE }))).toEqual([]);
  expect(stepsOf(confirmed, reader(OFFICER, { nowMs: LATE }))).toEqual(["close"]);
});

test("an appeal is decided by an agency, never by who confirmed", () => {
  const appealed = of("appealed", UNTIL);
  expect(stepsOf(appealed, reader(AGENCY))).toEqual(["uphold", "overturn"]);
  expect(stepsOf(appealed, reader(AGENCY, { id: "agent" }))).toEqual([]);
  expect(stepsOf(appealed, reader(OFFICER))).toEqual([]);
  expect(stepsOf(appealed, reader(LEAD, { operator: "op-a" }))).toEqual([]);
});

test("whatever was found is closed by the city, and a closed case offers nothing", () => {
  for (const state of ["dismissed", "upheld", "overturned"]) expect(stepsOf(of(state, UNTIL), reader(OFFICER, { id: "agent" }))).toEqual(["close"]);
  expect(stepsOf(of("closed", UNTIL), reader([...AGENCY, ...LEAD]))).toEqual([]);
});

test("whoever can do nothing reads whom the case waits for", () => {
  const nobody = reader([]);
  expect(["suspected", "appealed", "upheld", "closed"].map((state) => waitsFor(of(state, UNTIL), nobody))).toEqual(["judge", "decide", "close", undefined]);
  expect(waitsFor(of("confirmed", UNTIL), nobody)).toBe("appeal");
  expect(waitsFor(of("confirmed", UNTIL), reader([], { nowMs: LATE }))).toBe("close");
});

test("who confirmed reads why she is not offered the decision, whoever could not decide anyway does not", () => {
  const appealed = of("appealed", UNTIL);
  expect(waitsFor(appealed, reader(AGENCY, { id: "agent" }))).toBe("other");
  expect(waitsFor(appealed, reader(AGENCY))).toBe("decide");
  expect(waitsFor(appealed, reader(OFFICER, { id: "agent" }))).toBe("decide");
});
