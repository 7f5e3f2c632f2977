/** What the form of a fence sends, and what differs between two versions in words. */
import { expect, test } from "vitest";
import type { Fence } from "../src/api/fences.ts";
import { bodyOf, emptyForm, featureOf, formOf } from "../src/fences/fence-draft.ts";
import { diffOf, factsOf, type Names } from "../src/fences/fence-diff.ts";
import { Problem } from "../src/api/http.ts";
import { refusal } from "../src/fences/refused.ts";
import { bounds } from "../src/i18n/bounds.en.ts";
import { fences as words } from "../src/i18n/fences.en.ts";

const AREA = { type: "Polygon" as const, coordinates: [[[109.78, 39.6], [109.79, 39.6], [109.79, 39.61], [109.78, 39.6]]] };
const FENCE: Fence = {
  fenceId: "school", version: 2, state: "draft", stateZh: "", stateEn: "", kind: "slow_zone", kindZh: "", kindEn: "",
  nameZh: "学校", nameEn: "School", geometry: AREA, district: "KB", operator: null, services: ["delivery"],
  rules: { speedLimitMps: 10 / 3.6, noEntry: false, noStopping: true, allowedServices: null, capacity: 4 },
  hours: {
    spans: [{ startMinute: 450, endMinute: 480, weekdays: [1, 2, 3, 4, 5] }, { startMinute: 1320, endMinute: 1440, weekdays: [1, 2, 3, 4, 5, 6, 7] }],
    timeZone: "Asia/Shanghai", validFrom: "2026-12-01", validUntil: null, otherDays: [{ day: "2027-01-01", spans: [] }],
  },
  group: null, timing: { minInsideS: null, minOutsideS: null, dwellS: 90, saysOutside: null, nearM: null },
  source: "survey", accuracyM: 2, drawnAt: "", drawnBy: "", previewedAt: null, previewedBy: null, preview: null,
  effectiveAt: null, publishedAt: null, publishedBy: null, retiredAt: null, retiredBy: null, changed: [],
};
const NAMES: Names = { kind: (kind) => kind, service: (kind) => kind, district: (code) => code, operator: (code) => `company ${code}` };

test("a version that is opened and saved without a change says the same again", () => {
  const body = bodyOf(formOf(FENCE), AREA);
  expect(body.rules).toEqual({ speedLimitMps: 10 / 3.6, noEntry: false, noStopping: true, allowedServices: null, capacity: 4 });
  expect(body.hours).toEqual({ spans: FENCE.hours!.spans, timeZone: "Asia/Shanghai", validFrom: "2026-12-01", otherDays: [{ day: "2027-01-01", spans: [] }] });
  expect(body.timing).toEqual(FENCE.timing);
  expect([body.district, body.operator, body.group, body.services, body.source, body.accuracyM]).toEqual(["KB", null, null, ["delivery"], "survey", 2]);
});

test("a speed is typed in km/h and sent in m/s", () => {
  expect(formOf(FENCE).speedKmh).toBe(10);
  const form = { ...emptyForm({ fenceId: "a", district: "", operator: "", source: "s" }), speedKmh: 18 };
  expect(bodyOf(form, AREA).rules?.speedLimitMps).toBe(5);
});

test("an empty form holds always, for everybody, and says nothing that was not said", () => {
  const body = bodyOf(emptyForm({ fenceId: " yard ", district: "", operator: " ", source: "s" }), AREA);
  expect([body.fenceId, body.district, body.operator, body.hours, body.services]).toEqual(["yard", null, null, null, []]);
  expect(body.rules).toEqual({ speedLimitMps: null, noEntry: false, noStopping: false, allowedServices: null, capacity: null });
});

test("a fence without an English name goes by its Chinese one", () => {
  const form = { ...emptyForm({ fenceId: "a", district: "", operator: "", source: "s" }), nameZh: "施工区 " };
  expect(bodyOf(form, AREA).nameEn).toBe("施工区");
  expect(bodyOf({ ...form, nameEn: "Works" }, AREA).nameEn).toBe("Works");
});

test("a speed in m/s that nobody touched is sent as it stood, not by way of km/h", () => {
  const odd: Fence = { ...FENCE, rules: { ...FENCE.rules, speedLimitMps: 2.77778 } };
  expect(bodyOf(formOf(odd), AREA).rules?.speedLimitMps).toBe(2.77778);
  expect(bodyOf({ ...formOf(odd), speedKmh: 18 }, AREA).rules?.speedLimitMps).toBe(5);
});

