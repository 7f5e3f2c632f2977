/** What pages keep as files: sheets, and the marks of a day. */
import { expect, test } from "vitest";
import type { Incident, Violation } from "../src/api/records.ts";
import { csvOf } from "../src/parts/download.ts";
import { marksOf } from "../src/records/marks.ts";
import { dayStart } from "../src/records/moment.ts";

test("a sheet quotes what holds its separators and disarms what begins a formula", () => {
  expect(csvOf([["a", 1, null], ['say "x"', "b,c", "=1+1"]])).toBe('\ufeffa,1,\r\n"say ""x""","b,c",\'=1+1\r\n');
});

test("a number stays a number, also one below zero", () => {
  expect(csvOf([[-1.5, 0]])).toBe("\ufeff-1.5,0\r\n");
});

const DAY = dayStart("2026-12-01")!;
const violation = (violationId: string, beganAt: string, code: string | null): Violation => ({ violationId, beganAt, code, vehicleNo: 7, kind: "overspeed" }) as Violation;
const incident = (incidentId: string, incidentTime: string): Incident => ({ incidentId, incidentTime, code: "C", vehicleNo: 8, incidentType: "crash" }) as Incident;

test("marks stand in their order on the city's day, from its midnight to the next", () => {
  const marks = marksOf(DAY, [violation("v2", "2026-12-01T04:00:00Z", "A"), violation("v1", "2026-11-30T16:00:00Z", null)], [incident("i", "2026-12-01T10:00:00Z")]);
  expect(marks.map(({ id, share, code }) => [id, share, code])).toEqual([["v1", 0, "7"], ["v2", 0.5, "A"], ["i", 0.75, "C"]]);
});

test("what is of another day is no mark", () => {
  expect(marksOf(DAY, [violation("before", "2026-11-30T15:59:59Z", "A"), violation("after", "2026-12-01T16:00:00Z", "A")], [])).toEqual([]);
});
