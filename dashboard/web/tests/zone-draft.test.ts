/** What a form of a sweeping zone sends, and what the server refuses in words. */
import { expect, test } from "vitest";
import { Problem } from "../src/api/http.ts";
import { bounds } from "../src/i18n/bounds.zh.ts";
import { zones } from "../src/i18n/zones.zh.ts";
import { drawnOf, isSame, USUAL, wrong } from "../src/planning/zone-draft.ts";
import { streetsFromGeoJson } from "../src/planning/streets.ts";

const GROUND = { type: "Polygon" as const, coordinates: [[[1, 2], [2, 2], [2, 3], [1, 2]]] };
const STREETS = streetsFromGeoJson({ type: "LineString", coordinates: [[1, 2], [1, 3]] })!;

test("only what the kind says is sent, whatever was drawn of the other before", () => {
  expect(drawnOf("ground", GROUND, STREETS, USUAL, true)).toMatchObject({ geometry: GROUND, streets: [] });
  expect(drawnOf("streets", GROUND, STREETS, USUAL, true)).toMatchObject({ geometry: null, streets: STREETS });
});

test("the same drawing is the same in any order of its fields, and another vehicle is another drawing", () => {
  const one = drawnOf("ground", GROUND, [], USUAL, true);
  const turned = { coordinates: GROUND.coordinates, type: GROUND.type };
  expect(isSame(one, { usesWater: true, equipment: one.equipment, streets: [], geometry: turned })).toBe(true);
  expect(isSame(one, drawnOf("ground", GROUND, [], { ...USUAL, widthM: 1.5 }, true))).toBe(false);
  expect(isSame(one, drawnOf("ground", GROUND, [], USUAL, false))).toBe(false);
});

const refused = (fields: Record<string, unknown>, code = "invalid-input"): string => wrong(new Problem("invalid", 400, code, fields), zones, bounds);

test.each([
  ["too large a drawing with its size and the limit", { field: "geometry", limit: "50000 m2", size_m2: 60123 }, "图形有 60,123 m²，超过上限 50000 m2，请分成几个清扫区。"],
  ["a crossing border with its place", { field: "geometry.coordinates", limit: "no crossing", lat: 39.6, lng: 109.78 }, "图形的边在 39.600000, 109.780000 处相交或无效。"],
  ["the field of a part", { field: "streets[3].points", limit: "at least 2" }, "街道：最少 2"],
  ["nothing where no field is named", {}, ""],
])("a refusal names %s", (_, fields, words) => expect(refused(fields)).toBe(words));

test("a zone that somebody else changed is said to be so", () => expect(refused({}, "version-mismatch")).toBe(zones.changed));