test("no service at all is something else than no rule about services", () => {
  const closed: Fence = { ...FENCE, rules: { ...FENCE.rules, allowedServices: [] }, changed: ["rules.allowed_services"] };
  const [line] = diffOf(closed, FENCE, words, NAMES);
  expect([line!.before, line!.after]).toEqual(["nothing", "no service at all"]);
  expect(factsOf(closed, words, NAMES)).toContainEqual(["Services that may work", "no service at all"]);
});

test("services that may work are sent when they are limited, and none of them means none", () => {
  const form = emptyForm({ fenceId: "a", district: "", operator: "", source: "s" });
  expect(bodyOf({ ...form, limitsServices: true }, AREA).rules?.allowedServices).toEqual([]);
});

test("a day that differs and has no date yet is not sent", () => {
  const form = { ...formOf(FENCE), otherDays: [{ day: "", spans: [] }] };
  expect(bodyOf(form, AREA).hours?.otherDays).toEqual([]);
});

test("a feature has the fields as properties and the area as geometry", () => {
  const feature = featureOf(formOf(FENCE), AREA);
  expect(feature.geometry).toBe(AREA);
  expect(feature.properties["fenceId"]).toBe("school");
  expect(feature.properties).not.toHaveProperty("geometry");
});

test("what differs is said once for all of the hours, before and after", () => {
  const before = { ...FENCE, version: 1, rules: { ...FENCE.rules, speedLimitMps: 5 }, hours: null };
  const after = { ...FENCE, changed: ["rules.speed_limit_mps", "hours.spans", "hours.valid_from"] };
  const lines = diffOf(after, before, words, NAMES);
  expect(lines.map((line) => line.field)).toEqual(["rules.speed_limit_mps", "hours"]);
  expect(lines[0]).toMatchObject({ before: "18\u00a0km/h", after: "10\u00a0km/h" });
  expect(lines[1]!.before).toBe("always");
  expect(lines[1]!.after).toContain("Mon Tue Wed Thu Fri 07:30–08:00; every day 22:00–00:00; 2026-12-01 …");
  expect(lines[1]!.after).toContain("2027-01-01 does not hold");
});

test("every field that the server names has words, in a version that says everything", () => {
  const fields = Object.keys(words.fields).filter((field) => !["fence_id", "geometry", "hours.spans", "hours.time_zone", "hours.valid_from", "hours.valid_until", "hours.other_days"].includes(field));
  const lines = diffOf({ ...FENCE, changed: fields }, FENCE, words, NAMES);
  expect(lines.filter((line) => line.after === "")).toEqual([]);
  expect(lines).toHaveLength(fields.length);
});

test("facts leave out what says nothing", () => {
  const named = factsOf(FENCE, words, NAMES).map(([name]) => name);
  expect(named).toContain("Speed limit");
  expect(named).toContain("Dwell");
  expect(named).not.toContain("No entry");
  expect(named).not.toContain("Group");
});

const refused = (code: string, fields: Record<string, unknown>): string => refusal(new Problem("invalid", 400, code, fields), words, bounds, "other");

test("a refusal names the field in words, its limit, and which of several fences it is", () => {
  expect(refused("invalid-input", { field: "rules.speedLimitMps", limit: "> 0" })).toBe("Speed limit: must be more than 0 m/s");
  expect(refused("invalid-input", { field: "features[1].properties.accuracyM", limit: "at most 10" })).toBe("Fence 2 · Error of the border: at most 10 m");
  expect(refused("shape-invalid", { field: "features[0].geometry.coordinates[0]", lat: 39.6, lng: 109.8, limit: "x" })).toBe("Fence 1 · The border crosses itself or another part at 39.600000, 109.800000: correct it.");
  expect(refused("shape-invalid", { field: "geometry.coordinates[0][1]", limit: "closed" })).toBe("Area: must be closed");
});

test("a fence of somebody else is not said to be filled in wrongly", () => {
  const forbidden = new Problem("forbidden", 403, "forbidden", { field: "operator", limit: "op-a" });
  expect(refusal(forbidden, words, bounds, "other")).toBe(words.pane.notYours);
});

test("a field without words keeps its name, and without a field the page says what it says of all problems", () => {
  expect(refused("invalid-input", { field: "properties.colour", limit: "nothing" })).toBe("properties.colour: must be nothing");
  expect(refused("unavailable", {})).toBe("other");
  expect(refused("already-exists", {})).toContain("take another");
});
